import { useState } from 'react'
import { useAct, useCall, useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useGo } from '../../app/use-place.ts'
import { amountText, manyText } from '../../formats/index.ts'
import {
  Button,
  Confirm,
  Failure,
  Go,
  LongField,
  Notice,
  Page as Frame,
  Section,
  Select,
  TextField
} from '../../parts/index.ts'
import { canAdd, firstDraft, newStep, readDraft } from './draft.ts'
import type { AgentDraft, Faults, StepDraft } from './draft.ts'
import { StepFields } from './step-fields.tsx'
import { feePartsText } from './words.ts'
import './agents.css'

const none: Faults = { fields: {}, steps: {} }

/** Making an agent of registered models: its steps, its fee, and who has it. */
export function Page() {
  const go = useGo()
  const status = useCall('status')
  const list = useList('models', { limit: 500 })
  const create = useAct('createAgent', ['agents', 'models'])
  const [draft, setDraft] = useState<AgentDraft>(firstDraft)
  const [isTried, setTried] = useState(false)
  const [isAsked, setAsked] = useState(false)
  const models = (list.items ?? []).filter(({ agent }) => agent !== true)
  const read = readDraft(draft)
  const faults = isTried && 'faults' in read ? read.faults : none
  const { steps } = draft
  const put = (next: readonly StepDraft[]): void => setDraft({ ...draft, steps: next })
  const field = (name: Exclude<keyof AgentDraft, 'steps'>) => ({
    value: draft[name],
    onChange: (value: string) => setDraft({ ...draft, [name]: value }),
    fault: faults.fields[name]
  })
  const wrong = Object.keys(faults.fields).length + Object.keys(faults.steps).length
  const isWorker = status.data?.roles.includes('worker') ?? false
  const hasFee = 'body' in read && read.body.fee !== '0'

  return (
    <Frame
      phase="models"
      above={<Go to={places.agents}>Agents</Go>}
      title="Make an agent of models"
      lead={
        'Say which models it asks, in which order and for what. Whoever asks it pays each step to its own worker ' +
        'and data, and then your fee. Nothing of it is code that runs anywhere.'
      }
    >
      <Section title="What it is for">
        <div className="agent-form">
          <TextField label="Name" note="A name that looks like another’s is refused." {...field('name')} />
          <TextField
            label="Licence"
            note="What it may be used under, such as CC-BY-4.0; nothing unless given."
            {...field('licence')}
          />
          <div className="field-wide">
            <LongField
              label="What it is for"
              note="A sentence or two for who may ask it."
              rows={2}
              {...field('about')}
            />
          </div>
        </div>
      </Section>
      <Section title="Its steps" note="The last one that is asked gives the answer; 8 steps at most.">
        {list.error === null ? null : <Failure error={list.error} again={list.again} />}
        <div className="agent-steps">
          {steps.map((step, at) => (
            <StepFields
              key={step.key}
              step={step}
              number={at + 1}
              before={steps.slice(0, at)}
              models={models}
              faults={faults.steps[step.key] ?? {}}
              onChange={next => put(steps.with(at, next))}
              onUp={at === 0 ? undefined : () => put(steps.toSpliced(at - 1, 2, step, ...steps.slice(at - 1, at)))}
              onRemove={steps.length === 1 ? undefined : () => put(steps.toSpliced(at, 1))}
            />
          ))}
        </div>
        <div className="agent-do">
          <Button isDisabled={!canAdd(draft)} onPress={() => put([...steps, newStep(steps.length + 1)])}>
            Add a step
          </Button>
        </div>
      </Section>
      <Section
        title="Its fee, and who has it"
        note="What a call of it costs beside what its steps cost. It stands on no data: its parts are in percent."
      >
        <div className="agent-form">
          <TextField label="Fee of a call, in TILTH" number {...field('fee')} />
          <TextField label="Who takes it" note="The worker that offers it." number {...field('worker')} />
          <TextField label="Builder" note="You, who made it." number {...field('builder')} />
          <TextField label="Upstream" note="To a model that it stands on." number {...field('upstream')} />
          {Number(draft.upstream) > 0 ? (
            <div>
              <Select
                label="The model that it goes to"
                value={draft.upstreamModel}
                onChange={upstreamModel => setDraft({ ...draft, upstreamModel })}
                options={[{ value: '', name: 'choose one' }, ...models.map(({ id, name }) => ({ value: id, name }))]}
              />
              {faults.fields.upstreamModel === undefined ? null : (
                <p className="agent-fault">{faults.fields.upstreamModel}</p>
              )}
            </div>
          ) : null}
        </div>
      </Section>
      <div className="agent-do">
        {faults.whole === undefined ? null : (
          <Notice kind="wrong" title={sentence(faults.whole.says)}>
            {faults.whole.help === undefined ? null : <p>{faults.whole.help}</p>}
          </Notice>
        )}
        {wrong === 0 ? null : (
          <Notice kind="wrong" title="Something of it is missing or wrong.">
            <p>It is said beside each field. Nothing was sent.</p>
          </Notice>
        )}
        <Button
          look="main"
          onPress={() => {
            setTried(true)
            if ('body' in read) setAsked(true)
          }}
        >
          Make it
        </Button>
      </div>
      {'body' in read ? (
        <Confirm
          title={`Register ${read.body.name}?`}
          isOpen={isAsked}
          close={() => setAsked(false)}
          act="Register it on chain"
          isBusy={create.isPending}
          onAct={() => create.mutate({ body: read.body }, { onSuccess: ({ id }) => go(places.agent(id)) })}
        >
          <p>
            It asks {manyText(steps.length, 'model')} and has{' '}
            {hasFee && read.body.split !== undefined
              ? `a fee of ${amountText(read.body.fee ?? '0')} a call: ${feePartsText(read.body.split)}`
              : 'no fee of its own'}
            . The registration is on chain for good, and costs the gas of one transaction.
          </p>
          {hasFee && !isWorker ? (
            <p>
              Its fee is taken once a worker offers it: <code>tilth serve</code> with its id.
            </p>
          ) : null}
          {create.error === null ? null : <Failure error={create.error} />}
        </Confirm>
      ) : null}
    </Frame>
  )
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
