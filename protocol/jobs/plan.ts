import type { Message, Signed } from '../crypto/statements.ts'
import type { Address } from '../primitives/hex.ts'
import { divideSiblings, lotPrice } from './lots.ts'
import type { Lot } from './types.ts'

export interface PlannedAward {
  readonly worker: Address
  readonly lot: Lot
  readonly price: bigint
}

/** Better is cheap and fast alike: price times seconds, then price, then address, so that no two bids are equal. */
export function compareBids(a: Message<'Bid'>, b: Message<'Bid'>): number {
  const [left, right] = [(a.price + 1n) * BigInt(a.seconds), (b.price + 1n) * BigInt(b.seconds)]
  if (left !== right) return left < right ? -1 : 1
  if (a.price !== b.price) return a.price < b.price ? -1 : 1
  return a.worker < b.worker ? -1 : a.worker > b.worker ? 1 : 0
}

/**
 * Who trains what: the adapter goes to the best bid, the siblings to all bidders by speed. While that costs more than
 * the budget, the bidder with the dearest siblings gets none of them.
 * @returns undefined when no bid, or no division, fits the budget
 */
export function planAwards(
  bids: readonly Signed<'Bid'>[],
  budget: bigint,
  coalitions: readonly bigint[],
  rows: readonly number[]
): PlannedAward[] | undefined {
  const messages = bids
    .map(({ message }) => message)
    .filter(({ price }) => price <= budget)
    .sort(compareBids)
  const winner = messages[0]
  if (winner === undefined) return undefined
  const adapter: PlannedAward = { worker: winner.worker, lot: { kind: 'adapter' }, price: winner.price }
  const all = rows.reduce((a, b) => a + b, 0)
  for (let sharing = messages; sharing.length > 0;) {
    const indices = divideSiblings(
      coalitions,
      rows,
      sharing.map(({ worker, seconds }) => ({ worker, seconds, load: worker === winner.worker ? all : 0 }))
    )
    const awards = [adapter]
    for (const [i, bid] of sharing.entries()) {
      const own = indices[i] ?? []
      if (own.length === 0) continue
      const lot: Lot = { kind: 'siblings', coalitions: own }
      awards.push({ worker: bid.worker, lot, price: lotPrice(bid, lot, coalitions, rows) })
    }
    if (awards.reduce((sum, { price }) => sum + price, 0n) <= budget) return awards
    const dearest = sharing.reduce((a, b) => (b.siblingPrice >= a.siblingPrice ? b : a))
    sharing = sharing.filter(bid => bid !== dearest)
  }
  return undefined
}

/**
 * Who takes a lot whose worker died: the best bidder that did not fail at it yet and fits what is left of the budget.
 */
export function pickReplacement(
  bids: readonly Signed<'Bid'>[],
  lot: Lot,
  failed: readonly Address[],
  left: bigint,
  coalitions: readonly bigint[],
  rows: readonly number[]
): PlannedAward | undefined {
  const best = bids
    .map(({ message }) => message)
    .filter(({ worker }) => !failed.includes(worker))
    .sort(compareBids)
    .map(bid => ({ worker: bid.worker, lot, price: lotPrice(bid, lot, coalitions, rows) }))
    .find(({ price }) => price <= left)
  return best
}
