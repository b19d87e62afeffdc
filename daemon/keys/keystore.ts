import { createCipheriv, createDecipheriv, randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { z } from 'zod'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import { InvalidError, NotFoundError, fromHex } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { writePrivate } from '../private-file.ts'

/**
 * Web3 Secret Storage, version 3
 * (https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage):
 * scrypt, aes-128-ctr, keccak-256 as check, so that other wallets open what we write.
 */
const hexText = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .regex(/^[0-9a-f]+$/i)
/** Bytes that scrypt holds, and that it goes through in all: geth's standard takes a quarter of a gigabyte, once. */
const mostScryptBytes = 512 * 2 ** 20
const mostScryptWork = 2 ** 30

const keystoreFile = z.object({
  version: z.literal(3),
  address: hexText(40, 40),
  crypto: z.object({
    cipher: z.literal('aes-128-ctr'),
    ciphertext: hexText(64, 64),
    cipherparams: z.object({ iv: hexText(32, 32) }),
    kdf: z.literal('scrypt'),
    kdfparams: z
      .object({
        n: z
          .int()
          .min(1024)
          .max(1 << 20),
        r: z.int().min(1).max(32),
        p: z.int().min(1).max(16),
        dklen: z.literal(32),
        salt: hexText(16, 128)
      })
      // A file may name any numbers: these take at most half a gigabyte and a few seconds.
      .refine(({ n, r, p }) => 128 * n * r <= mostScryptBytes && 128 * n * r * p <= mostScryptWork, {
        message: 'opening it would take more memory or time than any wallet asks for'
      }),
    mac: hexText(64, 64)
  })
})

/**
 * `light` opens in tens of milliseconds, for keys that guard play money on one machine; `standard` in about a second.
 */
export type KeyStrength = 'light' | 'standard'
const costs: Record<KeyStrength, number> = { light: 1 << 12, standard: 1 << 17 }

function derive(passphrase: string, salt: Buffer, n: number, r: number, p: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), salt, 32, { N: n, r, p, maxmem: 256 * n * r }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

const check = (derived: Buffer, ciphertext: Buffer): Buffer =>
  Buffer.from(keccak_256(Buffer.concat([derived.subarray(16), ciphertext])))

/** Makes or imports a key and writes it encrypted. @throws InvalidError `key.exists` rather than overwrite. */
export async function createKeystore(
  path: string,
  passphrase: string,
  options: { privateKey?: Uint8Array; strength?: KeyStrength } = {}
): Promise<{ address: Address; privateKey: Uint8Array }> {
  if (
    await readFile(path).then(
      () => true,
      () => false
    )
  ) {
    throw new InvalidError('key.exists', `there is a key at ${path} already`, {
      help: 'Choose another path, or move the old key away; keys are never overwritten.'
    })
  }
  if (passphrase.length < 8)
    throw new InvalidError('key.passphrase', 'the passphrase is shorter than 8 characters', {
      help: 'Choose a longer one: it is all that guards the file.'
    })
  const privateKey = options.privateKey ?? newPrivateKey()
  const address = addressOfKey(privateKey)
  const salt = randomBytes(32)
  const iv = randomBytes(16)
  const n = costs[options.strength ?? 'standard']
  const derived = await derive(passphrase, salt, n, 8, 1)
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
  )
  return { address, privateKey }
}

/** A keystore is half a kilobyte; of a larger file the beginning is read, and is none. */
const mostKeystoreBytes = 64 * 1024

async function readKeystore(path: string): Promise<z.infer<typeof keystoreFile>> {
  let text: string
  try {
    text = (await readFile(path)).subarray(0, mostKeystoreBytes).toString('utf8')
  } catch (cause) {
    throw new NotFoundError('key.missing', `there is no key at ${path}`, {
      help: 'Make one with `tilth key create`, or name another with --key.',
      cause
    })
  }
  try {
    return keystoreFile.parse(JSON.parse(text))
  } catch (cause) {
    throw new InvalidError('key.file', `${path} is not a version 3 keystore`, {
      help: 'Restore it from a backup.',
      cause
    })
  }
}

/** The address in clear, without the passphrase. */
export async function keystoreAddress(path: string): Promise<Address> {
  return `0x${(await readKeystore(path)).address.toLowerCase()}`
}

/**
 * @throws InvalidError `key.passphrase` for a wrong passphrase, `key.file` for a damaged file, NotFoundError
 * `key.missing`.
 */
export async function openKeystore(
  path: string,
  passphrase: string
): Promise<{ address: Address; privateKey: Uint8Array }> {
  const { crypto, address } = await readKeystore(path)
  const { n, r, p, salt } = crypto.kdfparams
  const ciphertext = Buffer.from(crypto.ciphertext, 'hex')
  const derived = await derive(passphrase, Buffer.from(salt, 'hex'), n, r, p)
  if (!timingSafeEqual(check(derived, ciphertext), Buffer.from(crypto.mac, 'hex'))) {
    throw new InvalidError('key.passphrase', `that passphrase does not open ${path}`, {
      help: 'Try again; nothing was changed.'
    })
  }
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), Buffer.from(crypto.cipherparams.iv, 'hex'))
  const privateKey = new Uint8Array(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
  if (addressOfKey(privateKey) !== `0x${address.toLowerCase()}`)
    throw new InvalidError('key.file', `${path} names another address than its key has`, {
      help: 'Restore it from a backup.'
    })
  return { address: addressOfKey(privateKey), privateKey }
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
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) throw new InvalidError('key.invalid', 'a private key is 64 hexadecimal digits')
  return fromHex(`0x${hex}`)
}
