import { sha256 } from '@noble/hashes/sha2.js'
import { pointCompress } from 'tiny-secp256k1'
import { decrypt, encrypt, encryptedBytes, openSealed, sealTo } from '../crypto/envelope.ts'
import { addressOfPublicKey } from '../crypto/sign.ts'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex, toHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { privateInWords } from './explain.ts'
import { sealedKeys } from './sealed-keys.ts'
import type { SealedKeys } from './sealed-keys.ts'
import type { DatanetRules } from './types.ts'
import { isQuorum } from './votes.ts'

// A private Datanet's shard is a file of its own kind: what its key hashes to, then the rows under that key. Its CID
// therefore names one key and one text, so whoever was given a key sees by the file alone whether it is the right one,
// and nobody can make a file that is one thing to one reader and another to the next. A hash of the rows beside it
// would say no more, and would let whoever guesses a row find out.

/** Of a content key, and of its hash. */
const keyBytes = 32
/** Bytes that a private shard has beside those of its rows. */
export const sealedShardBytes = keyBytes + encryptedBytes

/** Whose shard it is: it opens as nobody else's, and so cannot be brought in again under another name. */
export interface ShardOwner {
  readonly datanet: Hex
  readonly contributor: Address
}

const shardContext = ({ datanet, contributor }: ShardOwner): string => `shard ${datanet} ${contributor}`
const keyContext = ({ datanet, contributor }: ShardOwner): string => `shard key ${datanet} ${contributor}`
const hashOfKey = (key: Uint8Array): Uint8Array => {
  const text = new TextEncoder().encode('tilth shard key 1')
  const bytes = new Uint8Array(text.length + key.length)
  bytes.set(text)
  bytes.set(key, text.length)
  return sha256(bytes)
}

/** @param key 32 fresh random bytes @param nonce 24 random bytes */
export function sealShard(key: Uint8Array, nonce: Uint8Array, rows: Uint8Array, owner: ShardOwner): Uint8Array {
  const encrypted = encrypt(key, nonce, rows, shardContext(owner))
  const out = new Uint8Array(keyBytes + encrypted.length)
  out.set(hashOfKey(key))
  out.set(encrypted, keyBytes)
  return out
}

/** Whether this is the key that a private shard names. */
export function isKeyOf(key: Uint8Array, shard: Uint8Array): boolean {
  const hash = hashOfKey(key)
  return key.length === keyBytes && shard.length >= keyBytes && hash.every((byte, i) => byte === shard[i])
}

/**
 * The rows of a private shard, by its own key (`isKeyOf`), or undefined where it opens to nothing even so: what its
 * contributor made is no shard then, which everybody who has the key finds alike.
 */
export function openShard(key: Uint8Array, shard: Uint8Array, owner: ShardOwner): Uint8Array | undefined {
  try {
    return decrypt(key, shard.subarray(keyBytes), shardContext(owner))
  } catch (error) {
    if (error instanceof InvalidError && error.code === 'envelope.invalid') return undefined
    throw error
  }
}

/** @param reader the account's sealing key @param once 32 random bytes, never used twice */
export const sealKeyTo = (reader: Uint8Array, once: Uint8Array, key: Uint8Array, owner: ShardOwner): Hex =>
  toHex(sealTo(reader, once, key, keyContext(owner)))

/** @returns undefined where it was sealed to somebody or for something else */
export function openKey(privateKey: Uint8Array, sealed: Hex, owner: ShardOwner): Uint8Array | undefined {
  try {
    return openSealed(privateKey, fromHex(sealed), keyContext(owner))
  } catch (error) {
    if (error instanceof InvalidError && error.code === 'envelope.invalid') return undefined
    throw error
  }
}

/** An account with the key by which others seal something to it. */
export interface Reader {
  readonly account: Address
  readonly key: Uint8Array
}

/** A private contribution as its contributor makes it, on its own side: what goes on IPFS, and the keys beside it. */
export interface SealedShard {
  readonly file: Uint8Array
  readonly sealed: SealedKeys
}

/** @param random so many random bytes, fresh ones each time */
export function sealedShardOf(
  rows: Uint8Array,
  owner: ShardOwner,
  readers: readonly Reader[],
  random: (bytes: number) => Uint8Array
): SealedShard {
  const key = random(keyBytes)
  const keys = readers.map(reader => ({
    account: reader.account,
    sealed: sealKeyTo(reader.key, random(keyBytes), key, owner)
  }))
  return { file: sealShard(key, random(24), rows, owner), sealed: sealedKeys.parse({ keys }) }
}

/** What a node says of who reads a private Datanet: it need not be believed (`readersFrom`). */
export interface SaidReader {
  readonly account: Address
  readonly key: Hex | null
}

/**
 * Whom a contribution is sealed to, by what some node says of their keys: an account is its key's hash, so a key that
 * is none of the account's is found here, before anything is sealed to it.
 * @param mustBe of whom more than two thirds of the weight have to be there
 * @throws InvalidError `keys.account`, `keys.readers`
 */
export function readersFrom(said: readonly SaidReader[], mustBe: DatanetRules['validators']): Reader[] {
  const readers = said.flatMap(({ account, key }) => (key === null ? [] : [{ account, key: fromHex(key) }]))
  for (const { account, key } of readers)
    // [reject] It is sealed to nobody but the accounts that are named.
    if (addressOfPublicKey(pointCompress(key, false)) !== account)
      throw new InvalidError('keys.account', `the key that is named for ${account} is another account's`, {
        help: 'Nothing was sealed or sent. Ask another node.'
      })
  // [reject] What too few could vote on is not sent: it would end without a decision, and cost an upload.
  if (
    !isQuorum(
      mustBe,
      readers.map(({ account }) => account)
    )
  )
    throw new InvalidError('keys.readers', `too few validators could read it: ${unknownText(said, mustBe)}`, {
      consequence: 'retry',
      help: 'Nothing was sealed or sent. Their nodes have to be reachable once: try again when they are.'
    })
  return readers
}

/** Of validators those whose keys are not known, the first of them. */
function unknownText(said: readonly SaidReader[], mustBe: DatanetRules['validators']): string {
  const unknown = mustBe.filter(({ address }) => !said.some(({ account, key }) => account === address && key !== null))
  const named = unknown.slice(0, 5).map(({ address }) => address)
  const more = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : ''
  return `the key of ${named.join(', ')}${more} is not known there`
}

/** [reject] What needs everybody's eyes is not made of what few may read. @throws InvalidError `datanet.private` */
export function requireOpen({ name, private: rule }: Pick<DatanetRules, 'name' | 'private'>, what: string): void {
  if (rule === undefined) return
  throw new InvalidError('datanet.private', `${name} is private: ${what}`, { help: privateInWords })
}
