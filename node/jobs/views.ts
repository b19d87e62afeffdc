import { endOf } from '../../protocol/jobs/index.ts'
import type { Assignment, AwardDocument, JobRecord, LotState } from '../../protocol/jobs/index.ts'
import type { Message } from '../../protocol/crypto/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { AwardNames } from './awards.ts'
import type { KnownJob } from './known.ts'
import type { AwardState, AwardView, BidView, JobStateName, JobView, ProgressView, RefusalView } from './types.ts'

/** Whether nothing comes of a job any more but what it has come to. */
export const isOver = ({ state }: Pick<JobView, 'state'>): boolean =>
  state === 'completed' || state === 'expired' || state === 'refunded'

/** Who trained the adapter that was accepted. */
export const trainerOf = ({ awards }: Pick<JobView, 'awards'>): Address | undefined =>
  awards.find(({ lot, state }) => lot.kind === 'adapter' && (state === 'released' || state === 'accepted'))?.worker

export const bidView = ({ worker, price, siblingPrice, seconds }: Message<'Bid'>): BidView => ({
  worker,
  price,
  siblingPrice,
  seconds
})

type Seen = { readonly progress: ProgressView | null; readonly losses: readonly number[] }

const viewOf = (
  id: Hex,
  escrow: Hex,
  { statement: { message }, lot }: AwardDocument,
  state: AwardState,
  seen: Seen | undefined,
  seconds: number | null
): AwardView => ({
  award: id,
  worker: message.worker,
  lot,
  price: message.price,
  attempt: message.attempt,
  escrow,
  state,
  progress: seen?.progress ?? null,
  loss: [...(seen?.losses ?? [])],
  seconds
})

/** An award as its builder knows it. */
export const awardView = (id: Hex, escrow: Hex, lot: Exclude<LotState, { state: 'offered' }>, live: Seen): AwardView =>
  viewOf(id, escrow, lot.award, lot.state, live, 'seconds' in lot ? lot.seconds : null)

/** Earlier comes first: a job is as far as its lot that is least far. */
const order = ['funding', 'awarded', 'training', 'delivered', 'accepted', 'released'] as const

export interface ViewSources extends AwardNames {
  readonly refusals: readonly RefusalView[]
  readonly live: (award: Hex) => Seen
  readonly assignment: (award: Hex) => Assignment | undefined
  readonly working: (award: Hex) => Seen | undefined
}

/** A job in one view: what all know, and what only the builder or the worker knows where this node is one. */
export function jobView(id: Hex, known: KnownJob, built: JobRecord | undefined, sources: ViewSources): JobView {
  const { builder, budget, createdAt, deadline } = known.document.statement.message
  const { spec } = known.document
  const awards = built === undefined ? foreignAwards(known, sources) : ownAwards(built, sources)
  return {
    id,
    builder,
    datanet: spec.datanet,
    version: spec.version,
    base: spec.base,
    spec,
    budget,
    createdAt: Number(createdAt) * 1000,
    deadline: Number(deadline) * 1000,
    ...(built === undefined ? foreignState(known, awards) : ownState(built)),
    bids: known.bids.map(({ message }) => bidView(message)),
    refusals: sources.refusals.filter(({ worker }) => !known.bids.some(({ message }) => message.worker === worker)),
    awards,
    result: known.closed?.message.completed === true ? known.closed.message.result : null,
    adapter: built === undefined ? null : adapterOf(built),
    heldOutLoss: built?.heldOut === null || built?.heldOut === undefined ? null : built.heldOut,
    product: built?.product ?? null,
    byHand: built?.byHand ?? false,
    paused: built?.paused ?? false
  }
}

/** An award that came to nothing, by where its money has ended. */
const deadStates = { refunded: 'refunded', paid: 'released', burnt: 'burnt', open: 'dead' } as const

function ownAwards({ state, document }: JobRecord, { awardId, escrowOf, live }: ViewSources): AwardView[] {
  if (state.state === 'bidding') return []
  const { builder } = document.statement.message
  const lots = state.lots.flatMap(lot =>
    lot.state === 'offered'
      ? []
      : [awardView(awardId(lot.award), escrowOf(builder, lot.award), lot, live(awardId(lot.award)))]
  )
  const dead = state.forfeits.map(forfeit => ({
    ...viewOf(
      awardId(forfeit.award),
      escrowOf(builder, forfeit.award),
      forfeit.award,
      deadStates[endOf(forfeit) ?? 'open'],
      live(awardId(forfeit.award)),
      null
    ),
    reason: forfeit.reason
  }))
  return [...lots, ...dead]
}

function ownState({ state, bids }: JobRecord): { state: JobStateName; reason?: string } {
  switch (state.state) {
    case 'bidding':
      return { state: bids.length === 0 ? 'posted' : 'bidding' }
    case 'completed':
      return { state: 'completed' }
    case 'expired':
      return { state: state.forfeits.every(({ refunded }) => refunded) ? 'refunded' : 'expired', reason: state.reason }
    case 'running': {
      const least = Math.min(...state.lots.map(lot => (lot.state === 'offered' ? 0 : order.indexOf(lot.state))))
      const name = order[least] ?? 'funding'
      return { state: name === 'funding' ? 'awarded' : name === 'released' ? 'accepted' : name }
    }
  }
}

function adapterOf({ state }: JobRecord): string | null {
  if (state.state === 'bidding') return null
  const lot = state.lots.find(({ lot }) => lot.kind === 'adapter')
  return lot !== undefined && 'adapters' in lot ? (lot.adapters[0] ?? null) : null
}

/**
 * A peer that is not the builder knows awards, deliveries and the end; and its own work, if it is a worker of the job.
 */
function foreignAwards(
  { awards, deliveries, closed, document }: KnownJob,
  { awardId, escrowOf, assignment, working }: ViewSources
): AwardView[] {
  return awards.map(award => {
    const id = awardId(award)
    const { message } = award.statement
    const later = awards.some(
      ({ statement }) => statement.message.lot === message.lot && statement.message.attempt > message.attempt
    )
    const handedOver = deliveries.some(
      ({ message: delivery }) => delivery.lot === message.lot && delivery.worker === message.worker
    )
    const at = assignment(id)
    const state: AwardState = later
      ? 'dead'
      : closed?.message.completed === true
        ? 'released'
        : handedOver
          ? 'delivered'
          : at?.state === 'queued' && working(id)?.progress !== null
            ? 'training'
            : 'awarded'
    return viewOf(id, escrowOf(document.statement.message.builder, award), award, state, working(id), null)
  })
}

function foreignState({ bids, closed }: KnownJob, awards: readonly AwardView[]): { state: JobStateName } {
  if (closed !== null) return { state: closed.message.completed ? 'completed' : 'expired' }
  if (awards.length === 0) return { state: bids.length === 0 ? 'posted' : 'bidding' }
  if (awards.every(({ state }) => state === 'delivered' || state === 'dead')) return { state: 'delivered' }
  return { state: awards.some(({ state }) => state === 'training') ? 'training' : 'awarded' }
}
