import type { Address } from '../primitives/hex.ts'
import type { Message } from '../crypto/statements.ts'
import { hasPlayer } from './masks.ts'
import type { Lot } from './types.ts'

/**
 * What training one coalition costs, in rows: every row is seen equally often. A coalition of players without rows
 * still costs its set-up.
 */
export function coalitionCost(coalition: bigint, rows: readonly number[]): number {
  return Math.max(
    1,
    rows.reduce((sum, count, i) => (hasPlayer(coalition, i) ? sum + count : sum), 0)
  )
}

export interface Bidder {
  readonly worker: Address
  /** Its own estimate for one adapter on all rows: what its speed is known by. */
  readonly seconds: number
  /** Rows it is already busy with (the deployed adapter, for its winner). */
  readonly load: number
}

/**
 * Divides the siblings (all coalitions but the empty and the full one) among the bidders in proportion to their speed:
 * the largest first, each to whoever would then be done earliest (list scheduling on machines of unequal speed, Graham
 * 1969). Ties go by index and by the bidders' order, so everybody divides the same.
 * @returns for each bidder the indices into `coalitions`, ascending; empty where it gets none
 */
export function divideSiblings(
  coalitions: readonly bigint[],
  rows: readonly number[],
  bidders: readonly Bidder[]
): number[][] {
  const lots: number[][] = bidders.map(() => [])
  const loads = bidders.map(({ load }) => BigInt(load))
  const siblings = coalitions
    .map((coalition, index) => ({ index, cost: coalitionCost(coalition, rows) }))
    .slice(1, -1)
    .sort((a, b) => b.cost - a.cost || a.index - b.index)
  for (const { index, cost } of siblings) {
    let best = 0
    let earliest: bigint | undefined
    for (const [i, bidder] of bidders.entries()) {
      // Speed is rows / seconds, and rows are the same for all: time to finish goes as load times seconds.
      const finish = (loads[i]! + BigInt(cost)) * BigInt(Math.max(1, bidder.seconds))
      if (earliest === undefined || finish < earliest) {
        earliest = finish
        best = i
      }
    }
    lots[best]?.push(index)
    loads[best]! += BigInt(cost)
  }
  return lots.map(indices => indices.sort((a, b) => a - b))
}

/** A lot's price by a bid: the adapter's own, or for siblings their share of rows of `siblingPrice`, rounded up. */
export function lotPrice(
  bid: Pick<Message<'Bid'>, 'price' | 'siblingPrice'>,
  lot: Lot,
  coalitions: readonly bigint[],
  rows: readonly number[]
): bigint {
  if (lot.kind === 'adapter') return bid.price
  const all = BigInt(
    Math.max(
      1,
      rows.reduce((a, b) => a + b, 0)
    )
  )
  const cost = BigInt(lot.coalitions.reduce((sum, index) => sum + coalitionCost(coalitions[index] ?? 0n, rows), 0))
  return (bid.siblingPrice * cost + all - 1n) / all
}
