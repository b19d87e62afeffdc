import { InvalidError } from '../primitives/index.ts'
import type { Message } from '../crypto/index.ts'

// A channel's fees are a line that begins at nothing; a receipt stands on it where its running total says. So what it
// brings the pool is known from it and the chain alone, whichever other receipts there are.

/** Fees from, not included, up to. They ascend and do not touch. */
export type Stretch = [from: bigint, to: bigint]

/** Where a receipt stands. */
export const stretchOf = ({ fee, total }: Pick<Message<'Receipt'>, 'fee' | 'total'>): Stretch => [total - fee, total]

export const lengthOf = (stretches: readonly Stretch[]): bigint =>
  stretches.reduce((sum, [from, to]) => sum + to - from, 0n)

/** Whether any part of a stretch stands in others. */
export const overlaps = (stretches: readonly Stretch[], [from, to]: Stretch): boolean =>
  from < to && stretches.some(([start, end]) => start < to && from < end)

/** The stretches with one more. @throws InvalidError `settled.twice` where a part of it stands in them already */
export function withStretch(stretches: readonly Stretch[], stretch: Stretch): Stretch[] {
  if (overlaps(stretches, stretch)) throw new InvalidError('settled.twice', 'fees are counted twice')
  const [from, to] = stretch
  if (from === to) return [...stretches]
  const before = stretches.filter(([, end]) => end <= from)
  const after = stretches.filter(([start]) => start >= to)
  const [left, right] = [before.at(-1), after[0]]
  const joined: Stretch = [left?.[1] === from ? left[0] : from, right?.[0] === to ? right[1] : to]
  return [
    ...(left?.[1] === from ? before.slice(0, -1) : before),
    joined,
    ...(right?.[0] === to ? after.slice(1) : after)
  ]
}

/** What of the fees up to a sum stands in no stretch. */
export function gapsIn(stretches: readonly Stretch[], upTo: bigint): Stretch[] {
  const gaps: Stretch[] = []
  let at = 0n
  for (const [from, to] of stretches) {
    if (from >= upTo) break
    if (from > at) gaps.push([at, from])
    at = to
  }
  if (at < upTo) gaps.push([at, upTo])
  return gaps
}

/** One claim of a channel: all that it has paid out with it, and what of that came into the pool. */
export interface ChannelClaim {
  readonly claimed: bigint
  readonly data: bigint
}

/**
 * What of a channel's first fees, so many, came into the pool: at each claim what the chain says, between two in
 * proportion, rounded down. So stretches that touch come to what both together do, to the smallest unit.
 * @param claims in the order of the chain
 */
export function dataUpTo(claims: readonly ChannelClaim[], fees: bigint): bigint {
  let [low, high] = [0, claims.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((claims[middle]?.claimed ?? 0n) < fees) low = middle + 1
    else high = middle
  }
  const [before, after] = [claims[low - 1] ?? { claimed: 0n, data: 0n }, claims[low]]
  if (after === undefined || after.claimed === before.claimed) return before.data
  return before.data + ((fees - before.claimed) * (after.data - before.data)) / (after.claimed - before.claimed)
}

export const dataOf = (claims: readonly ChannelClaim[], stretches: readonly Stretch[]): bigint =>
  stretches.reduce((sum, [from, to]) => sum + dataUpTo(claims, to) - dataUpTo(claims, from), 0n)
