import { checkCosigned, headAfter, mostRecalled } from '../../protocol/models/index.ts'
import type { ChainHead, ChannelState, CheckedReceipt, CosignedReceipt } from '../../protocol/models/index.ts'
import type { Network } from '../../protocol/crypto/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Receipts } from './receipts.ts'

// A node that was brought back from an older copy of its folder has forgotten what it signed since. The other side of a
// channel has that: vouchers and receipts carry both signatures, so nobody has to be believed, and nobody is accused.

/** Receipts of a channel after one of them, in their order: the last ones, as far as they are kept. */
export async function receiptsAfter(
  receipts: Pick<Receipts, 'get'>,
  { last, channel }: { readonly last?: CosignedReceipt | undefined; readonly channel: ChannelState },
  sequence: bigint
): Promise<CosignedReceipt[]> {
  const found: CosignedReceipt[] = []
  let one = last?.receipt.message.sequence === channel.sequence ? last : await receipts.get(channel.head)
  while (one !== undefined && one.receipt.message.sequence > sequence && found.length < mostRecalled) {
    found.unshift(one)
    one = await receipts.get(one.receipt.message.previous)
  }
  return found
}

export interface ChannelParties {
  readonly network: Network
  readonly id: Hex
  readonly client: Address
  readonly worker: Address
}

/** Those of a channel's receipts that come after what is known of it. @throws InvalidError as checkCosigned */
export function newsOf(
  shown: readonly CosignedReceipt[],
  { sequence }: ChainHead,
  { network, id, client, worker }: ChannelParties
): CheckedReceipt[] {
  const news: CheckedReceipt[] = []
  let at = sequence
  for (const one of shown) {
    const { message } = one.receipt
    if (message.sequence <= at) continue
    // [reject] Both parties of this very channel have signed it.
    if (message.channel !== id || one.client !== client || one.worker !== worker)
      throw new InvalidError('receipt.channel', 'the receipt is for another channel')
    news.push(checkCosigned(one, network))
    at = message.sequence
  }
  return news
}

/** Whether nothing is missing between what is known and these. */
export function isWhole(known: ChainHead, news: readonly CosignedReceipt[], network: Network): boolean {
  let head = known
  for (const { receipt } of news) {
    const { sequence, previous } = receipt.message
    if (sequence !== head.sequence + 1n || previous !== head.head) return false
    head = headAfter(network, receipt.message)
  }
  return true
}
