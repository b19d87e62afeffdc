import { useState } from 'react'
import type { TermsView } from '../../../daemon/api/contract/terms.ts'
import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { useAct } from '../../api/index.ts'
import { Button, Confirm, Failure, LongField, TextField } from '../../parts/index.ts'
import { ruleFields, trainersNote } from '../rules/fields.ts'
import { changeOf, faultsOf, formOf, isFixed } from '../rules/form.ts'
import type { FormField, RulesForm } from '../rules/form.ts'

const texts: readonly { readonly field: FormField; readonly label: string; readonly note: string }[] = [
  { field: 'name', label: 'Name', note: 'By which it is found from then on.' },
  { field: 'licence', label: 'Licence', note: 'Of what is contributed from then on. What was given stays as it was.' },
  { field: 'tags', label: 'Tags', note: 'Up to eight words, with commas between them.' },
  { field: 'languages', label: 'Languages', note: 'For example en or pt-BR, with commas between them.' }
]

/** Puts other rules forward: those in force, with what is typed otherwise. */
export function Propose({ net, terms }: { readonly net: DatanetView; readonly terms: TermsView }) {
  const propose = useAct('proposeRules', ['terms'])
  const [isOpen, setOpen] = useState(false)
  const [typed, setTyped] = useState<Partial<RulesForm>>({})
  const now = terms.rules.at(-1)?.rules
  if (now === undefined) return null
  const before = formOf(now, net.validators.map(({ address, weight }) => `${address} ${weight}`).join('\n'))
  const form = { ...before, ...typed }
  const [faults, change] = [faultsOf(form), changeOf(before, form)]
  const set = (field: FormField) => (value: string) => {
    setTyped({ ...typed, [field]: value })
  }
  const close = (): void => {
    setOpen(false)
    propose.reset()
  }
  const isReady = Object.keys(change).length > 0 && Object.keys(faults).length === 0
  return (
    <>
      <Button
        onPress={() => {
          setOpen(true)
        }}
      >
        Propose other rules
      </Button>
      <Confirm
        title={`Other rules for ${net.name}`}
        isOpen={isOpen}
        close={close}
        act="Put them forward on chain"
        isBusy={propose.isPending || !isReady}
        onAct={() => {
          propose.mutate(
            { params: { id: net.id }, body: { change } },
            {
              onSuccess: () => {
                setTyped({})
                close()
              }
            }
          )
        }}
      >
        <div className="rule-form">
          {texts.map(({ field, label, note }) => (
            <TextField
              key={field}
              label={label}
              note={note}
              value={form[field]}
              onChange={set(field)}
              fault={faults[field]}
            />
          ))}
          <LongField
            label="Purpose"
            note="What its rows are about."
            value={form.description}
            onChange={set('description')}
            fault={faults.description}
          />
          {ruleFields
            .filter(({ field }) => !isFixed(field))
            .map(({ field, label, note, number = false }) => (
              <TextField
                key={field}
                label={label}
                note={note}
                number={number}
                value={form[field]}
                onChange={set(field)}
                fault={faults[field]}
              />
            ))}
          {net.private === undefined ? null : (
            <LongField
              label="Who may train on its rows"
              note={trainersNote}
              value={form.trainers}
              onChange={set('trainers')}
              fault={faults.trainers}
            />
          )}
        </div>
        {propose.error === null ? null : <Failure error={propose.error} />}
      </Confirm>
    </>
  )
}
