import { z } from 'zod'
import { amount, bytes32, InvalidError, uint } from '../primitives/index.ts'
import type { Hex } from '../primitives/index.ts'

// What earlier epochs have counted, kept as a running state that each epoch hands to the next: per channel the places
// as ranges, and what their fees come to. A channel leaves it when nothing of it can be counted any more.

/** Gaps in a channel's places: parties who leave more wait until some are filled. */
export const maxRanges = 64
/** Channels in the state of one pool. */
export const maxSettledChannels = 100_000
/** How long after a channel's expiry its receipts may still be counted, in seconds. */
export const graceSeconds = 30n * 86_400n

const sequence = uint(64)
/** One channel's line: ranges are inclusive, ascend, and do not touch. */
export const settledChannel = z.strictObject({
  channel: bytes32,
  ranges: z
    .array(z.tuple([sequence, sequence]))
    .min(1)
    .max(maxRanges),
  fees: amount,
  expiry: sequence
})
export type SettledChannel = z.infer<typeof settledChannel>
export type Range = [from: bigint, to: bigint]
/** What of a channel is settled: places, the sum of their fees, and the channel's expiry. */
export type SettledPlaces = Omit<SettledChannel, 'channel'>

/** By channel. */
export type Settled = ReadonlyMap<Hex, SettledPlaces>

export const isSettled = (settled: Settled, { channel, sequence }: { channel: Hex; sequence: bigint }): boolean =>
  inRanges(settled.get(channel)?.ranges ?? [], sequence)

/** Whether a place stands in ranges that ascend. */
export function inRanges(ranges: readonly Range[], place: bigint): boolean {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.[1] ?? 0n) < place) low = middle + 1
    else high = middle
  }
  const range = ranges[low]
  return range !== undefined && range[0] <= place
}

/** The ranges with one more place. @throws InvalidError `settled.twice` when it stands in them */
export function withPlace(ranges: readonly Range[], place: bigint): Range[] {
  if (inRanges(ranges, place)) throw new InvalidError('settled.twice', 'a place is counted twice')
  const after = ranges.findIndex(([from]) => from > place)
  const at = after < 0 ? ranges.length : after
  const [before, next] = [ranges[at - 1], ranges[at]]
  const left = before !== undefined && before[1] + 1n === place ? before : undefined
  const right = next !== undefined && place + 1n === next[0] ? next : undefined
  return [
    ...ranges.slice(0, left === undefined ? at : at - 1),
    [left?.[0] ?? place, right?.[1] ?? place],
    ...ranges.slice(right === undefined ? at : at + 1)
  ]
}

/** A channel whose receipts count no more at that time (chain seconds): also a settled one is forgotten then. */
export const isOver = (expiry: bigint, at: bigint): boolean => at > expiry + graceSeconds

export interface Counted {
  readonly channel: Hex
  readonly sequence: bigint
  readonly fee: bigint
}

/**
 * The state after an epoch: the one before without channels that are over, and what the epoch counts.
 * @param at the epoch's time; it never goes back
 * @param expiries of the channels it counts
 * @throws InvalidError `settled.twice`, `settled.ranges`, `settled.channels`, `settled.over`
 */
export function settle(
  before: Settled,
  counted: readonly Counted[],
  expiries: ReadonlyMap<Hex, bigint>,
  at: bigint
): Map<Hex, SettledPlaces> {
  const after = new Map([...before].filter(([, { expiry }]) => !isOver(expiry, at)))
  for (const { channel, sequence: place, fee } of counted) {
    const known = after.get(channel)
    const expiry = known?.expiry ?? expiries.get(channel)
    if (expiry === undefined || isOver(expiry, at))
      throw new InvalidError('settled.over', `channel ${channel} is over, its receipts count no more`)
    const ranges = withPlace(known?.ranges ?? [], place)
    after.set(channel, { ranges, fees: (known?.fees ?? 0n) + fee, expiry })
  }
  for (const [channel, { ranges }] of after)
    if (ranges.length > maxRanges)
      throw new InvalidError('settled.ranges', `channel ${channel} has more gaps than are kept`)
  if (after.size > maxSettledChannels)
    throw new InvalidError('settled.channels', `more than ${maxSettledChannels} channels of one pool are open`)
  return after
}

/** As it stands in a bundle: by channel. */
export const settledLines = (settled: Settled): SettledChannel[] =>
  [...settled]
    .map(([channel, line]) => ({ channel, ...line }))
    .sort((a, b) => (a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : 0))
export const settledOf = (lines: readonly SettledChannel[]): Settled =>
  new Map(lines.map(({ channel, ...line }) => [channel, line]))
