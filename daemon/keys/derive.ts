import { pbkdf2, scrypt } from 'node:crypto'
import type { KeystoreForm } from './form.ts'

type Sealed = KeystoreForm['crypto']

/** The 32 bytes that a passphrase and a file's costs make: half of them decrypt, the other half check. */
export function derive(passphrase: string, sealed: Pick<Sealed, 'kdf' | 'kdfparams'>): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Buffer): void => {
      if (error === null) resolve(key)
      else reject(error)
    }
    // Both kinds end in PBKDF2, whose first 32 bytes are the same whatever length is asked for.
    const { kdfparams: costs } = sealed
    if ('c' in costs) pbkdf2(passphrase, costs.salt, costs.c, 32, 'sha256', done)
    else
      scrypt(
        passphrase,
        costs.salt,
        32,
        { N: costs.n, r: costs.r, p: costs.p, maxmem: 256 * costs.n * costs.r + 256 * costs.r * costs.p + 2 ** 20 },
        done
      )
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
