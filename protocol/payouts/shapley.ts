import { coalitionSize, exhaustivePlayers, hasPlayer } from '../jobs/index.ts'
import { InvalidError } from '../primitives/errors.ts'
import { maxCandidates } from './bounds.ts'
import { pooledPlayers } from './pooled.ts'
import { pairsOf } from './regression.ts'
import type { Siblings } from './regression.ts'
import { screenedValues } from './screened.ts'
import { largestRemainder } from './shares.ts'
import type { Measured } from './types.ts'

// What each player adds, from the utilities of coalitions. All in integers, so that every machine finds the same.

/** How weights follow from utilities of these coalitions. */
export interface WeightMatrix extends Siblings {
  /** Place of the empty coalition. */
  readonly empty: number
  /**
   * Where every coalition is measured: φ_i = Σ_k numerators[i][k]·u_k / denominator, which are Shapley's values (1953,
   * "A Value for n-Person Games"). Undefined where players are too many, and a regression takes their place.
   */
  readonly exact: { readonly numerators: readonly (readonly bigint[])[]; readonly denominator: bigint } | undefined
}

/** φ of each player in 1e-6, and of all who are no candidates together; they sum to (u_N − u_∅)·100 exactly. */
export interface Weights {
  readonly players: readonly bigint[]
  /** Of nobody in particular: 0 where every player is a candidate. */
  readonly others: bigint
}

/** Utilities are whole numbers of 1e-4, weights of 1e-6. */
export const utilityUnit = 10_000
const weightsPerUtility = 100n

/**
 * @throws InvalidError `coalitions.incomplete` unless the empty and the full one are there, and all where players are
 * few; `coalitions.repeated`; `coalitions.unknown-player`
 */
export function weightMatrix(players: number, coalitions: readonly bigint[]): WeightMatrix {
  const all = 1n << BigInt(players)
  // [reject] Every coalition has players of the version only, and stands once.
  if (coalitions.some(coalition => coalition < 0n || coalition >= all))
    throw new InvalidError('coalitions.unknown-player', `a coalition has other players than the ${players} there are`)
  if (new Set(coalitions).size !== coalitions.length)
    throw new InvalidError('coalitions.repeated', 'a coalition stands twice')
  // [reject] The base model (nobody's data) and the deployed adapter (everybody's) are measured.
  const empty = coalitions.indexOf(0n)
  const full = coalitions.indexOf(all - 1n)
  if (players < 1 || empty < 0 || full < 0)
    throw new InvalidError('coalitions.incomplete', 'the empty and the full coalition must be measured')
  // [reject] Of few players every coalition is.
  const isExhaustive = players <= exhaustivePlayers
  if (isExhaustive && BigInt(coalitions.length) !== all)
    throw new InvalidError('coalitions.incomplete', `of ${players} players every coalition must be measured`)
  const exact = isExhaustive ? exactMatrix(players, coalitions) : undefined
  return {
    players,
    coalitions,
    sizes: coalitions.map(coalitionSize),
    pairs: pairsOf(players, coalitions),
    empty,
    full,
    exact
  }
}

/**
 * v(S∪i) − v(S) weighs |S|!(n−|S|−1)!/n!, so S itself counts +(|S|−1)!(n−|S|)!/n! for its members and
 * −|S|!(n−|S|−1)!/n! for the others.
 */
function exactMatrix(players: number, coalitions: readonly bigint[]): NonNullable<WeightMatrix['exact']> {
  const factorial: bigint[] = [1n]
  for (let i = 1; i <= players; i++) factorial.push((factorial[i - 1] ?? 1n) * BigInt(i))
  const f = (n: number): bigint => factorial[n] ?? 1n
  const numerators = Array.from({ length: players }, (_, player) =>
    coalitions.map(coalition => {
      const size = coalitionSize(coalition)
      return hasPlayer(coalition, player) ? f(size - 1) * f(players - size) : -f(size) * f(players - size - 1)
    })
  )
  return { numerators, denominator: f(players) }
}

/** v(S) = u_S − u_∅. */
function gainsOf({ empty }: WeightMatrix, utilities: readonly number[]): bigint[] {
  const base = BigInt(utilities[empty] ?? 0)
  return utilities.map(utility => BigInt(utility) - base)
}

/**
 * φ in 1e-6, from utilities in 1e-4 (or sums of such over several answers): Shapley's values, or those of the screened
 * regression. Rounded by largest remainder, ties by player index.
 * @throws InvalidError `utilities.count`, `candidates.players`
 */
export function weightsOver(matrix: WeightMatrix, measured: Measured): Weights {
  const { players, coalitions, full, exact } = matrix
  checkFits({ players, coalitions: coalitions.length }, measured)
  const gains = gainsOf(matrix, measured.utilities)
  const total = (gains[full] ?? 0n) * weightsPerUtility
  const rounded = (values: readonly bigint[], denominator: bigint): bigint[] =>
    largestRemainder(
      values.map(value => value * weightsPerUtility),
      denominator,
      total
    )
  if (exact !== undefined) {
    const values = exact.numerators.map(row => row.reduce((sum, value, k) => sum + value * (gains[k] ?? 0n), 0n))
    return { players: rounded(values, exact.denominator), others: 0n }
  }
  const { chosen, values, denominator } = screenedValues(matrix, measured.candidates, gains)
  const found = rounded(values, denominator)
  const weights = Array.from({ length: players }, () => 0n)
  for (const [i, player] of chosen.entries()) weights[player] = found[i] ?? 0n
  return { players: weights, others: found.at(-1) ?? 0n }
}

/** @throws InvalidError `utilities.count`, `candidates.players` */
export function checkFits(
  { players, coalitions }: { readonly players: number; readonly coalitions: number },
  { utilities, candidates }: Measured
): void {
  // [reject] There is one utility for each coalition.
  if (utilities.length !== coalitions)
    throw new InvalidError('utilities.count', `there are ${utilities.length} utilities for ${coalitions} coalitions`)
  // [reject] Candidates are players, in order, each once.
  if (candidates.some((player, i) => player >= players || player <= (candidates[i - 1] ?? -1)))
    throw new InvalidError('candidates.players', 'the candidates are not players in their order, each once')
  // [reject] Where players are few, each of them is one; else there are at most so many.
  if (players <= exhaustivePlayers ? candidates.length !== players : candidates.length > maxCandidates)
    throw new InvalidError('candidates.players', `${candidates.length} candidates of ${players} players`)
}

/**
 * The players who move all answers alike, by sums of utilities over the held-out questions: candidates of every answer,
 * whatever it is about. Every player where they are few.
 */
export function pooledOver(matrix: WeightMatrix, utilities: readonly number[]): number[] {
  const { players, exact } = matrix
  if (exact !== undefined) return Array.from({ length: players }, (_, i) => i)
  return pooledPlayers(matrix, gainsOf(matrix, utilities), mostPooled)
}
/** So many of an answer's candidates at most are there for what they do to all answers. */
export const mostPooled = 2
