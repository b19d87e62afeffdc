import { z } from 'zod'
import type { Message } from '../crypto/statements.ts'
import type { Address } from '../primitives/hex.ts'
import { feeOf } from './fee.ts'
import { liesIn, regionText } from './region.ts'
import { bitsOf, servedWeights } from './weights.ts'

/**
 * Tokens a second at which waiting counts as much as paying: an offer of this speed is as good as one of twice its
 * price without any wait.
 */
export const referenceSpeed = 50n

/** Workers that a route can name. */
const mostNamed = 32
const named = z
  .string()
  .regex(/^0x[0-9a-fA-F]{4,40}$/, "must be a worker's address, or at least 4 digits it begins with")

/**
 * What an asker says of the workers that may be asked, by their addresses or what these begin with, and in which order.
 */
export const route = z.strictObject({
  /** Nobody but these. */
  only: z.array(named).min(1).max(mostNamed).optional(),
  /** Anybody but these. */
  ignore: z.array(named).max(mostNamed).optional(),
  /** By fee and wait together, by the fee alone, or by the wait alone; the other one decides between equals. */
  sort: z.enum(['balanced', 'price', 'speed']).optional(),
  /** Nobody but those who say that they are in one of these. It is their word, and nothing shows whether it is so. */
  regions: z.array(regionText).min(1).max(mostNamed).optional(),
  /** Nobody but those who say that they answer from such weights, or from weights of so many bits at least. */
  weights: z.array(servedWeights).min(1).max(8).optional(),
  leastBits: z.int().min(1).max(32).optional(),
  /** Nobody but those who stand for their answers with their stake, in the pool of the model's Datanet. */
  bonded: z.boolean().optional()
})
export type Route = z.infer<typeof route>

/**
 * So long after drawn scorers have found a worker out, in the pool of a model's Datanet, nobody is led to it who has
 * not named it: in chain seconds. After that it is asked again, and found out again if nothing has changed.
 */
export const foundOutSeconds = 30n * 86_400n

/** Whether a worker that was found out then is still passed over. */
export const isPassedOver = ({ only }: Route, foundOutAt: bigint, now: bigint): boolean =>
  only === undefined && now < foundOutAt + foundOutSeconds

/** Whether a route leads to a worker. */
export function leadsTo({ only, ignore = [] }: Route, worker: Address): boolean {
  const isNamed = (begin: string): boolean => worker.toLowerCase().startsWith(begin.toLowerCase())
  return (only === undefined || only.some(isNamed)) && !ignore.some(isNamed)
}

/** Whether a route leads to an offer, by what it says of itself. One that says nothing is not what was asked for. */
export function suits(
  { regions, weights, leastBits }: Route,
  offer: Pick<Message<'Offer'>, 'region' | 'weights'>
): boolean {
  if (regions !== undefined && !regions.some(wished => liesIn(offer.region, wished))) return false
  if (weights !== undefined && !weights.some(wished => wished === offer.weights)) return false
  return leastBits === undefined || (bitsOf(offer.weights) ?? 0) >= leastBits
}

/** What a client knows of a worker from answers that both have signed for. */
export interface Experience {
  /** How many there were. */
  readonly answers?: number
  /** Tokens a second once the first are there, as measured; undefined before the first answer. */
  readonly tokensPerSecond?: number
  /** As receipts of before say, by the worker's own times: what stands for its pace until it is measured. */
  readonly recalledSpeed?: number
  /** Milliseconds from asking to the first tokens, as measured. */
  readonly firstTokenMs?: number
  /** Answers that failed, one after another, up to now. */
  readonly failures: number
}

interface Need {
  readonly inputTokens: number
  readonly outputTokens: number
}

/**
 * The measured speed counts before that of receipts, and that before the offer's; both are a worker's word and believed
 * up to four times the reference, since stating more costs nothing.
 */
const speedOf = (offer: Message<'Offer'>, { tokensPerSecond, recalledSpeed }: Experience): bigint => {
  const stated = Math.min(recalledSpeed ?? offer.tokensPerSecond, Number(referenceSpeed) * 4)
  return BigInt(Math.max(1, Math.round(tokensPerSecond ?? stated)))
}
const firstOf = ({ firstTokenMs = 0 }: Experience): bigint => BigInt(Math.max(0, Math.round(firstTokenMs)))

/** Each failure in a row makes an offer four times as bad. */
const worse = (score: bigint, { failures }: Experience): bigint => score << BigInt(2 * Math.min(16, failures))

/**
 * What an answer costs by an offer, weighed with the wait for it: fee · (1 + wait/reference wait) · 4^failures in
 * thousandths, as an integer. The wait is the time to the first token and that of the tokens at the worker's speed; the
 * reference wait that of the tokens at the reference speed.
 */
export function scoreOf(offer: Message<'Offer'>, need: Need, experience: Experience): bigint {
  const fee = feeOf(offer, need.inputTokens, need.outputTokens)
  const speed = speedOf(offer, experience)
  const first = (fee * firstOf(experience) * referenceSpeed) / BigInt(Math.max(1, need.outputTokens))
  return worse((fee * (speed + referenceSpeed) * 1000n) / speed + first, experience)
}

/** The wait for an answer by an offer, in microseconds, times 4^failures. */
const waitOf = (offer: Message<'Offer'>, { outputTokens }: Need, experience: Experience): bigint =>
  worse(firstOf(experience) * 1000n + (BigInt(outputTokens) * 1_000_000n) / speedOf(offer, experience) + 1n, experience)

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Offers in the order in which they are tried: by what the asker sorts by, then by the other, then by address, so that
 * the same knowledge gives the same choice.
 */
export function rankOffers<T extends { readonly message: Message<'Offer'> }>(
  offers: readonly T[],
  need: Need,
  experienceOf: (worker: string) => Experience,
  sort: NonNullable<Route['sort']> = 'balanced'
): T[] {
  const marks = {
    balanced: (offer: Message<'Offer'>, known: Experience) => [scoreOf(offer, need, known)],
    price: (offer: Message<'Offer'>, known: Experience) => [
      worse(feeOf(offer, need.inputTokens, need.outputTokens), known),
      waitOf(offer, need, known)
    ],
    speed: (offer: Message<'Offer'>, known: Experience) => [
      waitOf(offer, need, known),
      feeOf(offer, need.inputTokens, need.outputTokens)
    ]
  }[sort]
  return offers
    .map(offer => ({
      offer,
      worker: offer.message.worker,
      by: marks(offer.message, experienceOf(offer.message.worker))
    }))
    .sort(
      (a, b) =>
        a.by.reduce((order, mark, i) => (order === 0 ? compare(mark, b.by[i] ?? 0n) : order), 0) ||
        (a.worker < b.worker ? -1 : 1)
    )
    .map(({ offer }) => offer)
}
