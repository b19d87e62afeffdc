import { InvalidError } from '../primitives/errors.ts'
import { floorDiv } from './rational.ts'

export const sumOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n)

/**
 * numerators/denominator as whole numbers that sum to `total`: rounded down, and what is missing given one by one to
 * the
 * largest remainders, ties to the lower index (Hamilton's method).
 * @param total Σ numerators / denominator, or as near as the numerators are to the truth
 * @throws InvalidError `shares.total` when rounding cannot reach the total
 */
export function largestRemainder(numerators: readonly bigint[], denominator: bigint, total: bigint): bigint[] {
  const whole = numerators.map(value => floorDiv(value, denominator))
  const missing = total - sumOf(whole)
  if (missing < 0n || missing > BigInt(numerators.length))
    throw new InvalidError('shares.total', `${numerators.length} parts cannot be rounded to a sum of ${total}`)
  const order = numerators
    .map((value, index) => ({ index, rest: value - (whole[index] ?? 0n) * denominator }))
    .sort((a, b) => (a.rest > b.rest ? -1 : a.rest < b.rest ? 1 : a.index - b.index))
  for (const { index } of order.slice(0, Number(missing))) whole[index] = (whole[index] ?? 0n) + 1n
  return whole
}

/** Divides an amount in proportion to values of which none is negative and one is positive. */
export function divide(amount: bigint, values: readonly bigint[]): bigint[] {
  const sum = sumOf(values)
  if (sum <= 0n || values.some(value => value < 0n))
    throw new InvalidError('shares.values', 'shares need values that are not negative, and one that is positive')
  return largestRemainder(
    values.map(value => value * amount),
    sum,
    amount
  )
}
