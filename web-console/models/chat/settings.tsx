import { useState } from 'react'
import { Button, Dialog, LongField, Switch, TextField } from '../../parts/index.ts'
import { faultsOf, usualForm } from './settings-form.ts'
import type { SettingsForm } from './settings-form.ts'

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
