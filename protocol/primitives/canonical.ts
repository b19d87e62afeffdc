import { keccak_256 } from '@noble/hashes/sha3.js'
import { InvalidError } from './errors.ts'
import { toHex } from './hex.ts'
import type { Hex } from './hex.ts'

const encoder = new TextEncoder()

/** Values that have one JSON text and no other: object keys sorted, bigints as decimal strings, no `undefined` kept. */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `"${value}"`
    case 'number':
      if (!Number.isFinite(value))
        throw new InvalidError('canonical.number', 'a number that is not finite has no canonical form')
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? listJson(value) : objectJson(value)
    case 'undefined':
    case 'function':
    case 'symbol':
      return 'null'
  }
}

// Loops, not chains of maps: every frame, statement and record on disk goes through here.

function listJson(list: readonly unknown[]): string {
  let text = '['
  for (let i = 0; i < list.length; i++) text += i === 0 ? canonicalJson(list[i]) : `,${canonicalJson(list[i])}`
  return `${text}]`
}

function objectJson(value: object): string {
  let text = '{'
  for (const key of Object.keys(value).sort()) {
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined) text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(item)}`
  }
  return `${text}}`
}

/** keccak-256 of bytes, or of a text's UTF-8. */
export function keccak(data: Uint8Array | string): Hex {
  return toHex(keccak_256(typeof data === 'string' ? encoder.encode(data) : data))
}

/** The hash by which documents (rules, specs, attributions) are named in signed statements. */
export const contentHash = (value: unknown): Hex => keccak(canonicalJson(value))
