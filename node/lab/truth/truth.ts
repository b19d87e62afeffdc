import { errorOf, meanMatrix, meanRankCorrelation, sharesOf, weighted, mean, rangeOf, type Interval } from './shares.ts'
import { leastSquares, shapley } from './shapley.ts'

/** What every coalition's sibling of one seed knows of every question: right or wrong, or log-likelihood. */
export interface TruthSeed {
  readonly seed: number
  /** [question][coalition] */
  readonly worth: readonly (readonly number[])[]
}

export interface Game {
  readonly players: number
  /** Members of each coalition; the empty and the full one are among them. */
  readonly coalitions: readonly (readonly boolean[])[]
}

export const isExact = ({ players, coalitions }: Game): boolean => coalitions.length === 2 ** players

const maskOf = (members: readonly boolean[]): number =>
  members.reduce((mask, is, i) => (is ? mask | (1 << i) : mask), 0)

/** Each player's value for one question: exact Shapley where all coalitions are there, else least squares over all. */
export function valuesOf(game: Game, worth: readonly number[]): number[] {
  const { players, coalitions } = game
  const sizes = coalitions.map(members => members.filter(Boolean).length)
  const empty = worth[sizes.indexOf(0)] ?? 0
  const full = worth[sizes.indexOf(players)] ?? 0
  if (isExact(game)) {
    const byMask: number[] = []
    coalitions.forEach((members, k) => {
      byMask[maskOf(members)] = worth[k] ?? 0
    })
    return shapley(players, byMask)
  }
  const lines = coalitions.map((members, k) => ({ members, weight: 1, worth: (worth[k] ?? 0) - empty }))
  return leastSquares(players, lines, full - empty)
}

/** Truth by retraining on other seeds than the rule's. */
export interface Truth {
  /** [question][player], the mean of the seeds. */
  readonly values: readonly (readonly number[])[]
  readonly bySeed: readonly (readonly (readonly number[])[])[]
}

export function truthOf(game: Game, seeds: readonly TruthSeed[]): Truth {
  const bySeed = seeds.map(({ worth }) => worth.map(one => valuesOf(game, one)))
  return { values: meanMatrix(bySeed), bySeed }
}

/** Shares under a log, of all seeds together and of each. */
export function trueShares(
  truth: Truth,
  weights: readonly number[],
  players: number
): { all: number[]; each: number[][] } {
  const shares = (values: readonly (readonly number[])[]): number[] => sharesOf(weighted(values, weights, players))
  return { all: shares(truth.values), each: truth.bySeed.map(shares) }
}

/** How near one seed's truth comes to that of the others: no rule that trains once can be asked for more. */
export interface Ceiling {
  readonly error: Interval | null
  readonly rankCorrelation: number | null
}

export function ceilingOf(truth: Truth, weights: readonly number[], players: number): Ceiling {
  if (truth.bySeed.length < 2) return { error: null, rankCorrelation: null }
  const others = (i: number): number[][] => meanMatrix(truth.bySeed.filter((_, j) => j !== i))
  const shares = (values: readonly (readonly number[])[]): number[] => sharesOf(weighted(values, weights, players))
  const errors = truth.bySeed.map((one, i) => errorOf(shares(one), shares(others(i))))
  const correlations = truth.bySeed.flatMap((one, i) => meanRankCorrelation(one, others(i)) ?? [])
  return { error: rangeOf(errors), rankCorrelation: correlations.length === 0 ? null : mean(correlations) }
}
