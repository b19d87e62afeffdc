import type { Message } from '../crypto/statements.ts'
import { feeOf } from './fee.ts'

/**
 * Tokens a second at which waiting counts as much as paying: an offer of this speed is as good as one of twice its
 * price without any wait.
 */
export const referenceSpeed = 50n

/** What a client knows of a worker from its own experience. */
export interface Experience {
  /** Tokens a second as measured; undefined before the first answer. */
  readonly tokensPerSecond?: number
  /** Answers that failed, one after another, up to now. */
  readonly failures: number
}

/**
 * What an answer costs by an offer, weighed with the wait for it: fee · (1 + reference/speed) · 4^failures, as an
 * integer.
 * The measured speed counts before the stated one; a stated one is believed up to four times the reference, since
 * stating more costs nothing.
 */
export function scoreOf(
  offer: Message<'Offer'>,
  need: { inputTokens: number; outputTokens: number },
  experience: Experience
): bigint {
  const fee = feeOf(offer, need.inputTokens, need.outputTokens)
  const stated = Math.min(offer.tokensPerSecond, Number(referenceSpeed) * 4)
  const speed = BigInt(Math.max(1, Math.round(experience.tokensPerSecond ?? stated)))
  return ((fee * (speed + referenceSpeed) * 1000n) / speed) << BigInt(2 * Math.min(16, experience.failures))
}

/**
 * Offers in the order in which they are tried: by score, then by address, so that the same knowledge gives the same
 * choice.
 */
export function rankOffers<T extends { readonly message: Message<'Offer'> }>(
  offers: readonly T[],
  need: { inputTokens: number; outputTokens: number },
  experienceOf: (worker: string) => Experience
): T[] {
  return offers
    .map(offer => ({
      offer,
      worker: offer.message.worker,
      score: scoreOf(offer.message, need, experienceOf(offer.message.worker))
    }))
    .sort((a, b) => (a.score < b.score ? -1 : a.score > b.score ? 1 : a.worker < b.worker ? -1 : 1))
    .map(({ offer }) => offer)
}
