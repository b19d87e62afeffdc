import { divide, divideAnswer, keptPieceOf, resettle, type KnownStanding } from '../../../protocol/payouts/index.ts'
import { feesOf, money, weighedBy } from './present.ts'
import type { Evidence } from './types.ts'

// A share of each epoch's money is kept back, and divided again by the best that held-out questions of its version and
// of a later one say of each player, answer by answer and by the functions that do so in the network. Nobody gives
// anything back: whoever got too much at first gets nothing of what was kept, and that goes to who got too little.

/** What of the money is kept back, in basis points. */
export const keptBack = 5_000

/**
 * Shares of an epoch as they stand in the end, by players of its version.
 * @param places of them among the later version's players
 */
export function settledAgain(first: Evidence, later: Evidence, places: readonly number[]): number[] {
  const [own, last] = [weighedBy(first), weighedBy(later)]
  const players = places.flatMap(place => last.measure.players[place] ?? [])
  const known: KnownStanding = { ...own.values, players }
  const since: KnownStanding = { ...last.values, players: last.measure.players }
  const shares = players.map(() => 0n)
  const pay = (parts: readonly bigint[]): void => {
    for (const [i, part] of parts.entries()) shares[i] = (shares[i] ?? 0n) + part
  }
  for (const [q, part] of feesOf(first).entries()) {
    const weights = own.answers[q] ?? { players: [], others: 0n }
    const piece = keptPieceOf({ money: part, weights }, keptBack)
    const paid = divideAnswer(piece.paid, weights, own.values)
    if (paid === null) {
      // Whose rows are worth nothing yet have all of it held, and it goes by what they turn out to be worth.
      const worth = places.map(place => last.values.positive[place] ?? 0n)
      if (worth.some(one => one > 0n)) pay(divide(part, worth))
      continue
    }
    pay(paid.map(({ share }) => share))
    pay((resettle(piece, known, since) ?? []).map(({ share }) => share))
  }
  return shares.map(share => Number(share) / Number(money))
}
