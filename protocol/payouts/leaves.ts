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

/** What of a receipt its leaf binds. */
export interface CountedReceipt {
  readonly id: Hex
  readonly clientSignature: Hex
  readonly workerSignature: Hex
  readonly fee: bigint
}
/** A receipt's leaf binds its digest and both signatures; its sum is the fee. */
export const countedLeaf = ({ id, clientSignature, workerSignature, fee }: CountedReceipt): SumLeaf => ({
  content: toHex(keccak_256(joined([id, keccak(fromHex(clientSignature)), keccak(fromHex(workerSignature))]))),
  sum: fee
})
export const receiptLeaf = (
  network: Network,
  cosigned: Pick<CosignedReceipt, 'receipt' | 'clientSignature'>
): SumLeaf =>
  countedLeaf({
    id: receiptId(network, cosigned),
    clientSignature: cosigned.clientSignature,
    workerSignature: cosigned.receipt.signature,
    fee: cosigned.receipt.message.fee
  })

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
