import { InvalidError } from '../primitives/errors.ts'
import type { DatanetRules, Weighing } from './types.ts'

// What seats weigh: as they are named, one each, or by what each has staked under a cap. The contract weighs
// (`Rosters.sol`, `StakeWeights.sol`) when a roster is seated, so that one weight counts everywhere and everybody has
// it from the chain; the same is written here for who wants to know before. Seats are given by those who seat a roster:
// a stake makes nobody a validator, and who divides it over several seats that it was given has at most what all of it
// would weigh without a cap.

/** Stands in a call in place of each weight; the contract's `BY_SEAT` and `BY_STAKE`. */
const bySeat = 1n << 94n
const byStake = 1n << 95n
export const weighingCode = (by: Weighing): bigint => (by.by === 'seat' ? bySeat : byStake + BigInt(by.cap))
/** Whether a weight that the chain tells is none, but says how seats are weighed. */
export const isWeighingCode = (weight: bigint): boolean => weight >= bySeat

type Weighed = Pick<DatanetRules, 'validators' | 'weights'>

/** The seats as a call to the chain names them. */
export const seatsFor = (
  { weights }: Pick<DatanetRules, 'weights'>,
  validators: Weighed['validators']
): { address: Weighed['validators'][number]['address']; weight: bigint }[] =>
  validators.map(({ address, weight }) => ({
    address,
    weight: weights === undefined ? BigInt(weight) : weighingCode(weights)
  }))

/** @throws InvalidError `rules.weights` */
export function checkWeights({ weights, validators }: Weighed): void {
  // [reject] Where weights are made, nobody names others.
  if (weights !== undefined && validators.some(({ weight }) => weight !== 1))
    throw new InvalidError('rules.weights', `seats weigh by ${weights.by} here: no validator has a weight of its own`, {
      help: 'Name validators without weights, or let weights be named: --weights fixed.'
    })
}

const unitsOfLeast = 1_000n
const mostUnits = 1_000_000_000n

/** What a stake counts: thousandths of the least one, none below it, and a million least ones at most. */
export function unitsOf(staked: bigint, least: bigint): number {
  if (staked === 0n || staked < least) return 0
  if (least === 0n) return Number(unitsOfLeast)
  const units = (staked / least) * unitsOfLeast + ((staked % least) * unitsOfLeast) / least
  return Number(units < mostUnits ? units : mostUnits)
}

/**
 * Units cut at the highest level at which no seat has more than the cap's share of what all have together. Where there
 * are too few seats for that, each with any weighs one.
 * @param cap in basis points
 */
export function cappedWeights(units: readonly number[], cap: number): number[] {
  const sumAt = (level: number): number => units.reduce((sum, one) => sum + Math.min(one, level), 0)
  // What a level leaves over rises ever less, so the levels that keep the cap are all up to one.
  let level = 0
  for (let above = Math.max(0, ...units) + 1; above - level > 1;) {
    const middle = Math.floor((level + above) / 2)
    if (middle * 10_000 <= cap * sumAt(middle)) level = middle
    else above = middle
  }
  return units.map(one => (level === 0 && one > 0 ? 1 : Math.min(one, level)))
}
