import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { isPrivate, pointFromScalar, pointMultiply, recover } from 'tiny-secp256k1'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex } from '../primitives/hex.ts'
import { digest } from './digest.ts'
import { signerOf } from './sign.ts'
import type { Network, Signed, StatementType } from './statements.ts'

const encoder = new TextEncoder()
const nonceBytes = 24
const tagBytes = 16
const pointBytes = 33
const noNonce = new Uint8Array(nonceBytes)

/** Bytes that `encrypt` and `sealTo` add. */
export const encryptedBytes = nonceBytes + tagBytes
export const sealedBytes = pointBytes + tagBytes

/**
 * XChaCha20-Poly1305 under a key of 32 bytes: the nonce (24 bytes that were never used with this key; random ones will
 * do), then the ciphertext with its tag. What it is for (`context`) is authenticated with it, so that what was
 * encrypted for one purpose opens for no other.
 */
export function encrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, context: string): Uint8Array {
  const out = new Uint8Array(nonceBytes + plaintext.length + tagBytes)
  out.set(nonce)
  out.set(xchacha20poly1305(key, nonce, encoder.encode(context)).encrypt(plaintext), nonceBytes)
  return out
}

/** @throws InvalidError `envelope.invalid` for another key or context, or bytes that were changed */
export function decrypt(key: Uint8Array, bytes: Uint8Array, context: string): Uint8Array {
  if (bytes.length < encryptedBytes) throw notOpened()
  return opened(key, bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes), context)
}

/** The 33 bytes by which others seal something to the account of this key. @throws InvalidError `key.invalid` */
export function sealingKey(privateKey: Uint8Array): Uint8Array {
  const point = isPrivate(privateKey) ? pointFromScalar(privateKey, true) : null
  if (point === null) throw new InvalidError('key.invalid', 'that is not a secp256k1 private key')
  return point
}

/**
 * The sealing key of whoever signed a statement, or undefined if the signature is none. Everybody who ever signed one
 * can be sent something that only they open: there is no book of keys to be kept, or to be lied in. Whether the signer
 * is who the statement names is the caller's to look at (`signerOf`).
 */
export function sealingKeyOf<T extends StatementType>(network: Network, signed: Signed<T>): Uint8Array | undefined {
  if (signerOf(network, signed) === undefined) return undefined
  const bytes = fromHex(signed.signature)
  const hash = fromHex(digest(network, signed.type, signed.message))
  return recover(hash, bytes.subarray(0, 64), bytes[64] === 28 ? 1 : 0, true) ?? undefined
}

/**
 * What only the holder of one account's key reads (ECIES): a point made from a fresh private key of 32 random bytes
 * (`once`, never used twice), then the ciphertext under a key derived from what both sides can compute (HKDF-SHA256
 * over the shared point, both public points and the context).
 * @throws InvalidError `key.invalid`
 */
export function sealTo(receiver: Uint8Array, once: Uint8Array, plaintext: Uint8Array, context: string): Uint8Array {
  const point = sealingKey(once)
  const key = sharedKey(once, receiver, [point, receiver], context)
  const out = new Uint8Array(pointBytes + plaintext.length + tagBytes)
  out.set(point)
  out.set(xchacha20poly1305(key, noNonce, encoder.encode(context)).encrypt(plaintext), pointBytes)
  return out
}

/** @throws InvalidError `envelope.invalid` if it was sealed to another key or for something else, or was changed */
export function openSealed(privateKey: Uint8Array, sealed: Uint8Array, context: string): Uint8Array {
  if (sealed.length < sealedBytes) throw notOpened()
  const point = sealed.subarray(0, pointBytes)
  const receiver = sealingKey(privateKey)
  let key: Uint8Array
  try {
    key = sharedKey(privateKey, point, [point, receiver], context)
  } catch (cause) {
    throw notOpened(cause)
  }
  return opened(key, noNonce, sealed.subarray(pointBytes), context)
}

function sharedKey(mine: Uint8Array, theirs: Uint8Array, points: readonly Uint8Array[], context: string): Uint8Array {
  let shared: Uint8Array | null
  try {
    shared = pointMultiply(theirs, mine, true)
  } catch (cause) {
    throw new InvalidError('key.invalid', 'that is not a secp256k1 public key', { cause })
  }
  if (shared === null) throw new InvalidError('key.invalid', 'that is not a secp256k1 public key')
  const salt = new Uint8Array(points.length * pointBytes)
  for (const [index, point] of points.entries()) salt.set(point, index * pointBytes)
  return hkdf(sha256, shared, salt, encoder.encode(`tilth envelope 1 ${context}`), 32)
}

function opened(key: Uint8Array, nonce: Uint8Array, ciphertext: Uint8Array, context: string): Uint8Array {
  try {
    return xchacha20poly1305(key, nonce, encoder.encode(context)).decrypt(ciphertext)
  } catch (cause) {
    throw notOpened(cause)
  }
}

function notOpened(cause?: unknown): InvalidError {
  return new InvalidError('envelope.invalid', 'this was encrypted for somebody or something else, or was changed', {
    cause
  })
}
