import { z } from 'zod'
import { keccak } from './canonical.ts'
import type { Address } from './hex.ts'

/**
 * Whether an address in mixed case has the case that its checksum (EIP-55) asks for, by which a mistyped character is
 * found. One in a single case says nothing of itself, and passes.
 */
export function isChecksummed(address: string): boolean {
  const digits = address.slice(2)
  const lower = digits.toLowerCase()
  if (digits === lower || digits === digits.toUpperCase()) return true
  const hash = keccak(lower).slice(2)
  return Array.from(digits).every((digit, i) => /[0-9]/.test(digit) || (hash[i] ?? '0') >= '8' === digit < 'a')
}

/**
 * An account as a person or a program of theirs writes it, folded to lower case. Whatever is given to a mistyped one is
 * gone: money, a seat, the keys to private rows. So one in mixed case has to hold its checksum.
 */
export const writtenAccount = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .refine(isChecksummed, 'does not match its checksum: some character of it is mistyped')
  .transform(text => text.toLowerCase() as Address)
