import { digest } from '../crypto/digest.ts'
import { requireSigner } from '../crypto/sign.ts'
import type { Message, Network, Signed } from '../crypto/statements.ts'
import { contentHash } from '../primitives/canonical.ts'
import type { Hex } from '../primitives/hex.ts'
import { feeOf } from './fee.ts'
import { clockSkewSeconds, ignore, reject } from './refuse.ts'
import type { InferenceContent } from './types.ts'

/**
 * A request is answered when it is fresh; a worker remembers what it answered for as long as this, so that none is
 * answered twice.
 */
export const requestSeconds = 300n

/** What of a channel on chain an answer depends on. Times in chain seconds. */
export interface ChannelTerms {
  readonly client: Hex
  readonly worker: Hex
  readonly model: Hex
  readonly deposit: bigint
  readonly expiry: bigint
  readonly closesAt: bigint
  readonly closed: boolean
}

export interface RequestContext {
  readonly network: Network
  readonly now: bigint
  /**
   * Time of the chain's latest block, and how long before a channel's end its worker stops serving on it, in seconds.
   */
  readonly chainNow: bigint
  readonly margin: bigint
  readonly self: Hex
  readonly channel: ChannelTerms
  readonly offer: Message<'Offer'>
}

/** Days since 1970 in UTC. @param seconds since 1970 */
export const dayOf = (seconds: bigint): number => Number(seconds / 86_400n)

/** Answer tokens a request still asks for: what was received before counts. */
export const tokensWanted = (content: InferenceContent): number =>
  Math.max(0, content.maxTokens - content.resume.length)

/**
 * @returns the request's id, its statement's digest.
 * @throws InvalidError `request.*`, `channel.*`, `signature.mismatch` · TilthError `request.stale`, `channel.ending`
 * (ignore)
 */
export function checkRequest(
  statement: Signed<'InferenceRequest'>,
  content: InferenceContent,
  context: RequestContext
): Hex {
  const { network, self, channel } = context
  // [reject] A request is signed by the client of its channel.
  requireSigner(network, statement, channel.client)
  // [reject] The channel pays this worker.
  if (channel.worker !== self) reject('channel.worker', 'the channel pays another worker')
  // [reject] What was signed is this content.
  if (contentHash(content) !== statement.message.content)
    reject('request.content', "the content's hash is not the signed one")
  checkTerms(statement.message, content, context)
  return digest(network, 'InferenceRequest', statement.message)
}

/** What shows without its signature and its content's hash. @throws as checkRequest */
function checkTerms(
  { model, issuedAt }: Message<'InferenceRequest'>,
  content: InferenceContent,
  { now, chainNow, margin, channel, offer }: RequestContext
): void {
  // [reject] The channel pays for this model; the offer is for it too.
  if (channel.model !== model || offer.model !== model)
    reject('channel.model', 'the channel or the offer is for another model')
  // [reject] It asks for at least one more token.
  if (tokensWanted(content) === 0) reject('request.finished', 'the answer has all its tokens already')
  // [ignore] It was not issued in the future, nor long ago: by whose clock, nobody can see.
  if (issuedAt > now + clockSkewSeconds) ignore('request.future', 'the request was issued in the future')
  if (issuedAt + requestSeconds <= now) ignore('request.stale', 'the request is older than five minutes')
  // [reject] It says the day of its issue; one beside it for an answer that goes on over midnight.
  if (Math.abs(content.day - dayOf(issuedAt)) > 1) reject('request.day', 'the request says another day than its own')
  // [ignore] A channel that is closed, closing, or near its end is not served on: what is owed has to be claimed in
  // time.
  if (channel.closed || channel.closesAt !== 0n || channel.expiry <= chainNow + margin)
    ignore('channel.ending', 'the channel is closed or about to be')
}

/** Whether a request holds by all that costs nothing to look at; whoever signed it. */
export function isOnTerms(
  request: Message<'InferenceRequest'>,
  content: InferenceContent,
  context: RequestContext
): boolean {
  try {
    checkTerms(request, content, context)
    return true
  } catch {
    return false
  }
}

/** @throws InvalidError `request.max-fee` · TilthError `channel.exhausted` */
export function checkMeans(
  request: Message<'InferenceRequest'>,
  content: InferenceContent,
  inputTokens: number,
  offer: Message<'Offer'>,
  deposit: bigint,
  committed: bigint
): void {
  const most = feeOf(offer, inputTokens, tokensWanted(content))
  // [reject] The client has agreed to the highest fee this can come to.
  if (most > request.maxFee)
    reject('request.max-fee', 'the answer may cost more than the client agrees to', { most, maxFee: request.maxFee })
  // [ignore] The deposit covers it, beside all that was earned from it and may yet be: what was added to it the client
  // may have seen before this node has.
  if (committed + most > deposit) ignore('channel.exhausted', "the channel's deposit does not cover the answer")
}
