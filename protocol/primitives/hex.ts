import { z } from 'zod'

/**
 * Bytes as lower-case hexadecimal with `0x`. Addresses are kept in lower case everywhere; checksums are for screens.
 */
export type Hex = `0x${string}`
export type Address = Hex

const hexOf = (bytes: number) =>
  z
    .string()
    .length(2 + 2 * bytes)
    .regex(/^0x[0-9a-fA-F]*$/)
    .transform(text => text.toLowerCase() as Hex)

/** A 32-byte digest. */
export const bytes32 = hexOf(32)
/** A 20-byte account address, folded to lower case. */
export const address = hexOf(20)
/** r, s and v of an ECDSA signature, 65 bytes. */
export const signature = hexOf(65)

/**
 * An integer amount of the token's smallest unit, or any unsigned integer too wide for a number: decimal on the wire.
 */
export const uint = (bits: number) =>
  z
    .string()
    .max(78)
    .regex(/^(0|[1-9][0-9]*)$/)
    .transform(text => BigInt(text))
    .refine(value => value < 1n << BigInt(bits), `does not fit in ${bits} bits`)
export const amount = uint(256)

/** A signed integer as decimal text (attribution weights). */
export const int = (bits: number) =>
  z
    .string()
    .max(79)
    .regex(/^(0|-?[1-9][0-9]*)$/)
    .transform(text => BigInt(text))
    .refine(
      value => value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits - 1),
      `does not fit in ${bits} bits`
    )

/** A CID as text: base32 v1 or base58 v0. Parsed where it is used; here only bounded. */
export const cidText = z
  .string()
  .min(46)
  .max(100)
  .regex(/^[a-zA-Z0-9]+$/)

export const zeroHash: Hex = `0x${'00'.repeat(32)}`
export const zeroAddress: Address = `0x${'00'.repeat(20)}`

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): Hex {
  let text = '0x'
  for (const byte of bytes) text += pairs[byte] ?? ''
  return text as Hex
}

/** Of a digit's code, its last four bits, and nine more for a letter. */
const digitOf = (code: number): number => (code & 15) + 9 * (code >> 6)

export function fromHex(hex: Hex): Uint8Array {
  const bytes = new Uint8Array((hex.length - 2) >> 1)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = (digitOf(hex.charCodeAt(2 + 2 * i)) << 4) | digitOf(hex.charCodeAt(3 + 2 * i))
  return bytes
}
