import { hasPlayer } from '../jobs/index.ts'
import type { Measure } from './attribution.ts'
import { credited, upTo, wholeOf } from './division.ts'
import type { Standing } from './division.ts'
import type { Weights } from './shapley.ts'

// Whose is the money of a wrong answer? Its own weights say who has caused it, and held-out questions that this one is
// hardly to be believed; they do not say who knew better, since whoever did would have said something else, and an
// answer is as unlikely by those who know better as by those who know nothing. So what the model would have answered
// without the rows of whom nobody believes (the coalition of all others has a sibling, where players are few) is
// weighed by the same siblings, and what is not believed goes by that:
//
//   credit_c = min(max(0, φ_c), b_c)                                          c not believed; nothing where cal_c = 0
//   credit_k = max(0, φ_k) + freed·max(0, φ'_k) / max(Σ_j max(0, φ'_j), τ)    k, j: the others
//
// freed being what the former lose, and φ' the weights of what would have been answered. What nobody is given is of
// nobody in particular. All credits together are what they were, and each counts as far as held-out questions bear it
// out (division.ts); so an answer's money goes by that answer alone, as before, and by what two texts were measured.

/** What counts of a credit whatever else is known: up to b; nothing of whose rows add nothing to true answers. */
const counts = (credit: bigint, most: bigint, calibration: bigint): bigint =>
  calibration === 0n ? 0n : upTo(credit, most)

/** Of an answer's credits one part in so many is worth asking whose the answer would have been. */
const leastPart = 4n

/** The players to whom an answer is not believed to owe, as a coalition: most of a credit that is much of all. */
export function disbelieved(
  { players, others }: Weights,
  { most, calibration }: Pick<Standing, 'most' | 'calibration'>
): bigint {
  const credits = players.map(credited)
  const whole = wholeOf(credits, others)
  return credits.reduce((coalition, credit, i) => {
    const isMuch = credit * leastPart > whole
    const isBelieved = 2n * counts(credit, most[i] ?? 0n, calibration[i] ?? 0n) >= credit
    return isMuch && !isBelieved ? coalition | (1n << BigInt(i)) : coalition
  }, 0n)
}

/**
 * Place of the coalition that says what would have been answered; undefined where the answer is believed to owe to
 * whom it owes, where there is no such sibling (players are too many), and where nobody is left who is believed.
 */
export function counterfactualPlace(
  { players, coalitions, matrix }: Measure,
  weights: Weights,
  standing: Pick<Standing, 'most' | 'calibration'>
): number | undefined {
  const without = disbelieved(weights, standing)
  const isLeft = standing.calibration.some((part, i) => part > 0n && !hasPlayer(without, i))
  if (matrix.exact === undefined || without === 0n || !isLeft) return undefined
  const place = coalitions.indexOf(String((1n << BigInt(players.length)) - 1n - without))
  return place < 0 ? undefined : place
}

/** Weights of an answer as its money is divided by them. @param counterfactual φ' */
export function withCounterfactual(
  weights: Weights,
  counterfactual: Weights,
  standing: Pick<Standing, 'most' | 'calibration'>
): Weights {
  const { most, calibration } = standing
  const without = disbelieved(weights, standing)
  if (without === 0n) return weights
  const credits = weights.players.map(credited)
  const kept = credits.map((credit, i) =>
    hasPlayer(without, i) ? counts(credit, most[i] ?? 0n, calibration[i] ?? 0n) : credit
  )
  const freed = credits.reduce((sum, credit, i) => sum + credit - (kept[i] ?? 0n), 0n)
  const theirs = counterfactual.players.map((weight, i) => (hasPlayer(without, i) ? 0n : credited(weight)))
  const whole = wholeOf(theirs, counterfactual.others)
  const given = theirs.map(credit => (freed * credit) / whole)
  return {
    players: kept.map((credit, i) => credit + (given[i] ?? 0n)),
    others: given.reduce((left, part) => left - part, credited(weights.others) + freed)
  }
}
