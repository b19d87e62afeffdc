import { tokensAbout } from '../../../protocol/jobs/recommend.ts'
import type { DatanetView, JobView, PlanView } from '../../../daemon/api/contract/views.ts'
import type { JobDraft } from '../../../protocol/jobs/draft.ts'
import type { TilthError } from '../../../protocol/primitives/errors.ts'
import { useList } from '../../api/index.ts'
import { countText, durationText, manyText } from '../../formats/index.ts'
import { Amount, Card, Chip, Facts, Failure, Loading, ReadList, Section } from '../../parts/index.ts'
import { Choices } from './choices.tsx'
import type { Choice } from './choices.tsx'
import { Earlier } from './earlier.tsx'
import { Several } from './several.tsx'

const choiceOf = ({ id, name, description, accepted, latestVersion, licence, parents }: DatanetView): Choice => ({
  value: id,
  name,
  chips: latestVersion === 0 ? <Chip>nothing to train on yet</Chip> : <Chip phase="data">version {latestVersion}</Chip>,
  ...(description === '' ? {} : { note: description }),
  facts: [
    manyText(accepted, 'accepted contribution'),
    licence,
    ...(parents === undefined ? [] : [`made of ${parents.length} Datanets`])
  ],
  isDisabled: latestVersion === 0
})

function Chosen({ plan, jobs }: { readonly plan: PlanView; readonly jobs: readonly JobView[] }) {
  return (
    <Card>
      <Facts
        facts={[
          ['Rows to learn from', countText(plan.rows)],
          ['People who gave them', countText(plan.players)],
          ...(plan.left === 0
            ? []
            : [
                [
                  'Left since this version',
                  `${manyText(plan.left, 'contribution')}: what is grown from it is marked at once. ` +
                    'Its host anchors a version without them.'
                ] as const
              ]),
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

/** Which community's data it learns from: one's, or that of several together. */
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
      <Several
        base={draft.base}
        datanets={datanets.items ?? []}
        jobs={jobs.items ?? []}
        take={id => change({ datanet: id, version: null })}
      />
    </>
  )
}
