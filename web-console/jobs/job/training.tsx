import { useState } from 'react'
import { isAwardLost } from '../../../daemon/api/contract/views.ts'
import type { JobView } from '../../../daemon/api/contract/views.ts'
import type { TrainingCurve } from '../../../protocol/jobs/curve.ts'
import { useCall, useEvents } from '../../api/index.ts'
import { countText, durationText, manyText, numberText } from '../../formats/index.ts'
import { Amount, Card, Chip, Facts, Progress, Section, Table, Who } from '../../parts/index.ts'
import { Series } from '../../parts/series.tsx'
import { adapterAward } from '../words.ts'
import { emptyCurve, lossLines, paceLine, progressOf, rateLine, withNews } from './curve-points.ts'

type Award = JobView['awards'][number]

/** The curve that was read, with each piece of news on it as it comes. */
function useCurve(job: JobView, isOwn: boolean): TrainingCurve {
  const kept = useCall('curves', { id: job.id }, { enabled: isOwn })
  const [live, setLive] = useState<{ award: string; from: TrainingCurve | undefined; curve: TrainingCurve }>()
  const first = kept.data?.awards[0]
  const read = isOwn ? first?.curve : undefined
  useEvents(({ name, data, at }) => {
    const news = name === 'jobs.progress' ? progressOf(job.id, data) : undefined
    if (news === undefined) return
    setLive(before => {
      const start = before?.award === news.award && before.from === read ? before.curve : (read ?? emptyCurve)
      return { award: news.award, from: read, curve: withNews(start, news, at) }
    })
  })
  if (live !== undefined && live.from === read) return live.curve
  if (read !== undefined) return read
  // A worker knows the losses of what it trains itself.
  const losses = adapterAward(job)?.loss ?? []
  return { ...emptyCurve, losses: losses.map((loss, i) => ({ step: i + 1, loss })) }
}

const last = <T,>(items: readonly T[]): T | undefined => items.at(-1)

function Charts({ curve }: { readonly curve: TrainingCurve }) {
  const losses = lossLines(curve)
  const [training = [], heldOut = []] = losses.lines
  if (losses.xs.length === 0) return null
  const steps = last(losses.xs) ?? 0
  const [from, to] = [curve.losses[0]?.loss ?? 0, last(curve.losses)?.loss ?? 0]
  return (
    <div className="charts">
      <figure className="chart chart-wide">
        <figcaption>
          <b>How wrong it is</b>
          <span>
            The loss is how surprised the model is by the right answer: 0 is certain. Training loss is on the rows it
            learns from, held-out loss on questions it never sees; the second one is what counts.
          </span>
        </figcaption>
        <Series
          label={`Training loss, from ${numberText(from)} to ${numberText(to)}, over ${countText(steps)} steps`}
          xs={losses.xs}
          xName="step"
          height={260}
          lines={[
            { name: 'training loss', colour: 'jobs', values: training },
            { name: 'held-out loss', colour: 'data', values: heldOut }
          ]}
        />
      </figure>
      {curve.pace.length === 0 ? null : <Pace curve={curve} />}
    </div>
  )
}

/** What a worker's reports say besides losses. */
function Pace({ curve }: { readonly curve: TrainingCurve }) {
  const rate = rateLine(curve)
  const pace = paceLine(curve)
  return (
    <>
      <figure className="chart">
        <figcaption>
          <b>Learning rate</b>
          <span>How far each step moves.</span>
        </figcaption>
        <Series
          label={`Learning rate, now ${numberText(last(curve.pace)?.lr ?? 0)}`}
          xs={rate.xs}
          xName="step"
          height={150}
          lines={[{ name: 'learning rate', colour: 'jobs', values: rate.lines[0] ?? [] }]}
        />
      </figure>
      <figure className="chart">
        <figcaption>
          <b>Tokens a second</b>
          <span>How fast the worker trains.</span>
        </figcaption>
        <Series
          label={`${numberText(last(curve.pace)?.tokensPerSecond ?? 0)} tokens a second`}
          xs={pace.xs}
          xName="step"
          height={150}
          lines={[{ name: 'tokens a second', colour: 'jobs', values: pace.lines[0] ?? [] }]}
        />
      </figure>
    </>
  )
}

const awardStates: Readonly<Record<string, string>> = {
  funding: 'escrow is paid in',
  awarded: 'waits for its worker',
  training: 'is trained',
  delivered: 'is measured',
  accepted: 'is good, and paid',
  released: 'paid',
  dead: 'given to another',
  refunded: 'money back',
  burnt: 'was refused, and its price is burnt'
}

const whatOf = ({ lot }: Award): string =>
  lot.kind === 'adapter' ? 'the model' : manyText(lot.coalitions.length, 'sibling')

function Awards({ awards }: { readonly awards: readonly Award[] }) {
  return (
    <Table
      label="Work that was given out"
      items={awards}
      keyOf={({ escrow }) => escrow}
      columns={[
        { name: 'Work', cell: whatOf },
        { name: 'Worker', cell: ({ worker }) => <Who account={worker} /> },
        {
          name: 'State',
          cell: ({ state, reason, progress }) => (
            <>
              <Chip phase={isAwardLost({ state }) ? 'wrong' : 'jobs'}>{awardStates[state] ?? state}</Chip>{' '}
              {state === 'training' && progress !== null ? `${progress.step} of ${progress.steps}` : ''}
              {reason === undefined ? null : <span className="job-reason">{reason}</span>}
            </>
          )
        },
        { name: 'Price', number: true, cell: ({ price }) => <Amount of={price} /> }
      ]}
    />
  )
}

/** The training as it goes on, and what of it was given to whom. */
export function Training({ job, isOwn }: { readonly job: JobView; readonly isOwn: boolean }) {
  const curve = useCurve(job, isOwn)
  const award = adapterAward(job)
  if (job.awards.length === 0) return null
  const progress = award?.progress ?? null
  const isTraining = award?.state === 'training' && progress !== null
  const measured = last(curve.heldOut)
  return (
    <>
      <Section title="Training">
        <Card phase="jobs">
          <div className="job-train">
            {isTraining ? (
              <Progress
                label={
                  job.paused
                    ? `Waits at step ${progress.step} of ${progress.steps}`
                    : `Step ${progress.step} of ${progress.steps}, about ${durationText(progress.secondsLeft)} left`
                }
                share={progress.step / Math.max(1, progress.steps)}
              />
            ) : null}
            <Facts
              facts={[
                ['Training loss', numberText(last(curve.losses)?.loss ?? NaN)],
                [
                  'Held-out loss',
                  job.heldOutLoss === null
                    ? measured === undefined
                      ? 'not measured yet'
                      : numberText(measured.loss)
                    : `${numberText(job.heldOutLoss.base)} before, ${numberText(job.heldOutLoss.tuned)} now`
                ],
                ['Tokens a second', numberText(last(curve.pace)?.tokensPerSecond ?? NaN)],
                ['Took', award?.seconds === null || award === undefined ? '–' : durationText(award.seconds)]
              ]}
            />
          </div>
        </Card>
        <Charts curve={curve} />
      </Section>
      <Section
        title="Who does the work"
        note="Siblings are trained without somebody's rows: what they answer less well shows what those add."
      >
        <Awards awards={job.awards} />
      </Section>
    </>
  )
}
