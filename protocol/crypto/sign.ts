import { keccak_256 } from '@noble/hashes/sha3.js'
import { isPrivate, pointFromScalar, recover, signRecoverable } from 'tiny-secp256k1'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex, toHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { digest } from './digest.ts'
import type { Message, Network, Signed, StatementType } from './statements.ts'

/** The last 20 bytes of keccak-256 of an uncompressed public key (65 bytes, 0x04 first). */
export function addressOfPublicKey(uncompressed: Uint8Array): Address {
  return toHex(keccak_256(uncompressed.subarray(1)).subarray(12))
}

/** @throws InvalidError `key.invalid` unless 32 bytes within the curve's order. */
export function addressOfKey(privateKey: Uint8Array): Address {
  const point = isPrivate(privateKey) ? pointFromScalar(privateKey, false) : null
  if (point === null) throw new InvalidError('key.invalid', 'that is not a secp256k1 private key')
  return addressOfPublicKey(point)
}

/**
 * Who made the signatures that were met last, by digest and signature: a receipt is looked at when it is taken, kept,
 * heard again and passed on, and each look costs as much as a token.
 */
const signers = new Map<string, Address>()
const signersKept = 2_048

function remember(at: string, signer: Address): void {
  if (signers.size >= signersKept) signers.delete(signers.keys().next().value ?? at)
  signers.set(at, signer)
}

/** Addresses of the keys that are signed with, for as long as somebody has them. */
const ownAddresses = new WeakMap<Uint8Array, { readonly key: Uint8Array; readonly address: Address }>()
function ownAddress(privateKey: Uint8Array): Address {
  const known = ownAddresses.get(privateKey)
  const isSame = known?.key.every((byte, i) => byte === privateKey[i])
  if (known !== undefined && isSame === true) return known.address
  const address = addressOfKey(privateKey)
  ownAddresses.set(privateKey, { key: Uint8Array.from(privateKey), address })
  return address
}

/**
 * Deterministic (RFC 6979) ECDSA over the digest, low s, as Ethereum takes it: r, s, v with v 27 or 28. Whose it is
 * need not be found out again: what a node has signed comes back to it in receipts.
 */
export function signDigest(hash: Hex, privateKey: Uint8Array): Hex {
  const { signature, recoveryId } = signRecoverable(fromHex(hash), privateKey)
  const out = new Uint8Array(65)
  out.set(signature)
  out[64] = 27 + recoveryId
  const signed = toHex(out)
  remember(`${hash} ${signed}`, ownAddress(privateKey))
  return signed
}

const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/**
 * The address that signed, or undefined for bytes that are no signature. High s is refused, as OpenZeppelin does, so a
 * signature has one form.
 */
export function recoverDigest(hash: Hex, signature: Hex): Address | undefined {
  const at = `${hash} ${signature}`
  const known = signers.get(at)
  if (known !== undefined) return known
  const bytes = fromHex(signature)
  const v = bytes[64]
  if (bytes.length !== 65 || (v !== 27 && v !== 28)) return undefined
  if (BigInt(toHex(bytes.subarray(32, 64))) > halfOrder) return undefined
  try {
    const point = recover(fromHex(hash), bytes.subarray(0, 64), (v - 27) as 0 | 1, false)
    if (point === null) return undefined
    const signer = addressOfPublicKey(point)
    remember(at, signer)
    return signer
  } catch (cause) {
    if (cause instanceof Error) return undefined // the library throws for r or s outside the curve's order
    throw cause
  }
}

export function signStatement<T extends StatementType>(
  network: Network,
  type: T,
  message: Message<T>,
  privateKey: Uint8Array
): Signed<T> {
  return { type, message, signature: signDigest(digest(network, type, message), privateKey) }
}

/** @returns the signer's address, or undefined if the signature is none. */
export function signerOf<T extends StatementType>(network: Network, signed: Signed<T>): Address | undefined {
  return recoverDigest(digest(network, signed.type, signed.message), signed.signature)
}

/** [reject] A statement counts only if the account it names has signed it. @throws InvalidError `signature.mismatch` */
export function requireSigner<T extends StatementType>(network: Network, signed: Signed<T>, expected: Address): void {
  const signer = signerOf(network, signed)
  if (signer !== expected)
    throw new InvalidError('signature.mismatch', `${signed.type} is not signed by ${expected}`, { details: { signer } })
}
