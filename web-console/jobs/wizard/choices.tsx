import type { ReactNode } from 'react'
import { Label, Radio, RadioGroup } from 'react-aria-components'

export interface Choice {
  readonly value: string
  readonly name: string
  readonly note?: ReactNode
  /** Beside the name. */
  readonly chips?: ReactNode
  readonly facts?: readonly ReactNode[]
  readonly isDisabled?: boolean
}

interface ChoicesProps {
  readonly label: string
  readonly choices: readonly Choice[]
  readonly value: string | null
  readonly onChange: (value: string) => void
  /** Side by side. */
  readonly row?: boolean
}

/** One of a few things that need more than a word each. */
export function Choices({ label, choices, value, onChange, row = false }: ChoicesProps) {
  return (
    <RadioGroup value={value} onChange={onChange} className={row ? 'choices choices-row' : 'choices'}>
      <Label className="visually-hidden">{label}</Label>
      {choices.map(({ value, name, note, chips, facts, isDisabled = false }) => (
        <Radio key={value} value={value} isDisabled={isDisabled} className="choice">
          <span className="choice-head">
            <bdi className="choice-name">{name}</bdi>
            {chips}
          </span>
          {note === undefined ? null : <bdi className="choice-note">{note}</bdi>}
          {facts === undefined ? null : (
            <span className="choice-facts">
              {facts.map((fact, at) => (
                <span key={at}>{fact}</span>
              ))}
            </span>
          )}
        </Radio>
      ))}
    </RadioGroup>
  )
}
