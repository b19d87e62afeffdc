import { z } from 'zod'
import { InvalidError, refusalsOf, refusalsText } from '../../protocol/primitives/index.ts'

/**
 * Web3 Secret Storage, version 3
 * (https://ethereum.org/developers/docs/data-structures-and-encoding/web3-secret-storage), as geth, Foundry, ethers,
 * Parity and others write it: with an address or without, with 0x or without, by scrypt or pbkdf2.
 */
const hexBytes = (least: number, most: number) =>
  z
    .string()
    .regex(/^(0x)?([0-9a-f]{2})*$/i, 'must be hexadecimal digits, two for each byte')
    .transform(text => Buffer.from(text.replace(/^0x/i, ''), 'hex'))
    .refine(({ length }) => length >= least && length <= most, {
      message: least === most ? `must be ${most} bytes` : `must be ${least} to ${most} bytes`
    })

/** Bytes that scrypt holds, and that it goes through in all: geth's standard takes a quarter of a gigabyte, once. */
const mostScryptBytes = 512 * 2 ** 20
const mostScryptWork = 2 ** 30
/** Some seconds; other wallets ask for a quarter of a million at most. */
const mostRounds = 10_000_000

const keyBytes = z.int().min(32).max(128)
const salt = hexBytes(1, 256)
const scryptCosts = z
  .object({
    n: z
      .int()
      .min(2)
      .refine(n => Number.isInteger(Math.log2(n)), { message: 'must be a power of two' }),
    r: z
      .int()
      .min(1)
      .max(1 << 10),
    p: z
      .int()
      .min(1)
      .max(1 << 10),
    dklen: keyBytes,
    salt
  })
  // A file may name any numbers: these take at most half a gigabyte and a few seconds.
  .refine(({ n, r, p }) => 128 * n * r <= mostScryptBytes && 128 * n * r * p <= mostScryptWork, {
    message: 'opening it would take more memory or time than any wallet asks for'
  })
const pbkdf2Costs = z.object({
  c: z.int().min(1).max(mostRounds),
  prf: z.literal('hmac-sha256'),
  dklen: keyBytes,
  salt
})

const sealed = {
  cipher: z.literal('aes-128-ctr'),
  // A key that begins with zeros is shorter in files of some older tools.
  ciphertext: hexBytes(1, 32),
  cipherparams: z.object({ iv: hexBytes(16, 16) }),
  mac: hexBytes(32, 32)
}
const kdfs = ['scrypt', 'pbkdf2'] as const
const heading = z.object({
  version: z.literal(3),
  crypto: z.object({ cipher: sealed.cipher, kdf: z.enum(kdfs) })
})
const keystoreFile = z.object({
  // Foundry writes none: who reads the file need not know whose it is.
  address: hexBytes(20, 20).optional(),
  crypto: z.discriminatedUnion('kdf', [
    z.object({ ...sealed, kdf: z.literal('scrypt'), kdfparams: scryptCosts }),
    z.object({ ...sealed, kdf: z.literal('pbkdf2'), kdfparams: pbkdf2Costs })
  ])
})
export type KeystoreForm = z.output<typeof keystoreFile>

/** A keystore is half a kilobyte. */
const mostKeystoreBytes = 64 * 1024

const importHelp = 'A bare private key is taken over by `tilth key create --import FILE`.'

/** Fields as the format names them: some tools begin one with a capital, write 3 as text, or leave the
 * address empty. */
function asNamed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { Crypto, crypto = Crypto, address, version, ...rest } = value as Record<string, unknown>
  const isSaid = address !== undefined && address !== null && address !== ''
  return { ...rest, version: version === '3' ? 3 : version, crypto, ...(isSaid ? { address } : {}) }
}

/**
 * A keystore from its file's bytes. What is whole and not taken is named by its field; only of what is cut off or no
 * text at all it is said that a copy is needed. @throws InvalidError `key.file`
 */
export function parseKeystore(path: string, bytes: Uint8Array): KeystoreForm {
  const refused = (why: string, help: string, cause?: unknown): InvalidError =>
    new InvalidError('key.file', `${path} ${why}`, { help, ...(cause === undefined ? {} : { cause }) })
  const another = 'Name the keystore itself with --key. '
  if (bytes.length > mostKeystoreBytes)
    throw refused(`is no keystore: it has ${bytes.length} bytes`, another + importHelp)
  const text = new TextDecoder().decode(bytes).trim()
  // [reject] A bare key is no keystore, and its digits are repeated nowhere.
  if (/^(0x)?[0-9a-f]{64}$/i.test(text)) throw refused('holds a bare private key, not a keystore', importHelp)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own words would repeat a piece of what may be a secret.
    if (text.startsWith('{'))
      throw refused('is cut off or damaged: its JSON does not end as it began', 'Put back a copy of it.')
    throw refused('is no keystore: it is not JSON', another + importHelp)
  }
  // [reject] Nor is a text, which may be a phrase that is a key: it is repeated nowhere.
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused('is no keystore: its JSON is no object', another + importHelp)
  const named = asNamed(value)
  const help = 'Tilth opens version 3 keystores by scrypt or pbkdf2. ' + importHelp
  const head = heading.safeParse(named)
  if (!head.success)
    throw refused(`is not a keystore that is taken: ${refusalsText(refusalsOf(heading, named, head.error))}`, help)
  const whole = keystoreFile.safeParse(named)
  if (!whole.success)
    throw refused(
      `is not a keystore that is taken: ${refusalsText(refusalsOf(keystoreFile, named, whole.error))}`,
      help
    )
  return whole.data
}
