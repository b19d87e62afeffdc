import { manyText, shortId } from '../../formats/index.ts'
import { Button, Card, LongField, Select, TextField } from '../../parts/index.ts'
import type { ModelView } from '../../../daemon/api/contract/views.ts'
import { listOf } from './draft.ts'
import type { StepDraft, StepFaults } from './draft.ts'

interface StepFieldsProps {
  readonly step: StepDraft
  readonly number: number
  /** Those before it, whose words it may be given. */
  readonly before: readonly StepDraft[]
  readonly models: readonly ModelView[]
  readonly faults: StepFaults
  readonly onChange: (step: StepDraft) => void
  readonly onUp: (() => void) | undefined
  readonly onRemove: (() => void) | undefined
}

/** One step as it is made: which model, what it is asked, and when. */
export function StepFields({ step, number, before, models, faults, onChange, onUp, onRemove }: StepFieldsProps) {
  const field = (name: Exclude<keyof StepDraft, 'key'>) => ({
    value: step[name],
    onChange: (value: string) => onChange({ ...step, [name]: value }),
    fault: faults[name]
  })
  const choosing = before.filter(({ choices }) => listOf(choices).length > 0)
  const words = ['{{input}}', '{{conversation}}', ...(before.length === 0 ? [] : ['{{previous}}'])]
  const places = [...words, ...before.map(({ name }) => `{{${name}}}`)].join(', ')
  return (
    <Card phase="models">
      <div className="agent-step-head">
        <h3>
          Step {number}: {step.name === '' ? 'without a name' : step.name}
        </h3>
        <div>
          {onUp === undefined ? null : (
            <Button look="quiet" onPress={onUp} aria-label={`Move step ${number} before the one above`}>
              Move up
            </Button>
          )}
          {onRemove === undefined ? null : (
            <Button look="quiet" onPress={onRemove} aria-label={`Leave out step ${number}`}>
              Leave out
            </Button>
          )}
        </div>
      </div>
      <div className="agent-form">
        <TextField label="Its name" note="Later steps are given its words by this name." {...field('name')} />
        <div>
          <Select
            label="Model"
            note="Each step is paid by its model’s own price and split."
            value={step.model}
            onChange={model => onChange({ ...step, model })}
            options={[
              { value: '', name: 'choose one' },
              ...models.map(({ id, name, offers }) => ({
                value: id,
                name,
                note: `${shortId(id)}, ${offers.length === 0 ? 'nobody offers it' : manyText(offers.length, 'worker')}`
              }))
            ]}
          />
          {faults.model === undefined ? null : <p className="agent-fault">{faults.model}</p>}
        </div>
        <TextField label="Tokens at most" number {...field('maxTokens')} />
        <TextField label="Temperature" number note="The asker’s unless given." {...field('temperature')} />
        <div className="field-wide">
          <LongField
            label="What it is asked"
            note={`What stands in such braces is put in when it is asked: ${places}.`}
            rows={3}
            {...field('prompt')}
          />
        </div>
        <div className="field-wide">
          <LongField label="What it is told before it" note="Nothing unless given." rows={2} {...field('system')} />
        </div>
        <TextField
          label="It chooses one of"
          note="With commas between: it answers with one of these and nothing else, and later steps go by it."
          {...field('choices')}
        />
        {choosing.length === 0 ? null : (
          <>
            <Select
              label="It is asked"
              value={step.whenStep}
              onChange={whenStep => onChange({ ...step, whenStep })}
              options={[
                { value: '', name: 'always' },
                ...choosing.map(({ name }) => ({ value: name, name: `only by what ${name} chose` }))
              ]}
            />
            {step.whenStep === '' ? null : (
              <TextField
                label="If it chose"
                note={`Of ${choosing.find(({ name }) => name === step.whenStep)?.choices ?? 'its choices'}.`}
                {...field('whenIs')}
              />
            )}
          </>
        )}
      </div>
    </Card>
  )
}
