import { fromHex, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

// Names of rows. Numbers are padded to the digits of 64 bits, so that text sorts as they do.

const padded = (value: bigint): string => value.toString().padStart(20, '0')

/** Half of an id, in 22 characters: 2^64 tries for two that are alike. */
export const shortId = (id: Hex): string => Buffer.from(fromHex(id).subarray(0, 16)).toString('base64url')

/** What stands in a short id of the id's own digits. */
export const hexOfShort = (short: string): string => `0x${Buffer.from(short, 'base64url').toString('hex')}`
/** The characters that all short ids of ids with this beginning begin with: six bits each, of digits of four. */
export function shortPrefix(beginning: string): string {
  const digits = beginning.slice(2, 34)
  return shortId(`0x${digits.padEnd(64, '0')}`).slice(0, Math.floor((digits.length * 4) / 6))
}

/** A receipt's own key: its end, then its id. Lists are in this order, and it never changes. */
export const timeKey = (finishedAt: bigint, id: Hex): string => `${padded(finishedAt)}-${shortId(id)}`
export const isTimeKey = (text: string): boolean => /^[0-9]{20}-[A-Za-z0-9_-]{22}$/.test(text)
/** Sorts right after a key and before the next one. */
export const justAfter = (key: string): string => `${key}~`

/** Receipts of models without a Datanet have no pool: they stand under a name that none has. */
export const poolName = (pool: Hex | null): Hex => pool ?? zeroHash

export const channelKey = (pool: Hex | null, channel: Hex): string => `${poolName(pool)}/${channel}`
export const placeKey = (pool: Hex | null, channel: Hex, sequence: bigint): string =>
  `${channelKey(pool, channel)}/${padded(sequence)}`
export function placeOfKey(key: string): { channel: Hex; sequence: bigint } {
  const [, channel = zeroHash, sequence = '0'] = key.split('/')
  return { channel: channel as Hex, sequence: BigInt(sequence) }
}

/** More than 256 bits hold, in as many digits: what a pool was paid for comes before all that is only promised. */
const paidFrom = 8n * 10n ** 77n
/** By what it pays, in the digits of 256 bits. */
export const feeKey = (fee: bigint, key: string): string => `${fee.toString().padStart(78, '0')}/${key}`
/** By what it has brought its pool. */
export const broughtKey = (brought: bigint, key: string): string => feeKey(paidFrom + brought, key)
export const hasBrought = (key: string): boolean => BigInt(key.slice(0, 78)) >= paidFrom
export const feeOfKey = (key: string): bigint => BigInt(key.slice(0, 78)) % paidFrom

export const openKey = (pool: Hex, id: Hex): string => `${pool}/${id}`
/** Lists are of all receipts, of a pool's, or of a model's. */
export const everything = 'all'
export const listKey = (scope: string, key: string): string => `${scope}/${key}`
