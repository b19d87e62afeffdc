import { keccak } from './canonical.ts'

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
