import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { PlanView } from '../../../daemon/api/contract/views.ts'
import { draftSteps } from '../../../protocol/jobs/draft.ts'
import type { DraftStep, JobDraft } from '../../../protocol/jobs/draft.ts'
import { useAct, useCall } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { useGo, useParameter } from '../../app/use-place.ts'
import { plainAmount } from '../../formats/index.ts'
import { Amount, Button, Confirm, Empty, Failure, Go, Loading, Notice, Page as Frame, Read } from '../../parts/index.ts'
import { BaseStep } from './base-step.tsx'
import { BudgetStep, budgetFault, budgetFor } from './budget-step.tsx'
import { DataStep } from './data-step.tsx'
import { MethodStep } from './method-step.tsx'
import { methodName } from '../words.ts'
import { presetName } from './presets.ts'
import { isPassing, useDraft } from './use-draft.ts'
import type { Drafting } from './use-draft.ts'
import { usePlan } from './use-plan.ts'
import './wizard.css'

const words: Readonly<Record<DraftStep, { name: string; title: string; lead: string }>> = {
  base: {
    name: 'Base model',
    title: 'Which model should it grow from?',
    lead:
      'A base model can read and write, and knows little of your subject. ' +
      'A small one is fast and cheap to train; a large one answers better.'
  },
  data: {
    name: 'Datanet',
    title: 'Whose knowledge should it learn?',
    lead:
      'A Datanet is what a community has written down and checked. ' +
      'The people who gave it are paid whenever the model answers from it.'
  },
  method: {
    name: 'Method',
    title: 'How thoroughly should it learn?',
    lead:
      'How often it sees every row, and what of the base learns. ' +
      'Three ways are made up for you; every number stands below for those who look.'
  },
  budget: {
    name: 'Budget',
    title: 'What may it cost?',
    lead: 'Workers with a GPU, or only a CPU, say what they ask. You pay when what they trained is measured to be good.'
  }
}

const methodChosen = ({ preset, settings: { method } }: JobDraft): string =>
  method === undefined ? presetName(preset) : `${presetName(preset)}, ${methodName(method)}`

/** How far a draft can be gone through. */
const furthest = ({ base, datanet }: JobDraft): number => (base === null ? 0 : datanet === null ? 1 : 3)

function Steps({
  draft,
  go,
  chosen
}: {
  readonly draft: JobDraft
  readonly go: (step: DraftStep) => void
  readonly chosen: Readonly<Record<DraftStep, string>>
}) {
  const at = draftSteps.indexOf(draft.step)
  return (
    <nav aria-label="Steps">
      <ol className="steps">
        {draftSteps.map((step, index) => (
          <li key={step}>
            <AriaButton
              className="steps-step"
              data-done={index < at}
              {...(index === at ? { 'aria-current': 'step' as const } : {})}
              isDisabled={index > furthest(draft)}
              onPress={() => go(step)}
            >
              <span className="steps-name">
                {index + 1} {words[step].name}
              </span>
              <span className="steps-chosen">{chosen[step]}</span>
            </AriaButton>
          </li>
        ))}
      </ol>
    </nav>
  )
}

interface PostProps {
  readonly drafting: Drafting
  readonly draft: JobDraft & { readonly id: string }
  readonly plan: PlanView
}

/** The last button: nothing was said to anybody before it. */
function Post({ drafting, draft, plan }: PostProps) {
  const [isAsking, setAsking] = useState(false)
  const status = useCall('status')
  const go = useGo()
  const post = useAct('postJob', ['jobs', 'drafts', 'status'])
  const budget = draft.budget === null ? budgetFor(plan) : BigInt(draft.budget)
  const isBuilder = status.data?.roles.includes('builder') ?? true
  const fault = budgetFault(budget, status.data === undefined ? undefined : BigInt(status.data.balance))
  const send = async (): Promise<void> => {
    await drafting.settle()
    post.mutate(
      {
        body: {
          base: plan.base,
          datanet: draft.datanet ?? '',
          version: plan.version,
          settings: plan.settings,
          coalitions: plan.coalitions,
          budget: budget.toString(),
          deadlineSeconds: draft.deadlineSeconds,
          byHand: draft.byHand,
          product: draft.product,
          draft: draft.id
        }
      },
      { onSuccess: ({ id }) => go(places.job(id)) }
    )
  }
  return (
    <>
      {isBuilder ? null : (
        <Notice title="This node is no builder: it keeps drafts, and cannot post them.">
          <p>
            On a local network, take the host in the header, who is one. Else start the daemon with the role builder.
          </p>
        </Notice>
      )}
      <Button look="main" isDisabled={!isBuilder || fault !== undefined} onPress={() => setAsking(true)}>
        Ask workers to train it
      </Button>
      <Confirm
        title="Ask workers to train it?"
        isOpen={isAsking}
        close={() => setAsking(false)}
        act={`Post the job, up to ${plainAmount(budget)} TILTH`}
        isBusy={post.isPending}
        onAct={() => void send()}
      >
        <p>
          At most <Amount of={budget} /> go into escrow, as work is given out. Workers are paid for what you measure to
          be good; the rest comes back. You can stop the job at any time.
        </p>
        {post.error === null ? null : <Failure error={post.error} />}
      </Confirm>
    </>
  )
}

function Wizard({
  drafting,
  draft
}: {
  readonly drafting: Drafting
  readonly draft: JobDraft & { readonly id: string }
}) {
  const { change } = drafting
  const datanets = useCall('datanet', { id: draft.datanet ?? '' }, { enabled: draft.datanet !== null })
  const { recommended, plan, chosen } = usePlan(draft)
  const { step } = draft
  const at = draftSteps.indexOf(step)
  const next = draftSteps[at + 1]
  const go = (to: DraftStep): void => {
    change({ step: to })
    scrollTo({ top: 0 })
  }
  const { title, lead } = words[step]
  const failed = recommended.error ?? plan.error
  const chosenTexts = {
    base: draft.baseName ?? '',
    data: draft.datanet === null ? '' : (datanets.data?.name ?? ''),
    method: draft.datanet === null ? '' : methodChosen(draft),
    budget: draft.budget === null ? '' : `${plainAmount(draft.budget)} TILTH`
  }
  const body = (): React.ReactNode => {
    if (step === 'base') return <BaseStep draft={draft} change={change} />
    if (step === 'data') return <DataStep draft={draft} change={change} plan={recommended} />
    const missing = draft.base === null ? 'base' : draft.datanet === null ? 'data' : undefined
    if (missing !== undefined)
      return (
        <Empty title={missing === 'base' ? 'No base model is chosen yet.' : 'No Datanet is chosen yet.'}>
          <Button onPress={() => go(missing)}>Choose one</Button>
        </Empty>
      )
    if (recommended.data === undefined || chosen === undefined)
      return failed === null ? (
        <Loading what="the plan" lines={6} />
      ) : (
        <Failure error={failed} again={() => void recommended.refetch()} />
      )
    if (step === 'method')
      return <MethodStep draft={draft} change={change} recommended={recommended.data} plan={plan} chosen={chosen} />
    if (plan.data === undefined)
      return failed === null ? (
        <Loading what="the cost" />
      ) : (
        <Failure error={failed} again={() => void plan.refetch()} />
      )
    return <BudgetStep draft={draft} change={change} plan={plan.data} />
  }
  return (
    <Frame title={title} lead={lead} above={<Go to={places.factory}>ModelFactory</Go>} phase="jobs">
      <Steps draft={draft} go={go} chosen={chosenTexts} />
      {drafting.fault === undefined ? null : (
        <Notice kind="wrong" title={`What was entered here is not kept yet: ${drafting.fault.message}.`}>
          {isPassing(drafting.fault) ? (
            <p>It stays on this page, and is kept when the daemon answers again.</p>
          ) : (
            <>
              {drafting.fault.help === undefined ? null : <p>{drafting.fault.help}</p>}
              <Button onPress={drafting.takeOther}>Read it again</Button>
            </>
          )}
        </Notice>
      )}
      {body()}
      <footer className="wizard-foot">
        <span className="wizard-kept" role="status">
          {drafting.isKept
            ? 'Kept on this node: any browser that opens it goes on from here.'
            : 'Keeping what you entered'}
        </span>
        <span className="wizard-buttons">
          {at > 0 ? <Button onPress={() => go(draftSteps[at - 1] ?? 'base')}>Back</Button> : null}
          {next === undefined ? (
            plan.data === undefined ? null : (
              <Post drafting={drafting} draft={draft} plan={plan.data} />
            )
          ) : (
            <Button look="main" isDisabled={at + 1 > furthest(draft)} onPress={() => go(next)}>
              Next: {words[next].name.toLowerCase() === 'datanet' ? 'Datanet' : words[next].name.toLowerCase()}
            </Button>
          )}
        </span>
      </footer>
    </Frame>
  )
}

/** A tune job that is being made up, from base to budget. */
export function Page() {
  const drafting = useDraft(useParameter('id'))
  return (
    <Read from={{ data: drafting.draft, error: drafting.error, refetch: drafting.refetch }} what="the draft">
      {draft => <Wizard drafting={drafting} draft={draft} />}
    </Read>
  )
}
