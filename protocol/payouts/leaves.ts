import { keccak_256 } from '@noble/hashes/sha3.js'
import { digest } from '../crypto/index.ts'
import type { Network } from '../crypto/index.ts'
import { fromHex, keccak, sumTree, toHex } from '../primitives/index.ts'
import type { Address, Hex, SumLeaf, SumTree } from '../primitives/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import type { PayoutLine } from './types.ts'

const joined = (parts: readonly Hex[]): Uint8Array => fromHex(`0x${parts.map(part => part.slice(2)).join('')}`)

export const receiptId = (network: Network, { receipt }: Pick<CosignedReceipt, 'receipt'>): Hex =>
  digest(network, 'Receipt', receipt.message)

/** A receipt's leaf binds its digest and both signatures; its sum is the fee. */
export function receiptLeaf(network: Network, cosigned: Pick<CosignedReceipt, 'receipt' | 'clientSignature'>): SumLeaf {
  const parts = [
    receiptId(network, cosigned),
    keccak(fromHex(cosigned.clientSignature)),
    keccak(fromHex(cosigned.receipt.signature))
  ]
  return { content: toHex(keccak_256(joined(parts))), sum: cosigned.receipt.message.fee }
}

/** An account's leaf: its sum is all it may claim from the pool so far. */
export function payoutLeaf({
  account,
  cumulative
}: {
  readonly account: Address
  readonly cumulative: bigint
}): SumLeaf {
  return { content: toHex(keccak_256(joined([`0x${'00'.repeat(12)}`, account]))), sum: cumulative }
}

export const receiptsTree = (network: Network, receipts: readonly CosignedReceipt[]): SumTree =>
  sumTree(receipts.map(receipt => receiptLeaf(network, receipt)))
export const payoutsTree = (payouts: readonly Pick<PayoutLine, 'account' | 'cumulative'>[]): SumTree =>
  sumTree(payouts.map(payoutLeaf))
