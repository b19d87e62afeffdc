import { keccak_256 } from '@noble/hashes/sha3.js'
import { InvalidError } from './errors.ts'
import { toHex } from './hex.ts'
import type { Hex } from './hex.ts'

const encoder = new TextEncoder()

/** Values that have one JSON text and no other: object keys sorted, bigints as decimal strings, no `undefined` kept. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return `"${value}"`
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new InvalidError('canonical.number', 'a number that is not finite has no canonical form')
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
}

/** keccak-256 of bytes, or of a text's UTF-8. */
export function keccak(data: Uint8Array | string): Hex {
  return toHex(keccak_256(typeof data === 'string' ? encoder.encode(data) : data))
}

/** The hash by which documents (rules, specs, attributions) are named in signed statements. */
export const contentHash = (value: unknown): Hex => keccak(canonicalJson(value))
