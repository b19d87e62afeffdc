import { next, productsOf, valuesOf } from './regression.ts'
import type { Effects, Siblings } from './regression.ts'

// What players add where there are too many to measure every coalition. An answer owes to few: of the players whose
// rows may be about it (its candidates) those are unknowns whose effect stands out of the siblings' noise, and all
// others together are one more. Over the siblings S,
//   v(S) ≈ Σ_{c in S} φ_c + φ_others·|S ∩ others|/|others|     with Σ_c φ_c + φ_others = v(N) exactly.

/**
 * By how much a candidate has to explain more than a player does by chance (F, the square of t): otherwise it is one of
 * the others. So half of what noise would pay to idle candidates is not paid, and of what four players share hardly
 * anything is lost, which no one of them shows clearly; a higher bar would lose it.
 */
const standsOut = 2n

/**
 * What k players know alike shows in halves only where none of the others has it: k/2^(k−1) of it, for which
 * Shapley's value gives all. So what the chosen ones lack of v(N) is theirs as far as that explains it.
 */
function withShared({ chosen, values, denominator }: Effects, total: bigint): Effects {
  const own = values.slice(0, -1)
  const sum = own.reduce((a, b) => a + b, 0n)
  const whole = total * denominator
  // One alone, and two, show all of it.
  if (chosen.length < 3) return { chosen, values, denominator }
  const [more, less] = [1n << BigInt(chosen.length - 1), BigInt(chosen.length)]
  const isShared = own.every(value => value > 0n === whole > 0n) && sum * sum < whole * whole
  if (!isShared) return { chosen, values, denominator }
  const size = (value: bigint): bigint => (value < 0n ? -value : value)
  const [by, of] = size(whole) * less <= size(sum) * more ? [size(whole), size(sum)] : [more, less]
  const shared = own.map(value => value * by)
  const scaled = denominator * of
  return { chosen, values: [...shared, total * scaled - shared.reduce((a, b) => a + b, 0n)], denominator: scaled }
}

/**
 * One after another whoever explains most of what is left (forward selection), as long as that stands out.
 * @param candidates indices of players, ascending, each once; at least one player is none
 * @param gains v(S) = u_S − u_∅ of each coalition
 */
export function screenedValues(siblings: Siblings, candidates: readonly number[], gains: readonly bigint[]): Effects {
  const products = productsOf(siblings, candidates, gains)
  const picked: number[] = []
  for (let place = next(products, picked, standsOut); place !== undefined; place = next(products, picked, standsOut))
    picked.push(place)
  picked.sort((a, b) => a - b)
  return withShared(valuesOf(products, picked), products.total)
}
