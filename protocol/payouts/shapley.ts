import { InvalidError } from '../primitives/errors.ts'
import { multiply, ridgeInverse, shiftRounded, transpose } from './rational.ts'
import type { Matrix } from './rational.ts'
import { largestRemainder } from './shares.ts'

// What each player adds, from the utilities of coalitions. Over all coalitions these are Shapley values; over some, the
// regression that approximates them best: KernelSHAP (Lundberg & Lee 2017, "A Unified Approach to Interpreting Model
// Predictions"), with its constraint Σφ = u_N − u_∅ built in (Covert & Lee 2021, "Improving KernelSHAP: Practical
// Shapley Value Estimation Using Linear Regression"). All in integers, so that every machine finds the same.

/** φ_i = Σ_k numerators[i][k] · (u_k − u_∅) / denominator. Rows are players, columns coalitions as they were given. */
export interface WeightMatrix {
  readonly numerators: readonly (readonly bigint[])[]
  readonly denominator: bigint
  /** Columns of the empty and of the full coalition. */
  readonly empty: number
  readonly full: number
}

/** Utilities are whole numbers of 1e-4, weights of 1e-6. */
export const utilityUnit = 10_000
const weightsPerUtility = 100n

/** Fractional bits of a regression's W: its error is far below any utility's last digit. */
const fraction = 64n
/** Fractional bits while it is computed, and the ridge 2^−96: what both leave behind is beyond W's last bit. */
const working = 512n
const ridge = 96n
/** The coalition sizes' weights as whole numbers: their sum, about. */
const weightScale = 1n << 24n

const sizeOf = (coalition: bigint): number => {
  let size = 0
  for (let rest = coalition; rest > 0n; rest >>= 1n) size += Number(rest & 1n)
  return size
}
const has = (coalition: bigint, player: number): boolean => ((coalition >> BigInt(player)) & 1n) === 1n

/**
 * W of the coalitions, given as bitmasks (bit i is player i), in any order.
 * @throws InvalidError `coalitions.incomplete` unless the empty and the full one are there; `coalitions.repeated`;
 * `coalitions.unknown-player`
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
  const exhaustive = BigInt(coalitions.length) === all
  return { ...(exhaustive ? exactMatrix(players, coalitions) : regressionMatrix(players, coalitions)), empty, full }
}

/**
 * Shapley's formula: v(S∪i) − v(S) weighs |S|!(n−|S|−1)!/n!, so S itself counts +(|S|−1)!(n−|S|)!/n! for its members
 * and −|S|!(n−|S|−1)!/n! for the others.
 */
function exactMatrix(players: number, coalitions: readonly bigint[]): { numerators: Matrix; denominator: bigint } {
  const factorial: bigint[] = [1n]
  for (let i = 1; i <= players; i++) factorial.push((factorial[i - 1] ?? 1n) * BigInt(i))
  const f = (n: number): bigint => factorial[n] ?? 1n
  const numerators = Array.from({ length: players }, (_, player) =>
    coalitions.map(coalition => {
      const size = sizeOf(coalition)
      return has(coalition, player) ? f(size - 1) * f(players - size) : -f(size) * f(players - size - 1)
    })
  )
  return { numerators, denominator: f(players) }
}

/**
 * min over φ of Σ_S w_S (Σ_{i∈S} φ_i − v(S))² with Σφ = v(N), where a size's share of Σw is KernelSHAP's, ∝ 1/(s(n−s)),
 * divided among the coalitions of that size that were drawn: with all of them drawn it is the kernel itself, with few
 * the drawing by size has spoken already and is not counted twice. What the coalitions do not tell apart is divided
 * equally (the solution of least norm).
 *
 * In δ = φ − v(N)/n and z̃_S = n·z_S − |S|·1 (whole numbers orthogonal to 1) this is M δ = c, with M = Σ w z̃ z̃ᵀ and
 * c = Σ w z̃ (n v(S) − |S| v(N)). Its solution of least norm is the limit of (M + λ)⁻¹ c for λ → 0, here λ = 2^−96.
 */
function regressionMatrix(players: number, coalitions: readonly bigint[]): { numerators: Matrix; denominator: bigint } {
  const n = BigInt(players)
  const weights = drawnWeights(players, coalitions)
  const centred: Matrix = coalitions.map(coalition => {
    const size = BigInt(sizeOf(coalition))
    return Array.from({ length: players }, (_, player) => (has(coalition, player) ? n : 0n) - size)
  })
  const weighted = transpose(centred.map((row, k) => row.map(value => value * (weights[k] ?? 0n))))
  const moments = multiply(weighted, centred)
  const scale = 1n << fraction
  const full = coalitions.findIndex(coalition => sizeOf(coalition) === players)
  const numerators = multiply(ridgeInverse(moments, working, ridge), weighted).map(exact => {
    const row = exact.map(value => shiftRounded(value, working - fraction))
    // n v(S) − |S| v(N), and v(N)/n for everybody; z̃ of the full coalition is zero, so its own column is free for
    // v(N).
    const ofFull = row.reduce((sum, value, k) => sum - n * BigInt(sizeOf(coalitions[k] ?? 0n)) * value, scale)
    return row.map(value => n * n * value).with(full, ofFull)
  })
  return { numerators, denominator: scale * n }
}

/** w_S as whole numbers; 0 for the empty and the full coalition, which the constraint holds. */
function drawnWeights(players: number, coalitions: readonly bigint[]): bigint[] {
  const sizes = coalitions.map(sizeOf)
  const drawn = new Map<number, number>()
  for (const size of sizes) drawn.set(size, (drawn.get(size) ?? 0) + 1)
  return sizes.map(size =>
    size === 0 || size === players ? 0n : weightScale / BigInt(size * (players - size) * (drawn.get(size) ?? 1)) + 1n
  )
}

/**
 * φ of every player in 1e-6, from utilities in 1e-4 (or sums of such over several answers: it is linear). They sum to
 * (u_N − u_∅)·100 exactly: rounded by largest remainder, ties by player index.
 * @throws InvalidError `utilities.count`
 */
export function weightsOver(matrix: WeightMatrix, utilities: readonly number[]): bigint[] {
  // [reject] There is one utility for each coalition.
  if (utilities.length !== matrix.numerators[0]?.length)
    throw new InvalidError(
      'utilities.count',
      `there are ${utilities.length} utilities for ${matrix.numerators[0]?.length ?? 0} coalitions`
    )
  const base = BigInt(utilities[matrix.empty] ?? 0)
  const gains = utilities.map(utility => BigInt(utility) - base)
  const raw = matrix.numerators.map(
    row => row.reduce((sum, value, k) => sum + value * (gains[k] ?? 0n), 0n) * weightsPerUtility
  )
  return largestRemainder(raw, matrix.denominator, (gains[matrix.full] ?? 0n) * weightsPerUtility)
}
