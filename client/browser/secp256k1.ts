import { secp256k1 } from '@noble/curves/secp256k1.js'

// What protocol/crypto and node/transport use of tiny-secp256k1, in plain JavaScript: a light peer makes and verifies a
// few signatures, and WebAssembly would need a wider policy. Both builds, of the client and of the console, put this in
// its place.

export const isPrivate = (key: Uint8Array): boolean => secp256k1.utils.isValidSecretKey(key)

export const pointFromScalar = (key: Uint8Array, compressed = true): Uint8Array =>
  secp256k1.getPublicKey(key, compressed)

/** r and s, and which of the two points it was. */
export function signRecoverable(
  hash: Uint8Array,
  key: Uint8Array
): { signature: Uint8Array; recoveryId: 0 | 1 | 2 | 3 } {
  const bytes = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' })
  return { signature: bytes.subarray(1), recoveryId: (bytes[0] ?? 0) as 0 | 1 | 2 | 3 }
}

export function recover(
  hash: Uint8Array,
  signature: Uint8Array,
  recoveryId: 0 | 1 | 2 | 3,
  compressed = true
): Uint8Array | null {
  const recovered = new Uint8Array(65)
  recovered[0] = recoveryId
  recovered.set(signature, 1)
  const key = secp256k1.recoverPublicKey(recovered, hash, { prehash: false })
  return secp256k1.Point.fromBytes(key).toBytes(compressed)
}

export const pointCompress = (point: Uint8Array, compressed = true): Uint8Array =>
  secp256k1.Point.fromBytes(point).toBytes(compressed)

/** A point times a number that a key is: what two keys share. */
export const pointMultiply = (point: Uint8Array, key: Uint8Array, compressed = true): Uint8Array =>
  secp256k1.Point.fromBytes(point).multiply(secp256k1.Point.Fn.fromBytes(key)).toBytes(compressed)
