import type { ReactNode } from 'react'
import {
  Button,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SearchField as AriaSearch,
  Select as AriaSelect,
  SelectValue,
  Switch as AriaSwitch,
  Text,
  TextArea,
  TextField as AriaTextField
} from 'react-aria-components'
import './fields.css'

interface FieldProps {
  readonly label: string
  /** One sentence of what it does. */
  readonly note?: ReactNode
  readonly value: string
  readonly onChange: (value: string) => void
  /** What is wrong with what stands there. */
  readonly fault?: string | undefined
  readonly isDisabled?: boolean
  readonly placeholder?: string
}

/** A line of text. `number`: a phone shows digits; what is typed stays text, so that its fault can be told in words. */
export function TextField({
  label,
  note,
  fault,
  placeholder,
  number = false,
  ...rest
}: FieldProps & { number?: boolean; maxLength?: number }) {
  return (
    <AriaTextField {...rest} isInvalid={fault !== undefined} className="field">
      <Label>{label}</Label>
      <Input placeholder={placeholder} inputMode={number ? 'decimal' : undefined} className="field-input" />
      {note === undefined ? null : <Text slot="description">{note}</Text>}
      <FieldError>{fault}</FieldError>
    </AriaTextField>
  )
}

/** Several lines of text. */
export function LongField({ label, note, fault, placeholder, rows = 4, ...rest }: FieldProps & { rows?: number }) {
  return (
    <AriaTextField {...rest} isInvalid={fault !== undefined} className="field">
      <Label>{label}</Label>
      <TextArea placeholder={placeholder} rows={rows} className="field-input" />
      {note === undefined ? null : <Text slot="description">{note}</Text>}
      <FieldError>{fault}</FieldError>
    </AriaTextField>
  )
}

/** A search as one types. */
export function SearchField({ label, placeholder, value, onChange }: Omit<FieldProps, 'note' | 'fault'>) {
  return (
    <AriaSearch aria-label={label} value={value} onChange={onChange} className="field field-search">
      <Input placeholder={placeholder ?? label} className="field-input" />
    </AriaSearch>
  )
}

export interface Option<T extends string> {
  readonly value: T
  readonly name: string
  readonly note?: string
}

interface SelectProps<T extends string> {
  readonly label: string
  readonly note?: ReactNode
  readonly options: readonly Option<T>[]
  readonly value: T
  readonly onChange: (value: T) => void
}

/** One of a few. */
export function Select<T extends string>({ label, note, options, value, onChange }: SelectProps<T>) {
  return (
    <AriaSelect value={value} onChange={key => onChange(key as T)} className="field">
      <Label>{label}</Label>
      <Button className="field-input field-select">
        <SelectValue />
        <span aria-hidden="true">▾</span>
      </Button>
      {note === undefined ? null : <Text slot="description">{note}</Text>}
      <Popover className="float">
        <ListBox className="options">
          {options.map(option => (
            <ListBoxItem key={option.value} id={option.value} textValue={option.name} className="option">
              <Text slot="label">{option.name}</Text>
              {option.note === undefined ? null : <Text slot="description">{option.note}</Text>}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  )
}

interface SwitchProps {
  readonly children: ReactNode
  readonly isOn: boolean
  readonly onChange: (isOn: boolean) => void
  readonly isDisabled?: boolean
}

/** On or off, at once. */
export function Switch({ children, isOn, onChange, isDisabled = false }: SwitchProps) {
  return (
    <AriaSwitch isSelected={isOn} onChange={onChange} isDisabled={isDisabled} className="switch">
      <span className="switch-track" aria-hidden="true" />
      {children}
    </AriaSwitch>
  )
}
