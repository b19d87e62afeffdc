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
import { contentHash, tokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'
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

/** bidding -> running, when enough have bid or the time for it is over. */
export async function closeBids(
  desk: Desk,
  id: Hex,
  record: JobRecord,
  state: Extract<JobState, { state: 'bidding' }>
): Promise<void> {
  const { deps, nowSeconds, signal, escrows } = desk
  const bids = record.bids.filter(({ message }) => message.expires > nowSeconds())
  const enough = state.expected !== null && bids.length >= state.expected
  if (bids.length === 0 || (!enough && deps.clock.now() < state.until)) return
  const owners = (await deps.versions.rows(record.document.spec, { signal })).map(({ contributor }) => contributor)
  const players = playersOf(owners)
  const rows = rowCounts(players, owners)
  const { budget, deadline } = record.document.statement.message
  const plan = planAwards(bids, budget, coalitionsOf(id, players.length, record.document.spec.coalitions), rows)
  if (plan === undefined) {
    const least = `the lowest is ${tokenText(lowest(bids))} for the adapter alone`
    return endWithout(desk, id, `no bid fits the budget of ${tokenText(budget)} tokens; ${least}`)
  }
  const lots = plan.map(one => awardLot(offer(one.lot), signAward(deps, id, one, 0, deadline)))
  await escrows.change(id, now =>
    now.state.state === 'bidding' ? { ...now, state: begin(now.state, players, rows, lots) } : now
  )
}

const lowest = (bids: readonly Signed<'Bid'>[]): bigint =>
  bids.map(({ message }) => message.price).reduce((a, b) => (b < a ? b : a))
