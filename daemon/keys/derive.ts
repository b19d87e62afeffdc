import { pbkdf2, scrypt } from 'node:crypto'
import type { KeystoreForm } from './form.ts'

type Sealed = KeystoreForm['crypto']

type Scrypt = Extract<Sealed, { kdf: 'scrypt' }>['kdfparams']

/**
 * OpenSSL goes by the letter of RFC 7914, by which N is below 2^(16 r). Others take no notice, geth's own test vector
 * among them: such a file is opened in JavaScript, in seconds.
 */
async function byScrypt(passphrase: string, { n, r, p, salt }: Scrypt): Promise<Buffer> {
  if (n >= 2 ** (16 * r)) {
    const { scryptAsync } = await import('@noble/hashes/scrypt.js')
    const text = new TextEncoder().encode(passphrase)
    return Buffer.from(await scryptAsync(text, salt, { N: n, r, p, dkLen: 32 }))
  }
  const maxmem = 256 * n * r + 256 * r * p + 2 ** 20
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, { N: n, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/**
 * The 32 bytes that a passphrase and a file's costs make: half of them decrypt, the other half check. Both kinds end in
 * PBKDF2, whose first 32 bytes are the same whatever length is asked for.
 */
export function derive(passphrase: string, sealed: Pick<Sealed, 'kdf' | 'kdfparams'>): Promise<Buffer> {
  const { kdfparams: costs } = sealed
  if (!('c' in costs)) return byScrypt(passphrase, costs)
  return new Promise((resolve, reject) => {
    pbkdf2(passphrase, costs.salt, costs.c, 32, 'sha256', (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/**
 * A passphrase as other tools may have read it: as it was typed (geth, Foundry), in the form that ethers and this
 * program make of it, and as keyboards of other systems compose the same letters. One of letters without marks is one.
 */
export const spellings = (passphrase: string): string[] => [
  ...new Set([
    passphrase.normalize('NFKC'),
    passphrase,
    passphrase.normalize('NFC'),
    passphrase.normalize('NFD'),
    passphrase.normalize('NFKD')
  ])
]
