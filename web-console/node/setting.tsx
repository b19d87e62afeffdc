import { useState } from 'react'
import { Checkbox, CheckboxGroup, Label, Text } from 'react-aria-components'
import type { SettingView } from '../../daemon/api/contract/index.ts'
import { useAct } from '../api/index.ts'
import { Button, Chip, LongField, Select, Switch, TextField } from '../parts/index.ts'
import { measured, readText, textOf, usualText } from './setting-text.ts'

type Value = SettingView['value']

/** One setting: what it does, what holds, and a way to change it. */
export function SettingField({ setting }: { readonly setting: SettingView }) {
  const change = useAct('changeSetting', ['settings', 'status', 'machine'])
  const save = (value: Value): void => change.mutate({ body: { path: setting.path, value: plain(value) } })
  const { locked, pending, live } = setting
  const fault = change.error === null ? undefined : change.error.message
  return (
    <div className="setting" data-changed={pending}>
      <Control setting={setting} save={save} isBusy={change.isPending} fault={fault} />
      <p className="setting-marks">
        {locked ? <Chip>decided at its start</Chip> : null}
        {pending ? <Chip phase="payouts">from the next start; now {shownText(setting)}</Chip> : null}
        {live ? <Chip>from now on</Chip> : null}
        {pending ? (
          <Button look="quiet" onPress={() => save(setting.value)} isDisabled={change.isPending}>
            Undo
          </Button>
        ) : null}
      </p>
    </div>
  )
}

const plain = (value: Value): string | number | boolean | string[] | null => (Array.isArray(value) ? [...value] : value)
const shownText = ({ value, unit }: SettingView): string => {
  const text = value === true ? 'on' : value === false ? 'off' : textOf(value).replaceAll('\n', ', ')
  return text === '' ? 'nothing' : unit === null ? text : `${text} ${unit}`
}

interface ControlProps {
  readonly setting: SettingView
  readonly save: (value: Value) => void
  readonly isBusy: boolean
  readonly fault: string | undefined
}

function Control({ setting, save, isBusy, fault }: ControlProps) {
  const { kind, label, says, coming, options, locked } = setting
  const note = [says, usualText(setting)].filter(part => part !== '').join(' ')
  switch (kind) {
    case 'switch':
      return (
        <>
          <Switch isOn={coming === true} onChange={save} isDisabled={locked || isBusy}>
            <b>{label}</b>
          </Switch>
          <p className="setting-note">{note}</p>
          {fault === undefined ? null : <p className="setting-fault">{fault}</p>}
        </>
      )
    case 'choice':
      if (locked) return <Written setting={setting} note={note} save={save} isBusy fault={fault} />
      return (
        <>
          <Select
            label={label}
            note={note}
            options={options.map(value => ({ value, name: value }))}
            value={textOf(coming)}
            onChange={save}
          />
          {fault === undefined ? null : <p className="setting-fault">{fault}</p>}
        </>
      )
    case 'choices':
      return (
        <CheckboxGroup
          className="field setting-choices"
          value={Array.isArray(coming) ? [...coming] : []}
          onChange={save}
          isDisabled={locked || isBusy}
        >
          <Label>{label}</Label>
          <div>
            {options.map(value => (
              <Checkbox key={value} value={value} className="setting-check">
                <span className="setting-box" aria-hidden="true" />
                {value}
              </Checkbox>
            ))}
          </div>
          <Text slot="description">{note}</Text>
          {fault === undefined ? null : <p className="setting-fault">{fault}</p>}
        </CheckboxGroup>
      )
    case 'number':
    case 'text':
    case 'list':
      return (
        <Written
          key={textOf(coming)}
          setting={setting}
          note={note}
          save={save}
          isBusy={isBusy || locked}
          fault={fault}
        />
      )
  }
}

/** What is typed: it is written when one says so, and its fault stands beneath it. */
function Written({ setting, note, save, isBusy, fault }: ControlProps & { readonly note: string }) {
  const { kind, label, unit, coming } = setting
  const [text, setText] = useState(textOf(coming))
  const read = readText(setting, text)
  const isChanged = text.trim() !== textOf(coming)
  const wrong = !isChanged ? undefined : 'fault' in read ? read.fault : fault
  const name = measured(unit) ? `${label} (${unit})` : label
  const field = { label: name, note, value: text, onChange: setText, fault: wrong, isDisabled: isBusy }
  return (
    <form
      className="setting-form"
      onSubmit={event => {
        event.preventDefault()
        if (isChanged && 'value' in read) save(read.value)
      }}
    >
      {kind === 'list' ? (
        <LongField {...field} rows={Math.min(5, Math.max(2, text.split('\n').length))} />
      ) : (
        <TextField {...field} number={kind === 'number'} />
      )}
      {isChanged ? (
        <div className="setting-acts">
          <Button type="submit" isDisabled={isBusy || 'fault' in read}>
            Save
          </Button>
          <Button look="quiet" onPress={() => setText(textOf(coming))}>
            Leave it
          </Button>
        </div>
      ) : null}
    </form>
  )
}
