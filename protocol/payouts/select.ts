import type { Network } from '../crypto/index.ts'
import { TilthError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { checkCosigned } from '../models/index.ts'
import type { CheckedReceipt, CosignedReceipt } from '../models/index.ts'
import { checkAttribution } from './attribution.ts'
import type { Measure } from './attribution.ts'
import { receiptId } from './leaves.ts'

/** A channel as the chain knows it. */
export interface ChannelFacts {
  readonly client: Address
  readonly worker: Address
  readonly model: Hex
  readonly claimed: bigint
}

/** What stands on chain and in earlier epochs, as far as the receipts at hand touch it. */
export interface PoolFacts {
  readonly network: Network
  readonly pool: Hex
  readonly channels: ReadonlyMap<Hex, ChannelFacts>
  /** Datanets of the registered models. */
  readonly datanets: ReadonlyMap<Hex, Hex>
  /** Of the pool's models that have siblings. */
  readonly measures: ReadonlyMap<Hex, Measure>
  /** Which epoch counted a receipt already: keys by `placeOf`. */
  readonly settled: ReadonlyMap<string, number>
  /** Sum of the fees that earlier epochs counted, by channel. */
  readonly settledFees: ReadonlyMap<Hex, bigint>
}

/** A receipt's place: it counts once, whatever stands in it. */
export const placeOf = ({ receipt: { message } }: Pick<CosignedReceipt, 'receipt'>): string =>
  `${message.channel}/${message.sequence}`

/** By channel, then by sequence number: the one order of an epoch's receipts. */
export function inOrder(a: Pick<CosignedReceipt, 'receipt'>, b: Pick<CosignedReceipt, 'receipt'>): number {
  const [x, y] = [a.receipt.message, b.receipt.message]
  if (x.channel !== y.channel) return x.channel < y.channel ? -1 : 1
  return x.sequence < y.sequence ? -1 : x.sequence > y.sequence ? 1 : 0
}

export type ReceiptFault =
  | 'signature'
  | 'channel'
  | 'model'
  | 'content'
  | 'attribution' // wrong in itself
  | 'duplicate'
  | 'settled'
  | 'unpaid' // wrong in this company

/**
 * What is wrong with a receipt by itself: the same for whoever makes an epoch, checks one, or hears of a receipt.
 * Without
 * measures (which take fetching) weights are not looked into.
 */
export function faultOf(
  cosigned: CosignedReceipt,
  facts: Pick<PoolFacts, 'network' | 'pool' | 'channels' | 'datanets'> & Partial<Pick<PoolFacts, 'measures'>>
): ReceiptFault | undefined {
  const { message } = cosigned.receipt
  const channel = facts.channels.get(message.channel)
  // [reject] Its channel exists, and it is signed by that channel's client and worker.
  if (channel === undefined) return 'channel'
  if (channel.client !== cosigned.client || channel.worker !== cosigned.worker) return 'signature'
  // [reject] It is for the channel's model, and that model is registered with the pool's Datanet.
  if (channel.model !== message.model || facts.datanets.get(message.model) !== facts.pool) return 'model'
  // [reject] Signatures hold, and what is enclosed is what was signed for.
  try {
    checkCosigned(cosigned, facts.network)
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return error.code === 'signature.mismatch'
      ? 'signature'
      : error.code === 'receipt.attribution'
        ? 'attribution'
        : 'content'
  }
  // [reject] Its weights are those of the model's measure; a model without one has none.
  if (cosigned.attribution === null || facts.measures === undefined) return undefined
  const measure = facts.measures.get(message.model)
  if (measure === undefined) return 'attribution'
  try {
    checkAttribution(cosigned.attribution, measure)
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    return 'attribution'
  }
  return undefined
}

/**
 * The receipts that an epoch counts, in order, and why others are left out. Pure: the same receipts and facts give the
 * same
 * choice on every node, in whatever order they come.
 */
export function selectReceipts(
  receipts: readonly CosignedReceipt[],
  facts: PoolFacts
): { counted: CheckedReceipt[]; left: { id: Hex; fault: ReceiptFault }[] } {
  const left: { id: Hex; fault: ReceiptFault }[] = []
  const sound: { id: Hex; receipt: CheckedReceipt }[] = []
  for (const receipt of receipts) {
    const id = receiptId(facts.network, receipt)
    const fault = facts.settled.has(placeOf(receipt)) ? 'settled' : faultOf(receipt, facts)
    if (fault === undefined) sound.push({ id, receipt: receipt as CheckedReceipt })
    else left.push({ id, fault })
  }
  sound.sort((a, b) => inOrder(a.receipt, b.receipt) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const counted: CheckedReceipt[] = []
  const fees = new Map(facts.settledFees)
  let last = ''
  for (const { id, receipt } of sound) {
    const { channel, fee } = receipt.receipt.message
    // [ignore] A place counts once; two receipts for one place (both parties signed twice) leave the one of the lower
    // id.
    if (placeOf(receipt) === last) {
      left.push({ id, fault: 'duplicate' })
      continue
    }
    last = placeOf(receipt)
    // [ignore] A receipt moves money only as far as its channel has paid on chain: signing receipts among friends is
    // free, paying is not.
    const sum = (fees.get(channel) ?? 0n) + fee
    if (sum > (facts.channels.get(channel)?.claimed ?? 0n)) {
      left.push({ id, fault: 'unpaid' })
      continue
    }
    fees.set(channel, sum)
    counted.push(receipt)
  }
  return { counted, left }
}
