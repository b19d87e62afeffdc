import { z } from 'zod'
import { requireSigner } from '../crypto/index.ts'
import type { Message, Network, Signed } from '../crypto/index.ts'
import { signedSchema } from '../crypto/schema.ts'
import { InvalidError } from '../primitives/errors.ts'
import { bytes32 } from '../primitives/hex.ts'
import type { Address } from '../primitives/hex.ts'
import { sealedKey } from './sealed-keys.ts'

/** How old (or early) a request for keys may be, in seconds: it is good for one moment, not for ever. */
export const keysFreshSeconds = 120n

/** Keys asked for, or given, in one frame. */
export const keysAtOnce = 256

/** A content key by its contribution, sealed to who asked. */
export const givenKey = z.strictObject({ contribution: bytes32, sealed: sealedKey })
export type GivenKey = Readonly<z.infer<typeof givenKey>>

/** Frames of `/tilth/data/keys/1`: who sits in a Datanet asks others who do, of contributions that it has no key of. */
export const keysRequest = z.strictObject({
  statement: signedSchema('KeyRequest'),
  contributions: z.array(bytes32).min(1).max(keysAtOnce)
})
export const keysReply = z.strictObject({ keys: z.array(givenKey).max(keysAtOnce) })

export interface KeysContext {
  readonly network: Network
  /** Seconds since 1970. */
  readonly now: bigint
  /** Who asks, as the connection has proved it, and who is asked. */
  readonly asker: Address
  readonly self: Address
}

/**
 * Of a request for keys. It is kept with what was given for it: who had a key has signed for it.
 * @throws InvalidError `keys.asker`, `keys.holder`, `keys.stale`, `signature.mismatch`
 */
export function checkKeyRequest(
  statement: Signed<'KeyRequest'>,
  { network, now, asker, self }: KeysContext
): Message<'KeyRequest'> {
  const { message } = statement
  // [reject] It is signed by who asks, and comes from nobody else.
  requireSigner(network, statement, message.asker)
  if (message.asker !== asker) throw new InvalidError('keys.asker', 'the request is signed by another peer')
  // [reject] It is for this node.
  if (message.holder !== self) throw new InvalidError('keys.holder', 'the request is for another peer')
  // [ignore] It is of now.
  const age = now - message.issuedAt
  if (age > keysFreshSeconds || age < -keysFreshSeconds)
    throw new InvalidError('keys.stale', 'the request is not of now', { consequence: 'ignore' })
  return message
}
