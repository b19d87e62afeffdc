import { createCipheriv, createDecipheriv, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { statSync } from 'node:fs'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import { InvalidError, NotFoundError, TilthError, fromHex } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { readBounded } from '../bounded-file.ts'
import { writePrivate } from '../private-file.ts'
import { derive, spellings } from './derive.ts'
import { parseKeystore } from './form.ts'
import type { KeystoreForm } from './form.ts'
import type { Opening } from './passphrase.ts'

/**
 * `light` opens in tens of milliseconds, for keys that guard play money on one machine; `standard` in about a second.
 */
export type KeyStrength = 'light' | 'standard'
const costs: Record<KeyStrength, number> = { light: 1 << 12, standard: 1 << 17 }

const check = (derived: Buffer, ciphertext: Buffer): Buffer =>
  Buffer.from(keccak_256(Buffer.concat([derived.subarray(16), ciphertext])))

/**
 * [reject] A key has a file of its own, in a folder that can be written to.
 * @throws InvalidError `key.exists` rather than overwrite, `key.write` where none can be
 */
function requireFreePath(path: string): void {
  let found
  try {
    found = statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw unwritable(path, cause) // a part of the path is a file
  }
  if (found?.isDirectory() === true) throw unwritable(path, new Error('it is a folder'))
  if (found !== undefined)
    throw new InvalidError('key.exists', `there is a key at ${path} already`, {
      help: 'Choose another path, or move the old key away; keys are never overwritten.'
    })
}
const unwritable = (path: string, cause: unknown): InvalidError =>
  new InvalidError('key.write', `no key can be written to ${path}`, {
    help: 'Choose a path in a folder that you may write to: --key FILE, or --data DIR.',
    cause
  })

/**
 * Makes or imports a key and writes it encrypted.
 * @throws InvalidError `key.exists` rather than overwrite, `key.write`, `key.passphrase`
 */
export async function createKeystore(
  path: string,
  passphrase: string,
  options: { privateKey?: Uint8Array; strength?: KeyStrength } = {}
): Promise<{ address: Address; privateKey: Uint8Array }> {
  requireFreePath(path)
  if (passphrase.length < 8)
    throw new InvalidError('key.passphrase', 'the passphrase is shorter than 8 characters', {
      help: 'Choose a longer one: it is all that guards the file.'
    })
  const privateKey = options.privateKey ?? newPrivateKey()
  const address = addressOfKey(privateKey)
  const salt = randomBytes(32)
  const iv = randomBytes(16)
  const n = costs[options.strength ?? 'standard']
  const derived = await derive(passphrase.normalize('NFKC'), {
    kdf: 'scrypt',
    kdfparams: { n, r: 8, p: 1, dklen: 32, salt }
  })
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  const ciphertext = Buffer.concat([cipher.update(privateKey), cipher.final()])
  await writePrivate(
    path,
    JSON.stringify(
      {
        version: 3,
        id: randomUUID(),
        address: address.slice(2),
        crypto: {
          cipher: 'aes-128-ctr',
          ciphertext: ciphertext.toString('hex'),
          cipherparams: { iv: iv.toString('hex') },
          kdf: 'scrypt',
          kdfparams: { n, r: 8, p: 1, dklen: 32, salt: salt.toString('hex') },
          mac: check(derived, ciphertext).toString('hex')
        }
      },
      null,
      2
    ) + '\n'
  ).catch((cause: unknown) => {
    throw unwritable(path, cause)
  })
  return { address, privateKey }
}

async function readKeystore(path: string): Promise<KeystoreForm> {
  let bytes: Uint8Array
  try {
    bytes = await readBounded(path)
  } catch (cause) {
    if (cause instanceof TilthError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'EISDIR')
      throw new InvalidError('key.file', `${path} is a folder`, { help: 'Name one keystore in it with --key.', cause })
    throw new NotFoundError('key.missing', `there is no key at ${path}`, {
      help: 'Make one with `tilth key create`, or name another with --key.',
      cause
    })
  }
  return parseKeystore(path, bytes)
}

const addressOf = ({ address }: KeystoreForm): Address | undefined =>
  address === undefined ? undefined : `0x${address.toString('hex')}`

/** The address in clear, without the passphrase; undefined where the file does not say it. */
export const keystoreAddress = async (path: string): Promise<Address | undefined> => addressOf(await readKeystore(path))

/** The key that a passphrase opens, in any of its readings and spellings; undefined where none does. */
async function unseal({ crypto }: KeystoreForm, readings: readonly string[]): Promise<Uint8Array | undefined> {
  const { ciphertext, cipherparams, mac } = crypto
  for (const spelling of new Set(readings.flatMap(spellings))) {
    const derived = await derive(spelling, crypto)
    if (!timingSafeEqual(check(derived, ciphertext), mac)) continue
    const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), cipherparams.iv)
    const opened = Buffer.concat([decipher.update(ciphertext), decipher.final()])
    return new Uint8Array(Buffer.concat([Buffer.alloc(32 - opened.length), opened]))
  }
  return undefined
}

/**
 * @throws InvalidError `key.passphrase` for a wrong passphrase, `file.encoding` for one whose file is no text,
 * `key.file` for what is no keystore, NotFoundError `key.missing`.
 */
export async function openKeystore(
  path: string,
  passphrase: Opening
): Promise<{ address: Address; privateKey: Uint8Array }> {
  const file = await readKeystore(path)
  const { readings, refusal }: Exclude<Opening, string> =
    typeof passphrase === 'string' ? { readings: [passphrase] } : passphrase
  const privateKey = await unseal(file, readings)
  if (privateKey === undefined && refusal !== undefined) throw refusal
  if (privateKey === undefined)
    throw new InvalidError('key.passphrase', `that passphrase does not open ${path}`, {
      help: 'Try again; nothing was changed.'
    })
  const address = addressOfKey(privateKey)
  const said = addressOf(file)
  // [reject] Whoever reads the address in clear must not be told another account's.
  if (said !== undefined && said !== address)
    throw new InvalidError('key.file', `${path} says that it is ${said}, and the key in it is ${address}`, {
      help: 'If that key is meant, take the field `address` out of the file.'
    })
  return { address, privateKey }
}

/** A new secp256k1 key from the system's randomness. */
export function newPrivateKey(): Uint8Array {
  for (;;) {
    const bytes = new Uint8Array(randomBytes(32))
    try {
      addressOfKey(bytes)
      return bytes
    } catch (cause) {
      if (!(cause instanceof InvalidError)) throw cause
    } // one in 2^128
  }
}

/** 32 bytes as hexadecimal text, with or without 0x. @throws InvalidError `key.invalid` */
export function parsePrivateKey(text: string): Uint8Array {
  const hex = text.trim().replace(/^0x/, '')
  if (!/^[0-9a-fA-F]{64}$/.test(hex))
    throw new InvalidError('key.invalid', 'a private key is 64 hexadecimal digits', {
      help: 'Words to recover a wallet by are no key: have the wallet export one, or a keystore, which --key names.'
    })
  return fromHex(`0x${hex}`)
}
