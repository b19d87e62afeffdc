import type { Stage } from '../../protocol/flow.ts'
import { isOver } from '../jobs/index.ts'
import type { JobView } from '../jobs/index.ts'
import type { Doing, FlowDeps } from './types.ts'

/** Things of one stage that are looked at and shown. */
export const mostDoing = 50

const underTraining = (job: JobView): Doing[] =>
  job.awards
    .filter(({ state }) => state === 'awarded' || state === 'training')
    .map(award => ({ kind: 'training', job, award }))

/** What is under way, by stage; a stage that is not here does what it does at once. */
export async function doingNow({
  chain,
  data,
  jobs,
  models,
  payouts
}: Pick<FlowDeps, 'chain' | 'data' | 'jobs' | 'models' | 'payouts'>): Promise<ReadonlyMap<Stage, readonly Doing[]>> {
  const [undecided, pending] = await Promise.all([data.undecided(), chain.ledger.pending({ limit: mostDoing })])
  const open = jobs.jobs().filter(job => !isOver(job))
  const epochs = await Promise.all(pending.items.map(({ pool, epoch }) => payouts.epoch(pool, epoch)))
  const where = (status: (typeof undecided)[number]['status']): Doing[] =>
    undecided.filter(one => one.status === status).map(one => ({ kind: 'contribution', ...one }))
  const at = (...states: JobView['state'][]): Doing[] =>
    open.filter(({ state }) => states.includes(state)).map(job => ({ kind: 'job', job }))
  return new Map<Stage, readonly Doing[]>([
    ['contribution', where('committed')],
    ['checks', where('revealed')],
    ['votes', where('voting')],
    ['job', at('posted')],
    ['bids', at('bidding')],
    ['training', open.flatMap(underTraining)],
    ['delivery', at('delivered', 'accepted')],
    ['offer', models.offers().map(offer => ({ kind: 'offer', ...offer }))],
    ['inference', models.underway().map(answer => ({ kind: 'answer', ...answer }))],
    ['settlement', epochs.flatMap(epoch => (epoch === undefined ? [] : [{ kind: 'epoch' as const, ...epoch }]))]
  ])
}
