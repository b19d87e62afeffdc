import { recoverDigest, signDigest } from '../crypto/sign.ts'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex, toHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { keccak } from '../primitives/canonical.ts'
import type { Topic } from './limits.ts'

// Every gossip message travels in an envelope: who says it now, and when. The statements within are their authors' and
// stay what they are for ever; saying them again is another act, by whoever says it, at its own time.
//
// One byte (its version), the time of saying (seconds since 1970, 8 bytes, the largest first), the sayer's signature
// (65 bytes), then the content as canonical JSON. Every later version begins with these bytes and is signed in the same
// way under its own number, so that who does not know it can tell it from what nobody signed.

/** The latest version that is read here. */
const known = 1
const signatureBytes = 65
const headBytes = 1 + 8 + signatureBytes

/** Bytes that an envelope adds to its content. */
export const envelopeBytes = headBytes

/** Seconds by which a message's time may differ from its reader's clock, either way. */
export const freshSeconds = 120

export interface Envelope {
  readonly version: number
  /** Seconds since 1970. */
  readonly at: number
  readonly signature: Hex
  readonly content: Uint8Array
}

/** What the sayer signs. @param hash SHA-256 of the content */
const saying = (version: number, topic: Topic, at: number, hash: Uint8Array): Hex =>
  keccak(`tilth gossip ${version}\n${topic}\n${at}\n${toHex(hash)}`)

/** @param hash SHA-256 of the content @param at seconds since 1970 */
export function sealEnvelope(
  topic: Topic,
  { content, hash }: { content: Uint8Array; hash: Uint8Array },
  at: number,
  key: Uint8Array
): Uint8Array {
  const bytes = new Uint8Array(headBytes + content.length)
  bytes[0] = known
  new DataView(bytes.buffer).setBigUint64(1, BigInt(at))
  bytes.set(fromHex(signDigest(saying(known, topic, at, hash), key)), 9)
  bytes.set(content, headBytes)
  return bytes
}

/** @throws InvalidError `frame.garbage` */
export function openEnvelope(bytes: Uint8Array): Envelope {
  const version = bytes[0] ?? 0
  // [reject] A message has the head of an envelope, of this version or a later one.
  if (bytes.length < headBytes || version < known)
    throw new InvalidError('frame.garbage', 'a gossip message has no envelope')
  const at = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1)
  // [reject] Its time is a number of seconds.
  if (at > BigInt(Number.MAX_SAFE_INTEGER)) throw new InvalidError('frame.garbage', 'a gossip message is of no time')
  const signature = toHex(bytes.subarray(9, headBytes))
  return { version, at: Number(at), signature, content: bytes.subarray(headBytes) }
}

/** What stands behind the head is for later versions to read. */
export const isOfLater = ({ version }: Envelope): boolean => version > known

/** Who says it; undefined if nobody signed it. @param hash SHA-256 of the envelope's content */
export const sayerOf = (topic: Topic, { version, at, signature }: Envelope, hash: Uint8Array): Address | undefined =>
  recoverDigest(saying(version, topic, at, hash), signature)
