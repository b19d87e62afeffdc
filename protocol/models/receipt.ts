import { digest } from '../crypto/digest.ts'
import { recoverDigest, requireSigner } from '../crypto/sign.ts'
import type { Message, Network, Signed } from '../crypto/statements.ts'
import { contentHash } from '../primitives/canonical.ts'
import { zeroHash } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import { feeOf } from './fee.ts'
import { tokensWanted } from './request.ts'
import { reject } from './refuse.ts'
import type { CosignedReceipt, InferenceContent, Opening } from './types.ts'

/**
 * `Receipt.response`: the hash of the answer tokens that this worker gave (not those it was given to resume from), with
 * the request's nonce, so that nobody confirms a guess by it.
 */
export const responseHash = ({ nonce }: Pick<InferenceContent, 'nonce'>, answer: readonly number[]): Hex =>
  contentHash({ nonce, answer })

/**
 * Where a channel's chain of receipts stands: how many there are, the last one's digest (zero before the first), and
 * what they come to.
 */
export interface ChainHead {
  readonly sequence: bigint
  readonly head: Hex
  readonly settled: bigint
}
export const noReceipts: ChainHead = { sequence: 0n, head: zeroHash, settled: 0n }

/** What a receipt is about, as whoever checks it knows it. */
export interface AnswerFacts {
  readonly request: Signed<'InferenceRequest'>
  readonly content: InferenceContent
  readonly offer: Message<'Offer'>
  readonly inputTokens: number
  readonly answer: readonly number[]
}

/** The receipt that follows from an answer: nothing in it is the worker's to choose but the times. */
export function receiptFor(
  network: Network,
  head: ChainHead,
  facts: AnswerFacts,
  times: { startedAt: bigint; finishedAt: bigint }
): Message<'Receipt'> {
  const { request, content, offer, inputTokens, answer } = facts
  const fee = feeOf(offer, inputTokens, answer.length)
  return {
    channel: request.message.channel,
    sequence: head.sequence + 1n,
    previous: head.head,
    model: request.message.model,
    request: digest(network, 'InferenceRequest', request.message),
    response: responseHash(content, answer),
    inputTokens,
    outputTokens: answer.length,
    fee,
    total: head.settled + fee,
    seed: request.message.seed,
    ...times,
    confidential: request.message.confidential
  }
}

/** The chain of a channel after a receipt. */
export const headAfter = (network: Network, receipt: Message<'Receipt'>): ChainHead => ({
  sequence: receipt.sequence,
  head: digest(network, 'Receipt', receipt),
  settled: receipt.total
})

/** What a client checks before it signs as well. @throws InvalidError `receipt.*`, `signature.mismatch` */
export function checkReceipt(
  receipt: Signed<'Receipt'>,
  facts: AnswerFacts,
  head: ChainHead,
  { network, worker }: { network: Network; worker: Hex }
): void {
  const { message } = receipt
  const { startedAt, finishedAt } = message
  const due = receiptFor(network, head, facts, { startedAt, finishedAt })
  // [reject] A receipt is signed by the channel's worker.
  requireSigner(network, receipt, worker)
  // [reject] It is the next of its channel's chain.
  if (message.channel !== due.channel) reject('receipt.channel', 'the receipt is for another channel')
  if (message.sequence !== due.sequence || message.previous !== due.previous)
    reject('receipt.chain', "the receipt is not the next of its channel's chain", {
      sequence: message.sequence,
      wanted: due.sequence
    })
  // [reject] It is about this request, for this model, with its seed.
  if (message.request !== due.request || message.model !== due.model || message.seed !== due.seed)
    reject('receipt.request', 'the receipt is about another request')
  // [reject] It is about the tokens that were received, counted right.
  if (message.inputTokens !== due.inputTokens || message.outputTokens !== due.outputTokens)
    reject('receipt.tokens', 'the receipt counts other tokens')
  if (message.response !== due.response) reject('receipt.response', 'the receipt is about another answer')
  // [reject] The fee follows from the offer, and stays within what the client agreed to.
  if (message.fee !== due.fee)
    reject('receipt.fee', 'the fee is not what the offer says', { fee: message.fee, due: due.fee })
  if (message.fee > facts.request.message.maxFee) reject('receipt.max-fee', 'the fee is more than the client agreed to')
  // [reject] It says what the channel's receipts come to with it.
  if (message.total !== due.total)
    reject('receipt.total', "the channel's receipts come to another sum", { total: message.total, due: due.total })
  // [reject] Whether others may see the answer is for the client to say, and it has said so in the request.
  if (message.confidential !== due.confidential)
    reject('receipt.confidential', 'the receipt says otherwise than the request who may see the answer')
  // [reject] It ended after it began.
  if (finishedAt < startedAt) reject('receipt.times', 'the answer ended before it began')
}

declare const checked: unique symbol
/** A receipt whose signatures are known to hold. */
export type CheckedReceipt = CosignedReceipt & { readonly [checked]: true }

/**
 * What anyone can check of a receipt with both signatures. The parties must be compared with the channel on chain by
 * the caller.
 * @throws InvalidError `signature.mismatch`
 */
export function checkCosigned(cosigned: CosignedReceipt, network: Network): CheckedReceipt {
  const { receipt, client, worker, clientSignature } = cosigned
  // [reject] What its channel's receipts come to holds its own fee.
  if (receipt.message.total < receipt.message.fee)
    reject('receipt.total', "the channel's receipts come to less than this one alone")
  // [reject] It carries both parties' signatures over the same receipt.
  requireSigner(network, receipt, worker)
  if (recoverDigest(digest(network, 'Receipt', receipt.message), clientSignature) !== client)
    reject('signature.mismatch', 'the receipt is not signed by its client')
  return cosigned as CheckedReceipt
}

/** What was asked and answered is what the receipt is about. @throws InvalidError `receipt.*`, `signature.mismatch` */
export function checkOpening(cosigned: CosignedReceipt, opening: Opening, network: Network): void {
  const { message } = cosigned.receipt
  const { request, content, answer } = opening
  // [reject] The request is the one that its client has signed for this receipt.
  requireSigner(network, request, cosigned.client)
  if (digest(network, 'InferenceRequest', request.message) !== message.request)
    reject('receipt.request', 'the request is another than the signed one')
  if (
    request.message.channel !== message.channel ||
    request.message.model !== message.model ||
    request.message.seed !== message.seed ||
    request.message.confidential !== message.confidential
  )
    reject('receipt.request', 'the request is for another channel, model, seed or other eyes')
  if (message.fee > request.message.maxFee) reject('receipt.max-fee', 'the fee is more than the client agreed to')
  // [reject] Content and answer are those that were signed for.
  if (contentHash(content) !== request.message.content)
    reject('receipt.content', 'the content is another than the signed one')
  if (responseHash(content, answer) !== message.response || answer.length !== message.outputTokens)
    reject('receipt.response', 'the answer is another than the signed one')
  if (message.outputTokens > tokensWanted(content)) reject('receipt.tokens', 'the answer is longer than was asked for')
}
