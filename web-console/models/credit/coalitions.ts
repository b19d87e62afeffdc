import { hasPlayer } from '../../../protocol/jobs/masks.ts'

// Which contributors' rows a measured model had: groups of players, written as bitmasks (bit i is player i).

/** Places of the groups that people ask for first: nobody's rows, everybody's, and everybody's but one's. */
export function coalitionsWith(players: number, coalitions: readonly string[]) {
  const places = new Map(coalitions.map((coalition, at) => [coalition, at]))
  const all = (1n << BigInt(players)) - 1n
  return {
    empty: places.get('0'),
    full: places.get(all.toString()),
    without: (player: number): number | undefined => places.get((all ^ (1n << BigInt(player))).toString())
  }
}

/** One comparison of Shapley's: what a player's rows add to a group's. */
export interface Step {
  /** The others in the group. */
  readonly with: readonly string[]
  /** How likely the answer is without and with the player's rows. */
  readonly before: number
  readonly after: number
  /** How much the comparison counts; all of them together count 1. */
  readonly counts: number
}

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))

/**
 * Every comparison that a player's weight is the weighed mean of, where all groups were measured; undefined where only
 * some were, and the weight is fitted to them.
 */
export function stepsOf(
  player: number,
  players: readonly string[],
  coalitions: readonly string[],
  utilities: readonly number[]
): readonly Step[] | undefined {
  const n = players.length
  if (BigInt(coalitions.length) !== 1n << BigInt(n)) return undefined
  const own = 1n << BigInt(player)
  const likely = new Map(coalitions.map((coalition, at) => [BigInt(coalition), (utilities[at] ?? 0) / 1e4]))
  return coalitions
    .map(BigInt)
    .filter(coalition => (coalition & own) === 0n)
    .map(coalition => {
      const others = players.filter((_, i) => hasPlayer(coalition, i))
      return {
        with: others,
        before: likely.get(coalition) ?? 0,
        after: likely.get(coalition | own) ?? 0,
        counts: (factorial(others.length) * factorial(n - others.length - 1)) / factorial(n)
      }
    })
    .sort((a, b) => a.with.length - b.with.length)
}
