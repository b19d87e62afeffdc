import { mostContextBytes } from '../data/retrieval.ts'

// What an answer costs and how far either side goes ahead of the other. All in the token's smallest unit.

/** Prices per token, as they stand in an offer. */
export interface Prices {
  readonly inputPrice: bigint
  readonly outputPrice: bigint
}

/** The fee rule: every prompt token at the input price, every answer token at the output price, nothing else. */
export function feeOf({ inputPrice, outputPrice }: Prices, inputTokens: number, outputTokens: number): bigint {
  return BigInt(inputTokens) * inputPrice + BigInt(outputTokens) * outputPrice
}

/**
 * A credit smaller than this could not be paid in parts: half of it covers a prompt, a quarter asks for the next
 * voucher.
 */
export const leastCreditTokens = 4

/** No worker goes further ahead than this, so what it says to have given before anything was paid is no more. */
export const mostCreditTokens = 512

/** The credit between the two: the price of so many answer tokens. */
export const creditOf = ({ outputPrice }: Prices, creditTokens: number): bigint => BigInt(creditTokens) * outputPrice

/** [worker] Nothing is sent that would make what is owed exceed what is paid by more than the credit. */
export const maySend = (owed: bigint, next: bigint, paid: bigint, credit: bigint): boolean =>
  owed + next - paid <= credit

/**
 * [client] A prompt is worked on as a whole, so what it costs beyond half the credit is paid before; the other half is
 * room for the first tokens.
 * @returns the cumulative sum to have paid once a request was accepted.
 */
export const dueAtStart = (owed: bigint, credit: bigint): bigint => (owed > credit / 2n ? owed - credit / 2n : 0n)

/** [client] A voucher is due once a quarter of the credit is used up: early enough that the worker never waits. */
export const voucherDue = (owed: bigint, paid: bigint, credit: bigint): boolean =>
  owed > paid && (owed - paid) * 4n >= credit

/**
 * An upper bound of a prompt's tokens where its tokenizer is not at hand: bytes of UTF-8 and what a template adds to
 * each message, and to each row that is put before the question.
 * @param context rows that are asked for
 */
export function mostInputTokens(messages: readonly { content: string }[], resumed: number, context = 0): number {
  const encoder = new TextEncoder()
  const asked = messages.reduce((sum, { content }) => sum + encoder.encode(content).length + 64, 64)
  return asked + resumed + context * (mostContextBytes + 64)
}
