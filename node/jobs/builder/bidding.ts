import {
  award as awardLot,
  begin,
  coalitionsOf,
  offer,
  planAwards,
  playersOf,
  rowCounts
} from '../../../protocol/jobs/index.ts'
import type { AwardDocument, JobRecord, JobState, PlannedAward } from '../../../protocol/jobs/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { InvalidError, contentHash, tokenText } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'
import { drawOf } from '../draw.ts'
import type { PrivateRows } from '../private-rows.ts'
import type { Desk } from './desk.ts'
import { endWithout } from './endings.ts'

/** The builder's word that a lot is this worker's, at this price. */
export function signAward(
  { network, key }: Pick<JobsDeps, 'network' | 'key'>,
  id: Hex,
  { worker, lot, price }: PlannedAward,
  attempt: number,
  deadline: bigint
): AwardDocument {
  const message = { job: id, worker, attempt, lot: contentHash(lot), price, deadline }
  return { statement: signStatement(network, 'Award', message, key), lot }
}

/**
 * Bids of workers that would be given the rows. Of a private Datanet no stranger's that merely asks for least: who is
 * not named by its rules is chosen by hand, where its builder's choice is trusted. Whom it chose may be given more of
 * the same job.
 */
export async function ofTrainers(
  { privateRows }: { readonly privateRows?: Pick<PrivateRows, 'trainerGrounds'> },
  { document, byHand: isByHand, state }: Pick<JobRecord, 'document' | 'byHand' | 'state'>,
  bids: readonly Signed<'Bid'>[],
  byHand: boolean
): Promise<Signed<'Bid'>[]> {
  if (privateRows === undefined) return [...bids]
  const groundOf = await privateRows.trainerGrounds(document.spec.datanet, document.statement.message.builder)
  const chosen = new Set(isByHand === true ? awardedIn(state) : [])
  return bids.filter(({ message: { worker } }) => {
    const ground = groundOf(worker)
    return ground !== undefined && (byHand || ground !== 'builder' || chosen.has(worker))
  })
}

/** Workers to whom an award of a job went, whatever came of it. */
function awardedIn(state: JobState): Address[] {
  if (state.state === 'bidding') return []
  const lots = state.lots.flatMap(lot => (lot.state === 'offered' ? [] : [lot.award]))
  return [...lots, ...state.forfeits.map(({ award }) => award)].map(({ statement }) => statement.message.worker)
}

/** bidding -> running, when enough have bid or the time for it is over. */
export async function closeBids(
  desk: Desk,
  id: Hex,
  record: JobRecord,
  state: Extract<JobState, { state: 'bidding' }>
): Promise<void> {
  const { deps, nowSeconds } = desk
  const open = record.bids.filter(({ message }) => message.expires > nowSeconds())
  const bids = await ofTrainers(deps, record, open, false)
  if (bids.length === 0 && open.length > 0 && deps.clock.now() >= state.until) return leaveToBuilder(desk, id, open)
  const enough = state.expected !== null && bids.length >= state.expected
  if (bids.length === 0 || (!enough && deps.clock.now() < state.until)) return
  if (await awardAmong(desk, id, record, bids)) return
  const { budget } = record.document.statement.message
  const least = `the lowest is ${tokenText(lowest(bids))} for the adapter alone`
  return endWithout(desk, id, `no bid fits the budget of ${tokenText(budget)} tokens; ${least}`)
}

/** Where only workers have bid that none but their builder may choose, the job waits for its choice, and says so. */
async function leaveToBuilder({ deps, escrows }: Desk, id: Hex, open: readonly Signed<'Bid'>[]): Promise<void> {
  const record = escrows.must(id)
  if ((await ofTrainers(deps, record, open, true)).length === 0) return
  await escrows.change(id, now => (now.state.state === 'bidding' ? { ...now, byHand: true } : now))
  deps.log.warn('the rules of its private Datanet name nobody who bids: its builder has to award it by hand', {
    job: id,
    bids: open.length
  })
}

/** bidding -> running, with the workers that the builder chose. @throws InvalidError `job.award`, `job.over` */
export async function awardByHand(desk: Desk, id: Hex, workers: readonly Address[]): Promise<void> {
  const record = desk.escrows.must(id)
  // [reject] What is awarded is awarded.
  if (record.state.state !== 'bidding')
    throw new InvalidError('job.over', `the job does not wait for bids any more: it is ${record.state.state}`)
  const bids = record.bids.filter(
    ({ message }) => message.expires > desk.nowSeconds() && workers.includes(message.worker)
  )
  const missing = workers.find(worker => !bids.some(({ message }) => message.worker === worker))
  // [reject] Nobody is given work who did not offer to do it.
  if (missing !== undefined)
    throw new InvalidError('job.award', `${missing} has not bid for this job, or its bid is over`, {
      help: 'Choose among those who have.'
    })
  // [reject] Nor who could not read what it would learn.
  if ((await ofTrainers(desk.deps, record, bids, true)).length < bids.length)
    throw new InvalidError('job.award', 'the Datanet is private, and its rules give its rows to no such worker', {
      help: 'Choose one whom they name, or ask its validators: tilth datanet trainers add NAME --worker ADDRESS.'
    })
  const { budget } = record.document.statement.message
  // [reject] What they ask is within what was promised for all of it.
  if (!(await awardAmong(desk, id, record, bids, true)))
    throw new InvalidError('job.award', `they ask for more than the budget of ${tokenText(budget)} tokens`, {
      help: 'Choose one who asks for less.'
    })
}

/** @returns whether the bids fit the budget */
async function awardAmong(
  desk: Desk,
  id: Hex,
  record: JobRecord,
  bids: readonly Signed<'Bid'>[],
  byHand = false
): Promise<boolean> {
  const { deps, escrows } = desk
  const owners = await deps.versions.owners(record.document.spec)
  const players = playersOf(owners)
  const rows = rowCounts(players, owners)
  const { budget, deadline } = record.document.statement.message
  const draw = await drawOf(deps.chain, record.document.spec)
  const plan = planAwards(bids, budget, coalitionsOf(draw, players.length, record.document.spec.coalitions), rows)
  if (plan === undefined) return false
  const lots = plan.map(one => awardLot(offer(one.lot), signAward(deps, id, one, 0, deadline)))
  await escrows.change(id, now =>
    now.state.state === 'bidding'
      ? { ...now, ...(byHand ? { byHand } : {}), state: begin(now.state, draw, players, rows, lots) }
      : now
  )
  return true
}

const lowest = (bids: readonly Signed<'Bid'>[]): bigint =>
  bids.map(({ message }) => message.price).reduce((a, b) => (b < a ? b : a))
