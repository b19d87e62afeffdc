import { tokensAbout } from '../../../protocol/jobs/recommend.ts'
import type { DatanetView, JobView, PlanView } from '../../../daemon/api/contract/views.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import type { TilthError } from '../../../protocol/primitives/errors.ts'
import { useList } from '../../api/index.ts'
import { places } from '../../app/places.ts'
import { countText, durationText, manyText, numberText } from '../../formats/index.ts'
import { Amount, Card, Chip, Facts, Failure, Go, Loading, Notice, ReadList, Section } from '../../parts/index.ts'
import { Choices } from './choices.tsx'
import type { Choice } from './choices.tsx'

const choiceOf = ({ id, name, description, accepted, latestVersion, licence }: DatanetView): Choice => ({
  value: id,
  name,
  chips: latestVersion === 0 ? <Chip>nothing to train on yet</Chip> : <Chip phase="data">version {latestVersion}</Chip>,
  ...(description === '' ? {} : { note: description }),
  facts: [manyText(accepted, 'accepted contribution'), licence],
  isDisabled: latestVersion === 0
})

const addedText = ({ base, tuned }: { readonly base: number; readonly tuned: number }): string =>
  `The loss on its held-out questions fell from ${numberText(base)} to ${numberText(tuned)}. ` +
  `Each token of a right answer became ${numberText(Math.exp(base - tuned))} times as likely.`

/** What earlier jobs on the same data made of it: measured, not promised. */
function Earlier({ jobs }: { readonly jobs: readonly JobView[] }) {
  const measured = jobs.filter(({ heldOutLoss }) => heldOutLoss !== null).slice(0, 3)
  if (measured.length === 0)
    return <p className="choice-note">No job of this node has been measured on it yet, so what it adds is not known.</p>
  return (
    <ul className="whys">
      {measured.map(({ id, heldOutLoss, version }) => (
        <li key={id}>
          <Go to={places.job(id)}>Version {version}</Go>
          <span>{heldOutLoss === null ? null : addedText(heldOutLoss)}</span>
        </li>
      ))}
    </ul>
  )
}

function Chosen({ plan, jobs }: { readonly plan: PlanView; readonly jobs: readonly JobView[] }) {
  return (
    <Card>
      <Facts
        facts={[
          ['Rows to learn from', countText(plan.rows)],
          ['People who gave them', countText(plan.players)],
          ['Text, about', `${countText(tokensAbout(plan.characters))} tokens`],
          ['Training, about', durationText(plan.cost.seconds)],
          ['Cost, about', <Amount key="cost" of={BigInt(plan.cost.adapter) + BigInt(plan.cost.siblings)} />]
        ]}
      />
      <div className="wizard-more">
        <h3>What it added to earlier models</h3>
        <Earlier jobs={jobs} />
      </div>
    </Card>
  )
}

interface StepProps {
  readonly draft: JobDraft
  readonly change: (edits: Partial<JobDraft>) => void
  readonly plan: { readonly data: PlanView | undefined; readonly error: TilthError | null; refetch: () => unknown }
}

/** Which community's data it learns from. */
export function DataStep({ draft, change, plan }: StepProps) {
  const datanets = useList('datanets', { limit: 50 })
  const jobs = useList('jobs', { limit: 100 })
  return (
    <>
      <ReadList from={datanets} what="the Datanets" empty={{ title: 'No Datanet is known here yet.' }}>
        {items => (
          <Choices
            label="Datanet"
            value={draft.datanet}
            onChange={id => change({ datanet: id, version: null })}
            choices={items.map(choiceOf)}
          />
        )}
      </ReadList>
      {draft.datanet === null ? null : (
        <Section title="What it would teach, and what that costs">
          {plan.error !== null ? (
            <Failure error={plan.error} again={() => void plan.refetch()} />
          ) : plan.data === undefined ? (
            <Loading what="the plan" />
          ) : (
            <Chosen plan={plan.data} jobs={jobs.items?.filter(({ datanet }) => datanet === draft.datanet) ?? []} />
          )}
        </Section>
      )}
      <div className="wizard-more">
        <Notice title="One job learns from one Datanet.">
          <p>
            A model's fees go to the one pool of the people who taught it, so each Datanet gets a model of its own. For
            two, post a job on each, and compare what they answer in the bazaar.
          </p>
        </Notice>
      </div>
    </>
  )
}
