import type { Network } from '../crypto/index.ts'
import { TilthError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import type { KeptBackRule } from '../data/types.ts'
import { checkCosigned } from '../models/index.ts'
import type { CheckedReceipt, CosignedReceipt } from '../models/index.ts'
import { attributionHash, attributionOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import { receiptId } from './leaves.ts'
import { gapsOf, inRanges, isOver, isScattered, isSettled, linesOf, maxGaps, withPlace } from './settled.ts'
import type { ChannelLine, Settled, SettledPlaces } from './settled.ts'
import { dataOf, gapsIn, overlaps, stretchOf, withStretch } from './paid.ts'
import type { ChannelClaim } from './paid.ts'
import { isDrawn, placeIn } from './round.ts'
import type { Assigned } from './round.ts'
import type { Scored } from './types.ts'
import { isSigned } from './weighing.ts'
import { isCommitted } from './words.ts'

/** A channel as the chain knows it. */
export interface ChannelFacts {
  readonly client: Address
  readonly worker: Address
  readonly model: Hex
  /** All that it has paid out, and claim by claim what of it came into the pool. */
  readonly claimed: bigint
  readonly claims: readonly ChannelClaim[]
  /** Chain seconds. */
  readonly expiry: bigint
}

/** What stands on chain and in earlier epochs, as far as the receipts at hand touch it. */
export interface PoolFacts {
  readonly network: Network
  readonly pool: Hex
  /** Those that receipts name, and those of the pool that have paid something. */
  readonly channels: ReadonlyMap<Hex, ChannelFacts>
  /** Datanets of the registered models. */
  readonly datanets: ReadonlyMap<Hex, Hex>
  /** Who registered them, and of which version of the Datanet each is. */
  readonly builders: ReadonlyMap<Hex, Address>
  readonly versions: ReadonlyMap<Hex, number>
  /** What the Datanet's rules keep back of data fees. */
  readonly keeping: KeptBackRule | null
  /**
   * Of the pool's models: null for one that nothing is ever measured of (it has no siblings, or gives the data less
   * than the Datanet asks), nothing for one whose measure cannot be had, or not yet.
   */
  readonly measures: ReadonlyMap<Hex, Measure | null>
}

/** What an epoch chooses its receipts by, besides. */
export interface SelectFacts extends PoolFacts {
  /** All that earlier epochs have counted. */
  readonly settled: Settled
  /** The epoch's time, chain seconds. */
  readonly at: bigint
  /** What the channels had paid, where an epoch says so already; else what they have by now. */
  readonly stated?: ReadonlyMap<Hex, ChannelLine>
  /** Gaps that there is room for in the pool's channels together; as many as are kept where that is left away. */
  readonly mostGaps?: number
  /** Receipts that there is room for. */
  readonly most?: number
}

/** Receipts of one epoch; what is over waits for the next. */
export const mostReceipts = 20_000

/** A receipt's place: it counts once, whatever stands in it. */
export const placeOf = ({ receipt: { message } }: Pick<CosignedReceipt, 'receipt'>): string =>
  `${message.channel}/${message.sequence}`

/** By channel, then by sequence number: the one order of an epoch's receipts. */
export function inOrder(a: Pick<CosignedReceipt, 'receipt'>, b: Pick<CosignedReceipt, 'receipt'>): number {
  const [x, y] = [a.receipt.message, b.receipt.message]
  if (x.channel !== y.channel) return x.channel < y.channel ? -1 : 1
  return x.sequence < y.sequence ? -1 : x.sequence > y.sequence ? 1 : 0
}

/** Wrong in itself. */
export type Unsound = 'signature' | 'channel' | 'model' | 'content'
export type ReceiptFault =
  | Unsound
  | 'duplicate'
  | 'settled'
  | 'unpaid'
  | 'worthless'
  | 'over'
  | 'scattered'
  | 'full' // wrong in this company
  | 'measure' // nobody knows yet how it is weighed

/** What is wrong with a receipt by itself: the same for whoever makes an epoch, checks one, or hears of a receipt. */
export function faultOf(
  cosigned: CosignedReceipt,
  facts: Pick<PoolFacts, 'network' | 'pool' | 'datanets'> & {
    readonly channels: ReadonlyMap<Hex, Pick<ChannelFacts, 'client' | 'worker' | 'model'>>
  }
): Unsound | undefined {
  const { message } = cosigned.receipt
  const channel = facts.channels.get(message.channel)
  // [reject] Its channel exists, and it is signed by that channel's client and worker.
  if (channel === undefined) return 'channel'
  if (channel.client !== cosigned.client || channel.worker !== cosigned.worker) return 'signature'
  // [reject] It is for the channel's model, and that model is registered with the pool's Datanet.
  if (channel.model !== message.model || facts.datanets.get(message.model) !== facts.pool) return 'model'
  return shownFault(cosigned, facts.network)
}

/** What is wrong with a receipt that anybody can see from it alone. */
export function shownFault(
  cosigned: CosignedReceipt,
  network: PoolFacts['network']
): 'signature' | 'content' | undefined {
  // [reject] Signatures hold, and what is enclosed is what was signed for.
  try {
    checkCosigned(cosigned, network)
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return error.code === 'signature.mismatch' ? 'signature' : 'content'
  }
  return undefined
}

/** A receipt at its place in an epoch, with what is to be found of it. */
interface Placed {
  readonly at: number
  readonly receipt: CosignedReceipt
  readonly measure: Measure
}

/**
 * The scorings of a receipt that count, by scorer: signed, by those who were drawn to weigh it, and as they have
 * committed to before anybody showed a word.
 * @param commitments of the panel, by scorer
 */
export function countedScorings(
  network: Network,
  { at, receipt, measure }: Placed,
  words: readonly Scored[],
  assigned: Pick<Assigned, 'scorers' | 'duties'>,
  commitments: ReadonlyMap<Address, Hex>
): Scored[] {
  const id = receiptId(network, receipt)
  return words
    .filter(({ scorer }, i) => words.findIndex(word => word.scorer === scorer) === i)
    .filter(({ scorer }) => isDrawn(assigned, at, scorer))
    .filter(word => isSigned(network, id, word, measure))
    .filter(({ scorer, path, ...measured }) => {
      const attribution = attributionHash(attributionOf(measure, measured))
      return isCommitted({ scorer, receipt: id, attribution, path }, placeIn(assigned, at, scorer, commitments))
    })
    .toSorted((a, b) => (a.scorer < b.scorer ? -1 : 1))
}

/** A receipt that is left out, and why. */
export interface LeftOut {
  readonly id: Hex
  readonly fault: ReceiptFault
}
/** A receipt that is sound in itself and was not counted before. */
export interface SoundReceipt {
  readonly id: Hex
  readonly receipt: CheckedReceipt
}

/** The receipts that are sound and not settled, in order, and why others are not: once, for signatures are checked. */
export function soundReceipts(
  receipts: readonly CosignedReceipt[],
  facts: Pick<SelectFacts, 'network' | 'pool' | 'datanets' | 'channels' | 'settled'>
): { sound: SoundReceipt[]; left: LeftOut[] } {
  const left: LeftOut[] = []
  const sound: SoundReceipt[] = []
  for (const receipt of receipts) {
    const id = receiptId(facts.network, receipt)
    const fault = isSettled(facts.settled, receipt.receipt.message) ? 'settled' : faultOf(receipt, facts)
    if (fault === undefined) sound.push({ id, receipt: receipt as CheckedReceipt })
    else left.push({ id, fault })
  }
  sound.sort((a, b) => inOrder(a.receipt, b.receipt) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return { sound, left }
}

/** What of a channel's fees no epoch has divided, by what it brought the pool; `urgent`: is divided now in any case. */
export interface Waiting {
  readonly urgent: bigint
  readonly all: bigint
}

/**
 * @param before the channel's line as the epoch before has left it, where that names it
 * @param claimed all that it has paid by now
 */
export const waitingOf = (
  before: Pick<SettledPlaces, 'covered' | 'claimed'> | undefined,
  claimed: bigint,
  claims: readonly ChannelClaim[]
): Waiting => {
  const upTo = (sum: bigint): bigint => dataOf(claims, gapsIn(before?.covered ?? [], sum))
  return { urgent: upTo(before?.claimed ?? 0n), all: upTo(claimed) }
}

/**
 * Which of two channels comes first: that of which more would be divided without receipts, then that of which more
 * waits. What receipts there are of it moves nothing, so that everybody finds the same order from the chain alone.
 */
export function inTurn([a, x]: readonly [Hex, Waiting], [b, y]: readonly [Hex, Waiting]): number {
  if (x.urgent !== y.urgent) return x.urgent > y.urgent ? -1 : 1
  if (x.all !== y.all) return x.all > y.all ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whether the fees of a receipt are divided without it, if this epoch does not count it. */
export const isUrgent = (
  { receipt: { message } }: Pick<CosignedReceipt, 'receipt'>,
  before: ReadonlyMap<Hex, Pick<SettledPlaces, 'claimed'>>
): boolean => message.total <= (before.get(message.channel)?.claimed ?? 0n)

/** Sound receipts in the order in which they are counted: what is urgent first, channel by channel, in sequence. */
function inOrderOfTurns(
  sound: readonly SoundReceipt[],
  lines: Settled,
  { channels, settled }: Pick<SelectFacts, 'channels' | 'settled'>
): SoundReceipt[] {
  const names = [...new Set(sound.map(({ receipt }) => receipt.receipt.message.channel))]
  const waiting = names.map((id): [Hex, Waiting] => {
    const claims = channels.get(id)?.claims ?? []
    return [id, waitingOf(settled.get(id), lines.get(id)?.claimed ?? 0n, claims)]
  })
  const turns = new Map(waiting.sort(inTurn).map(([id], turn) => [id, turn]))
  return sound
    .map(one => {
      const { channel } = one.receipt.receipt.message
      return { one, later: isUrgent(one.receipt, settled) ? 0 : 1, turn: turns.get(channel) ?? 0 }
    })
    .sort((a, b) => a.later - b.later || a.turn - b.turn || inOrder(a.one.receipt, b.one.receipt) || byId(a.one, b.one))
    .map(({ one }) => one)
}

const byId = (a: SoundReceipt, b: SoundReceipt): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/**
 * Of sound receipts those that count together: by what is measured and room for gaps and receipts, each place once. One
 * after another in one order, each beside those that were counted before it. So of these and any that were left out the
 * same are counted again: whoever checks an epoch goes through what it has counted and what is missing in it, and finds
 * what its maker has found.
 */
export function countReceipts(
  sound: readonly SoundReceipt[],
  facts: Pick<SelectFacts, 'channels' | 'measures' | 'settled' | 'at' | 'stated' | 'mostGaps' | 'most'>
): { counted: CheckedReceipt[]; left: LeftOut[] } {
  const left: LeftOut[] = []
  const counted: CheckedReceipt[] = []
  const lines = linesOf(facts.settled, facts.stated ?? facts.channels, facts.at)
  const { mostGaps = maxGaps, most = mostReceipts } = facts
  let gaps = 0
  for (const line of lines.values()) gaps += gapsOf(line)
  for (const { id, receipt } of inOrderOfTurns(sound, lines, facts)) {
    const { message } = receipt.receipt
    const { channel, sequence, total } = message
    const leave = (fault: ReceiptFault): void => {
      left.push({ id, fault })
    }
    const facing = facts.channels.get(channel)
    const line = lines.get(channel)
    // [ignore] A place counts once; two receipts for one place (both parties signed twice) leave the one of the lower
    // id, or the one that is urgent.
    if (line !== undefined && inRanges(line.ranges, sequence)) {
      leave('duplicate')
      continue
    }
    // [ignore] A channel's receipts count until so long after its end: what was counted need not be remembered for
    // ever.
    if (isOver(facing?.expiry ?? 0n, facts.at)) {
      leave('over')
      continue
    }
    // [ignore] A receipt moves money only as far as its channel has paid on chain: signing receipts among friends is
    // free, paying is not.
    if (total > (line?.claimed ?? facing?.claimed ?? 0n)) {
      leave('unpaid')
      continue
    }
    // [ignore] What has brought the pool nothing has nothing to divide.
    if (dataOf(facing?.claims ?? [], [stretchOf(message)]) === 0n) {
      leave('worthless')
      continue
    }
    // [ignore] There is room for so many channels; the others wait until there is.
    if (line === undefined) {
      leave('full')
      continue
    }
    // [ignore] Fees count once: two receipts that stand on the same ones leave the first.
    if (overlaps(line.covered, stretchOf(message))) {
      leave('duplicate')
      continue
    }
    // [ignore] There is room for so many gaps in a channel, and in all of the pool's.
    const ranges = withPlace(line.ranges, sequence)
    const covered = withStretch(line.covered, stretchOf(message))
    const more = gapsOf({ ranges, covered }) - gapsOf(line)
    if (isScattered({ ranges, covered }, line) || (more > 0 && gaps + more > mostGaps)) {
      leave('scattered')
      continue
    }
    // [ignore] A model's answers count once it is known how they are weighed.
    if (facts.measures.get(message.model) === undefined) {
      leave('measure')
      continue
    }
    // [ignore] There is room for so many receipts.
    if (counted.length >= most) {
      leave('full')
      continue
    }
    gaps += more
    lines.set(channel, { ...line, ranges, covered })
    counted.push(receipt)
  }
  return { counted: counted.sort(inOrder), left }
}
