import { requireSigner } from '../crypto/index.ts'
import type { Message, Network, Signed } from '../crypto/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import { InvalidError } from '../primitives/index.ts'
import type { Address } from '../primitives/index.ts'
import type { Attribution } from './types.ts'

/** How old (or early) such a request may be, in seconds: it is good for one moment, not for ever. */
export const contentFreshSeconds = 120n

export interface ContentContext {
  readonly network: Network
  /** Seconds since 1970. */
  readonly now: bigint
  /** Who asks, as the connection has proved it, and who is asked. */
  readonly asker: Address
  readonly self: Address
}

/**
 * Of a request for what was asked and answered: a scorer's, to weigh it, or its own client's, to have it weighed.
 * @throws InvalidError `content.asker`, `content.holder`, `content.stale`, `signature.mismatch`
 */
export function checkContentRequest(
  statement: Signed<'ContentRequest'> | Signed<'ExplainRequest'>,
  { network, now, asker, self }: ContentContext
): Message<'ContentRequest' | 'ExplainRequest'> {
  const { message } = statement
  // [reject] It is signed by who asks, and comes from nobody else.
  requireSigner(network, statement, message.asker)
  if (message.asker !== asker) throw new InvalidError('content.asker', 'the request is signed by another peer')
  // [reject] It is for this node.
  if (message.holder !== self) throw new InvalidError('content.holder', 'the request is for another peer')
  // [ignore] It is of now.
  const age = now - message.issuedAt
  if (age > contentFreshSeconds || age < -contentFreshSeconds)
    throw new InvalidError('content.stale', 'the request is not of now', { consequence: 'ignore' })
  return message
}

/** A worker's explanation is of the answer's model, with a weight for each player. @throws InvalidError `explain.*` */
export function checkExplanation({ model, players, weights }: Attribution, { receipt }: CosignedReceipt): void {
  // [reject] It is by the model that answered.
  if (model !== receipt.message.model) throw new InvalidError('explain.model', 'the explanation is by another model')
  // [reject] Each player has one weight.
  if (players.length !== weights.length || new Set(players).size !== players.length)
    throw new InvalidError('explain.players', 'the explanation does not give each player one weight')
}
