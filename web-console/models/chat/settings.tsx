import { useState } from 'react'
import { smallestOf } from '../../formats/index.ts'
import { Button, Dialog, LongField, Switch, TextField } from '../../parts/index.ts'
import { usualSettings } from './ask.ts'
import type { AskSettings } from './ask.ts'

/** Settings as they are typed, so that what is wrong can be said beside it. */
export interface SettingsForm {
  readonly system: string
  readonly maxTokens: string
  readonly temperature: string
  readonly topP: string
  readonly maxPrice: string
  readonly isPrivate: boolean
}

export const usualForm: SettingsForm = {
  system: usualSettings.system,
  maxTokens: String(usualSettings.maxTokens),
  temperature: String(usualSettings.temperature),
  topP: String(usualSettings.topP),
  maxPrice: '',
  isPrivate: usualSettings.isPrivate
}

export type Faults = Partial<Record<keyof SettingsForm, string>>

/** What is wrong with each field, in a sentence. */
export function faultsOf({ system, maxTokens, temperature, topP, maxPrice }: SettingsForm): Faults {
  const within = (text: string, least: number, most: number): boolean =>
    text.trim() !== '' && Number(text) >= least && Number(text) <= most
  return {
    ...(system.length <= 8000 ? {} : { system: 'At most 8,000 characters.' }),
    ...(Number.isInteger(Number(maxTokens)) && within(maxTokens, 1, 4096)
      ? {}
      : { maxTokens: 'A whole number from 1 to 4096.' }),
    ...(within(temperature, 0, 5) ? {} : { temperature: 'A number from 0 to 5.' }),
    ...(within(topP, 0.0001, 1) ? {} : { topP: 'A number above 0, up to 1.' }),
    ...(maxPrice.trim() === '' || smallestOf(maxPrice) !== undefined
      ? {}
      : { maxPrice: 'A number of TILTH such as 0.01, or nothing.' })
  }
}

/** What is asked with; a field that is wrong counts as left alone. */
export function settingsOf(form: SettingsForm): AskSettings {
  const faults = faultsOf(form)
  const number = (field: 'maxTokens' | 'temperature' | 'topP'): number =>
    faults[field] === undefined ? Number(form[field]) : usualSettings[field]
  const price = form.maxPrice.trim() === '' ? undefined : smallestOf(form.maxPrice)
  return {
    system: faults.system === undefined ? form.system : '',
    maxTokens: number('maxTokens'),
    temperature: number('temperature'),
    topP: number('topP'),
    isPrivate: form.isPrivate,
    ...(price === undefined ? {} : { maxPrice: price.toString() })
  }
}

const key = 'tilth.asking'
/** As they were left in this browser. */
export function useSettings(): [SettingsForm, (form: SettingsForm) => void] {
  const [form, setForm] = useState<SettingsForm>(() => {
    try {
      return { ...usualForm, ...(JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<SettingsForm>) }
    } catch (error) {
      if (error instanceof SyntaxError) return usualForm
      throw error
    }
  })
  return [
    form,
    next => {
      setForm(next)
      localStorage.setItem(key, JSON.stringify(next))
    }
  ]
}

interface SettingsProps {
  readonly form: SettingsForm
  readonly onChange: (form: SettingsForm) => void
}

/** How the model is asked, behind a button that says what differs from the usual. */
export function Settings({ form, onChange }: SettingsProps) {
  const [isOpen, setOpen] = useState(false)
  const faults = faultsOf(form)
  const changed = (Object.keys(usualForm) as (keyof SettingsForm)[]).filter(name => form[name] !== usualForm[name])
  const field = (name: Exclude<keyof SettingsForm, 'isPrivate'>) => ({
    value: form[name],
    onChange: (value: string) => onChange({ ...form, [name]: value }),
    ...(faults[name] === undefined ? {} : { fault: faults[name] })
  })
  return (
    <>
      <Button look="quiet" onPress={() => setOpen(true)}>
        Settings{changed.length === 0 ? '' : ` (${changed.length} changed)`}
      </Button>
      <Dialog
        title="How to ask"
        isOpen={isOpen}
        close={() => setOpen(false)}
        actions={
          <>
            <Button onPress={() => onChange(usualForm)}>As usual</Button>
            <Button look="main" onPress={() => setOpen(false)}>
              Done
            </Button>
          </>
        }
      >
        <LongField
          label="System prompt"
          note="What the model is told before the conversation, each time."
          rows={3}
          {...field('system')}
        />
        <TextField
          number
          label="Longest answer, in tokens"
          note="A token is about three quarters of a word. The answer may end sooner."
          {...field('maxTokens')}
        />
        <TextField
          number
          label="Temperature"
          note="0 always takes the likeliest next token; towards 1 and more, answers vary and wander."
          {...field('temperature')}
        />
        <TextField
          number
          label="Top-p"
          note="Only the likeliest tokens that come to this share together are chosen from; 1 is all."
          {...field('topP')}
        />
        <TextField
          number
          label="Most that an answer may cost, in TILTH"
          note="What may cost more is refused before anything is asked. Empty: whatever it costs."
          {...field('maxPrice')}
        />
        <Switch isOn={form.isPrivate} onChange={isPrivate => onChange({ ...form, isPrivate })}>
          Nobody but the worker ever sees it: scorers do not weigh it, and held-out values share its money
        </Switch>
      </Dialog>
    </>
  )
}
