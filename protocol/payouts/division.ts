import { calibrationUnit } from './bounds.ts'
import { divide, largestRemainder } from './shares.ts'
import type { Weights } from './shapley.ts'

// How the data fee of one answer is divided: by that answer alone, so that nobody's receipts move what others' pay.
//
//   p_c = min(max(0, φ_c), b_c) / max(Σ_k max(0, φ_k), τ)     k: the players, and all who are no candidates as one more
//   s_c = p_c·cal_c + (1 − Σ_k p_k·cal_k)·h_c
//
// A player gets of the answer what its rows added to it, as far as the held-out questions bear that out: no more than
// its rows were seen to add to a true answer (b), and of that as much as was borne out (cal). The rest, that of all who
// are no candidates included, goes by what everybody's rows are worth on those: no row that is added moves it. Shares
// are never negative and add up to one.

/** How far held-out questions bear players out, in the players' order. */
export interface Standing {
  /** cal_c = min(1, max(0, H_c / O_c)), rounded down to 1e-6; 0 for whose rows add nothing to true answers. */
  readonly calibration: readonly bigint[]
  /** b_c in 1e-6: the most that counts of a weight. */
  readonly most: readonly bigint[]
  /** max(0, H_c): h_c is this divided by `total`. Nobody has any where `total` is zero. */
  readonly positive: readonly bigint[]
  readonly total: bigint
}

/** What of a credit counts at most: up to b. */
export const upTo = (credit: bigint, most: bigint): bigint => (credit < most ? credit : most)

/** What of a credit is believed, in parts of `calibrationUnit`: up to b, and of that cal. */
const proven = (credit: bigint, most: bigint, calibration: bigint): bigint => upTo(credit, most) * calibration

/** What of a weight counts: nothing where it is less than nothing. */
export const credited = (weight: bigint): bigint => (weight > 0n ? weight : 0n)

/**
 * b of a player: twice what its rows add to a true answer where they add something, Σ φ·|φ| / Σ |φ| over the held-out
 * questions, rounded down; nothing where they take as much. Whoever teaches how answers look adds a little to all of
 * them and much to none, and is believed in little; who teaches a fact that is asked about adds all of that answer.
 */
export function mostCredited(weights: readonly bigint[]): bigint {
  const size = (weight: bigint): bigint => (weight < 0n ? -weight : weight)
  const all = weights.reduce((sum, weight) => sum + size(weight), 0n)
  const net = weights.reduce((sum, weight) => sum + weight * size(weight), 0n)
  return net > 0n ? (2n * net) / all : 0n
}

/**
 * @param truth H_c of each player, what its rows add to the true answers
 * @param own O_c, what they add to the model's own
 * @param most b_c
 */
export function standingOf(truth: readonly bigint[], own: readonly bigint[], most: readonly bigint[]): Standing {
  const positive = truth.map(credited)
  return {
    calibration: positive.map((worth, i) => {
      const claimed = own[i] ?? 0n
      if (worth === 0n) return 0n
      return worth >= claimed ? calibrationUnit : (worth * calibrationUnit) / claimed
    }),
    most,
    positive,
    total: positive.reduce((sum, worth) => sum + worth, 0n)
  }
}

/**
 * τ, in 1e-6: an answer to which all rows together add less than this is nobody's doing, as far as it is less; that
 * part goes by held-out values, so that noise is not divided as if it were knowledge.
 */
export const leastCredit = 50_000n

/** What an answer's credits are parts of: all of them together, those of no candidates included, τ at least. */
export function wholeOf(credits: readonly bigint[], others: bigint): bigint {
  const sum = credits.reduce((all, credit) => all + credit, credited(others))
  return sum > leastCredit ? sum : leastCredit
}

/** What somebody gets of some money, and what of it for held-out values. */
export interface Part {
  readonly share: bigint
  readonly heldOut: bigint
}

/**
 * By players, in their order; together the money, exactly: each is rounded down and what is missing given to the
 * largest remainders. Null where nobody has a held-out value: then it is held.
 * @param weights φ in 1e-6; undefined where nobody may see the answer, or there is none: then held-out values alone
 */
export function divideAnswer(
  money: bigint,
  weights: Weights | undefined,
  { calibration, most, positive, total }: Standing
): Part[] | null {
  if (total === 0n) return null
  if (weights === undefined) return divide(money, positive).map(share => ({ share, heldOut: share }))
  const credits = weights.players.map(credited)
  const whole = wholeOf(credits, weights.others) * calibrationUnit
  const believed = credits.map((credit, i) => proven(credit, most[i] ?? 0n, calibration[i] ?? 0n))
  const rest = believed.reduce((left, part) => left - part, whole)
  const shares = largestRemainder(
    believed.map((part, i) => money * (part * total + rest * (positive[i] ?? 0n))),
    whole * total,
    money
  )
  return shares.map((share, i) => ({ share, heldOut: share - (money * (believed[i] ?? 0n)) / whole }))
}
