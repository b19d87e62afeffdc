import { useState } from 'react'
import type { PlanView } from '../../../daemon/api/contract/views.ts'
import { coalitionCount } from '../../../protocol/jobs/coalitions.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import { mostFullParameters } from '../../../protocol/jobs/full.ts'
import type { SettingsFile } from '../../../protocol/jobs/settings-file.ts'
import type { TrainSettings } from '../../../protocol/jobs/types.ts'
import type { TilthError } from '../../../protocol/primitives/errors.ts'
import { useList } from '../../api/index.ts'
import { bytesText, durationText, numberText } from '../../formats/index.ts'
import { Amount, Button, Card, Chip, Facts, Failure, Loading, Section } from '../../parts/index.ts'
import { Choices } from './choices.tsx'
import { titleOf, withMethod } from './hyperparameters.ts'
import { Numbers } from './numbers.tsx'
import { presetSettings, presets } from './presets.ts'
import type { Preset } from './presets.ts'
import { SettingsFiles } from './settings-files.tsx'

interface StepProps {
  readonly draft: JobDraft
  readonly change: (edits: Partial<JobDraft>) => void
  readonly recommended: PlanView
  readonly plan: { readonly data: PlanView | undefined; readonly error: TilthError | null }
  readonly chosen: SettingsFile
}

/** What training takes by each method, where the base is on this machine. */
function useMemory(base: string | null): { lora?: string; qlora?: string; full?: string } {
  const bases = useList('bases', { limit: 20 })
  const needs = bases.items?.find(({ cid }) => cid === base)?.inspection?.needs
  if (needs === undefined) return {}
  return {
    lora: `${bytesText(needs.tuneLora.bytes)} of memory`,
    qlora: `${bytesText(needs.tuneQlora.bytes)} of memory`,
    full: `${bytesText(needs.tuneFull.bytes)} of memory`
  }
}

function Methods({ method, base, parameters, onChange }: MethodsProps) {
  const memory = useMemory(base)
  const facts = (text: string | undefined): { facts: string[] } | object =>
    text === undefined ? {} : { facts: [text] }
  return (
    <Choices
      row
      label="Method"
      value={method}
      onChange={value => onChange(value as TrainSettings['method'])}
      choices={[
        {
          value: 'lora',
          name: 'LoRA',
          note: 'The base stays as it is; small matrices beside its weights learn. Fast, and the result is small.',
          ...facts(memory.lora)
        },
        {
          value: 'qlora',
          name: 'QLoRA',
          note: 'The same over a base that is kept in 4 bits a weight: a little slower, for bases that would not fit.',
          ...facts(memory.qlora)
        },
        {
          value: 'full',
          name: 'Full',
          note:
            parameters <= mostFullParameters
              ? 'Every linear layer itself learns, for small bases: it can hold most, and takes most memory and disk.'
              : `Every linear layer itself learns: for bases of up to ${numberText(mostFullParameters)} parameters.`,
          ...facts(memory.full),
          isDisabled: parameters > mostFullParameters
        }
      ]}
    />
  )
}
interface MethodsProps {
  readonly method: TrainSettings['method']
  readonly base: string | null
  readonly parameters: number
  readonly onChange: (method: TrainSettings['method']) => void
}

function Cost({ plan: { cost } }: { readonly plan: PlanView }) {
  return (
    <Facts
      facts={[
        ['Training, about', durationText(cost.seconds)],
        ['The model itself', <Amount key="a" of={cost.adapter} />],
        ['Measuring who adds what', <Amount key="s" of={cost.siblings} />]
      ]}
    />
  )
}

/** How it is trained: a preset for most, every number for those who look. */
export function MethodStep({ draft, change, recommended, plan, chosen }: StepProps) {
  const [isOpen, setOpen] = useState(draft.preset === 'own')
  const now = {
    settings: { ...recommended.settings, ...withoutCoalitions(chosen) },
    coalitions: coalitionCount(recommended.players, chosen.coalitions ?? recommended.coalitions)
  }
  const chosenMethod = { method: now.settings.method }
  const own = (settings: SettingsFile): void => change({ preset: 'own', settings })
  const reasons = recommended.why.filter(({ setting }) => !(setting in chosen))
  return (
    <>
      <Choices
        row
        label="How thoroughly"
        value={draft.preset}
        onChange={value => change({ preset: value as Preset, settings: method(draft.settings) })}
        choices={[
          ...presets.map(({ value, name, does, doesInFull = does }) => {
            const { epochs = recommended.settings.epochs } = presetSettings(value, recommended)
            return {
              value,
              name,
              note: now.settings.method === 'full' ? doesInFull : does,
              ...(value === 'balanced' ? { chips: <Chip phase="jobs">recommended</Chip> } : {}),
              facts: [`${epochs} passes over ${recommended.rows} rows`]
            }
          }),
          ...(draft.preset === 'own'
            ? [{ value: 'own', name: 'Your own', note: 'Numbers chosen below, or loaded from a file.' }]
            : [])
        ]}
      />
      <Section title="Method" note="Where the learning goes. If this says nothing to you, keep what is chosen.">
        <Methods
          method={now.settings.method}
          base={draft.base}
          parameters={recommended.parameters}
          onChange={method => change({ settings: withMethod({ ...chosenMethod, ...draft.settings }, method) })}
        />
      </Section>
      <Section title="What this takes">
        <Card>
          {plan.error !== null ? (
            <Failure error={plan.error} />
          ) : plan.data === undefined ? (
            <Loading what="the cost" lines={2} />
          ) : (
            <Cost plan={plan.data} />
          )}
        </Card>
      </Section>
      <Section
        title="Every number"
        actions={
          <Button look="quiet" onPress={() => setOpen(!isOpen)} aria-expanded={isOpen}>
            {isOpen ? 'Hide them' : 'Show them'}
          </Button>
        }
        note="Recommended by rules of thumb, each with its reason. The loss on held-out questions is what decides."
      >
        {isOpen ? (
          <Numbers
            key={draft.preset}
            chosen={now}
            players={recommended.players}
            onChange={({ settings, coalitions }) => own({ ...settings, coalitions })}
          />
        ) : (
          <ul className="whys">
            {reasons.map(({ setting, value, why }) => (
              <li key={setting}>
                <b>
                  {titleOf(setting)}: {value}
                </b>
                <span>{why}</span>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <div className="wizard-more">
        <SettingsFiles
          settings={{ ...now.settings, coalitions: now.coalitions }}
          onLoad={settings => own({ ...(settings.lora === undefined ? method(draft.settings) : {}), ...settings })}
        />
      </div>
    </>
  )
}

const withoutCoalitions = (settings: SettingsFile): Partial<TrainSettings> =>
  Object.fromEntries(Object.entries(settings).filter(([name, value]) => name !== 'coalitions' && value !== undefined))

/** What of own settings a preset leaves as it was chosen. */
const method = ({ method }: SettingsFile): SettingsFile => (method === undefined ? {} : { method })
