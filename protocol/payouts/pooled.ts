import { hasPlayer } from '../jobs/index.ts'
import { next, productsOf, valuesOf } from './regression.ts'
import type { Siblings } from './regression.ts'

/** By how much more than chance (F): what the best of so many players explains by chance, and more. */
const standsOutAmong = (players: number): bigint => BigInt(8 + 2 * players.toString(2).length)
/** Players who are looked at more closely: those whose siblings differ most from those without them. */
const closely = 16

/**
 * Players who move the utilities of all answers together, whatever these are about: by style, form or labels, which no
 * word shows.
 * @returns indices of players, ascending
 */
export function pooledPlayers(siblings: Siblings, gains: readonly bigint[], most: number): number[] {
  const chosen: number[] = []
  while (chosen.length < most) {
    const among = [
      ...chosen,
      ...apartMost(siblings, leftOver(siblings, chosen, gains)).filter(p => !chosen.includes(p))
    ]
    const products = productsOf(siblings, among, gains)
    const place = next(
      products,
      chosen.map((_, i) => i),
      standsOutAmong(siblings.players)
    )
    if (place === undefined) break
    chosen.push(among[place] ?? 0)
  }
  return chosen.sort((a, b) => a - b)
}

/** What a regression on these players leaves of each sibling's gain, all in one unit. */
function leftOver(siblings: Siblings, candidates: readonly number[], gains: readonly bigint[]): bigint[] {
  const { values, denominator } = valuesOf(
    productsOf(siblings, candidates, gains),
    candidates.map((_, i) => i)
  )
  const others = BigInt(siblings.players - candidates.length)
  const ofOthers = values.at(-1) ?? 0n
  return siblings.coalitions.map((coalition, k) => {
    const inside = candidates.map(candidate => hasPlayer(coalition, candidate))
    const without = BigInt((siblings.sizes[k] ?? 0) - inside.filter(Boolean).length)
    const own = values.reduce((sum, value, i) => (inside[i] === true ? sum + value : sum), 0n)
    return others * ((gains[k] ?? 0n) * denominator - own) - without * ofOthers
  })
}

/** The players with the largest difference between the siblings that have their rows and those that have not. */
function apartMost({ players, coalitions, pairs }: Siblings, gains: readonly bigint[]): number[] {
  const apart = Array.from({ length: players }, () => 0n)
  for (const [place, other] of pairs) {
    const gain = (gains[place] ?? 0n) - (gains[other] ?? 0n)
    // Bits from the lowest on, as text: looking at each by a shift would take the square of the players.
    const bits = (coalitions[place] ?? 0n).toString(2)
    for (let player = 0; player < players; player++)
      apart[player] = (apart[player] ?? 0n) + (bits[bits.length - 1 - player] === '1' ? gain : -gain)
  }
  const size = (value: bigint): bigint => (value < 0n ? -value : value)
  return apart
    .map((value, player) => ({ player, value: size(value) }))
    .sort((a, b) => (a.value > b.value ? -1 : a.value < b.value ? 1 : a.player - b.player))
    .slice(0, closely)
    .map(({ player }) => player)
}
