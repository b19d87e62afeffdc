import { requireSigner } from '../crypto/sign.ts'
import type { Message, Network, Signed } from '../crypto/statements.ts'
import { keccak } from '../primitives/canonical.ts'
import type { Hex } from '../primitives/hex.ts'
import { isClaimedRegion } from './region.ts'
import { isClaimedWeights } from './weights.ts'
import { clockSkewSeconds, ignore, reject } from './refuse.ts'

/** An offer is renewed long before it ends; one that stands for longer would outlive its worker. */
export const longestOfferSeconds = 600n

/**
 * Beyond this a price is a mistake: 2^128 is more of any token than there is, and sums of fees stay far from overflow.
 */
export const highestPrice = 1n << 128n

export interface OfferContext {
  readonly network: Network
  /** Seconds since 1970. */ readonly now: bigint
}

/** @throws InvalidError `offer.*`, `signature.mismatch` · TilthError `offer.expired` (ignore) */
export function checkOffer(offer: Signed<'Offer'>, { network, now }: OfferContext): Message<'Offer'> {
  const { worker, inputPrice, outputPrice, issuedAt, expires, region, weights } = offer.message
  // [reject] An offer is signed by its worker.
  requireSigner(network, offer, worker)
  // [reject] Answer tokens cost something: the credit between client and worker is counted in their price.
  if (outputPrice === 0n) reject('offer.price', 'an offer without a price for answers')
  if (inputPrice > highestPrice || outputPrice > highestPrice) reject('offer.price', 'a price beyond any sum there is')
  // [reject] It stands for a while, and not for longer than ten minutes.
  if (expires <= issuedAt || expires - issuedAt > longestOfferSeconds)
    reject('offer.expires', 'an offer stands for at most ten minutes')
  // [reject] Where it is and what it answers from are words of a short list, or nothing.
  if (!isClaimedRegion(region)) reject('offer.region', 'an offer from no region there is')
  if (!isClaimedWeights(weights)) reject('offer.weights', 'an offer of weights that are none')
  // [ignore] It was not issued in the future, but for what clocks may differ; by which clock, nobody can see.
  if (issuedAt > now + clockSkewSeconds) ignore('offer.future', 'the offer was issued in the future')
  // [ignore] An offer that stands no more.
  if (expires <= now) ignore('offer.expired', 'the offer has expired')
  return offer.message
}

/**
 * What an offer names in a model's place that is for every model over a base, whoever registers it: one message for
 * thousands of adapters. It says what is asked for in general; whoever wants one of them asks the worker for an offer
 * that names it, and answers and receipts go by that alone.
 */
export const everyModelOver = (base: string): Hex => keccak(`tilth/every-model-over/${base}`)

/** Whether an offer takes the place of an earlier one by the same worker for the same model. */
export const supersedes = (next: Message<'Offer'>, known: Message<'Offer'> | undefined): boolean =>
  known === undefined || next.issuedAt > known.issuedAt
