import { z } from 'zod'
import { amount, bytes32, InvalidError, uint } from '../primitives/index.ts'
import type { Hex } from '../primitives/index.ts'
import type { Message } from '../crypto/index.ts'
import { gapsIn, overlaps, stretchOf, withStretch } from './paid.ts'
import type { Stretch } from './paid.ts'

// What earlier epochs have counted, kept as a running state that each epoch hands to the next: per channel the places
// as ranges, the fees as stretches, and what the channel had claimed: what is claimed and not covered is the difference
// between receipts and chain, named by channel. A channel leaves it when nothing of it can be counted any more.

/** Gaps in a channel's places: parties who leave more wait until some are filled. */
export const maxRanges = 64
/** … and in all channels of a pool together: without it, who leaves gaps makes a state that nobody reads. */
export const maxGaps = 50_000
/** Channels in the state of one pool. */
export const maxSettledChannels = 100_000
/** How long after a channel's expiry its receipts may still be counted, in seconds. */
export const graceSeconds = 30n * 86_400n

const sequence = uint(64)
/**
 * One channel's line: places as ranges (inclusive), fees as stretches; both ascend and do not touch. `claimed` is all
 * that the channel had paid out when the line was last looked at: what of it is not covered waits for receipts.
 */
export const settledChannel = z.strictObject({
  channel: bytes32,
  model: bytes32,
  ranges: z.array(z.tuple([sequence, sequence])).max(maxRanges),
  /** One more than that where the first of its fees were covered last: that gap was not counted once. */
  covered: z.array(z.tuple([amount, amount])).max(maxRanges + 1),
  claimed: amount,
  expiry: sequence
})
export type SettledChannel = z.infer<typeof settledChannel>
export type Range = [from: bigint, to: bigint]
/** What of a channel is settled, by places and by fees. */
export type SettledPlaces = Omit<SettledChannel, 'channel'>

type Places = Pick<SettledPlaces, 'ranges' | 'covered'>

/**
 * Stretches of a channel's fees, with one at their beginning: what stands before the first is a gap like any other, so
 * that dividing the first fees without receipts never makes more of them.
 */
const stretchesOf = ([first, ...others]: SettledPlaces['covered']): number =>
  first === undefined ? 0 : others.length + (first[0] > 0n ? 2 : 1)

/** Gaps of a channel, in its places and in its fees. */
export const gapsOf = ({ ranges, covered }: Places): number =>
  Math.max(0, ranges.length - 1) + Math.max(0, stretchesOf(covered) - 1)

/** Whether a channel has more ranges or stretches than are kept, and than it had. */
export const isScattered = (line: Places, before: Places): boolean =>
  line.ranges.length > Math.max(maxRanges, before.ranges.length) ||
  stretchesOf(line.covered) > Math.max(maxRanges, stretchesOf(before.covered))

/** By channel. */
export type Settled = ReadonlyMap<Hex, SettledPlaces>

/** Whether an epoch has counted a receipt's place, or has divided its fees without it. */
export function isSettled(
  settled: Settled,
  message: Pick<Message<'Receipt'>, 'channel' | 'sequence' | 'fee' | 'total'>
): boolean {
  const line = settled.get(message.channel)
  return line !== undefined && (inRanges(line.ranges, message.sequence) || overlaps(line.covered, stretchOf(message)))
}

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

/** Nothing of such a channel can be counted any more: it needs no memory, and gets none again. */
const isDone = ({ expiry, covered, claimed }: SettledPlaces, at: bigint): boolean =>
  isOver(expiry, at) && gapsIn(covered, claimed).length === 0

/** What the chain says of a channel, as far as an epoch states it. */
export type ChannelLine = Pick<SettledPlaces, 'model' | 'claimed' | 'expiry'>

/**
 * The lines that an epoch begins with: those of the one before, with what the channels have paid since, and those of
 * channels that are new. Beyond so many the new ones that have paid least wait.
 */
export function linesOf(before: Settled, channels: ReadonlyMap<Hex, ChannelLine>, at: bigint): Map<Hex, SettledPlaces> {
  const lines = new Map<Hex, SettledPlaces>()
  for (const [channel, line] of before) {
    if (isDone(line, at)) continue
    const claimed = channels.get(channel)?.claimed ?? line.claimed
    lines.set(channel, { ...line, claimed: claimed > line.claimed ? claimed : line.claimed })
  }
  const fresh = [...channels]
    .filter(([channel, { claimed, expiry }]) => !before.has(channel) && claimed > 0n && !isOver(expiry, at))
    .sort(([a, x], [b, y]) => (x.claimed > y.claimed ? -1 : x.claimed < y.claimed ? 1 : a < b ? -1 : 1))
  for (const [channel, { model, claimed, expiry }] of fresh.slice(0, Math.max(0, maxSettledChannels - lines.size)))
    lines.set(channel, { model, ranges: [], covered: [], claimed, expiry })
  return lines
}

/** Fees of a channel that are divided without a receipt. */
export interface Unreceipted {
  readonly channel: Hex
  readonly model: Hex
  readonly stretches: readonly Stretch[]
}

/**
 * The state after an epoch, and the fees that it divides without a receipt: those for which the epoch before had none
 * either, and all of a channel that is over. So a receipt that is left out or late costs nobody anything but time.
 * @param lines as the epoch begins with them
 * @param isDivided whether the fees of a model are divided now; those of others wait
 * @throws InvalidError `settled.twice`, `settled.ranges`, `settled.unpaid`, `settled.channels`
 */
export function settle(
  before: Settled,
  lines: Settled,
  counted: readonly Pick<Message<'Receipt'>, 'channel' | 'sequence' | 'fee' | 'total'>[],
  isDivided: (model: Hex) => boolean,
  at: bigint
): { settled: Map<Hex, SettledPlaces>; unreceipted: Unreceipted[] } {
  const settled = new Map(lines)
  for (const message of counted) {
    const line = settled.get(message.channel)
    if (line === undefined || message.total > line.claimed)
      throw new InvalidError('settled.unpaid', `channel ${message.channel} has not paid what is counted of it`)
    settled.set(message.channel, {
      ...line,
      ranges: withPlace(line.ranges, message.sequence),
      covered: withStretch(line.covered, stretchOf(message))
    })
  }
  const unreceipted: Unreceipted[] = []
  for (const [channel, line] of settled) {
    if (!isDivided(line.model)) continue
    const stretches = gapsIn(
      line.covered,
      isOver(line.expiry, at) ? line.claimed : (before.get(channel)?.claimed ?? 0n)
    )
    if (stretches.length === 0) continue
    unreceipted.push({ channel, model: line.model, stretches })
    settled.set(channel, { ...line, covered: stretches.reduce(withStretch, line.covered) })
  }
  let [gaps, gapsBefore] = [0, 0]
  for (const [channel, line] of settled) {
    const begun = lines.get(channel) ?? line
    gaps += gapsOf(line)
    gapsBefore += gapsOf(begun)
    if (isScattered(line, begun))
      throw new InvalidError('settled.ranges', `channel ${channel} has more gaps than are kept`)
  }
  // More than that are carried on where a pool has them already; no epoch adds to them.
  if (gaps > Math.max(maxGaps, gapsBefore))
    throw new InvalidError('settled.ranges', 'the channels of the pool have more gaps than are kept')
  if (settled.size > maxSettledChannels)
    throw new InvalidError('settled.channels', `more than ${maxSettledChannels} channels of one pool are open`)
  return { settled, unreceipted: unreceipted.sort((a, b) => (a.channel < b.channel ? -1 : 1)) }
}

/** As it stands in a bundle: by channel. */
export const settledLines = (settled: Settled): SettledChannel[] =>
  [...settled]
    .map(([channel, line]) => ({ channel, ...line }))
    .sort((a, b) => (a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : 0))
export const settledOf = (lines: readonly SettledChannel[]): Settled =>
  new Map(lines.map(({ channel, ...line }) => [channel, line]))
