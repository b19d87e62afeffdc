import { mostDigits } from './limits.ts'

// A JSON number's bytes as a machine, with so many digits in each part at most.

/** Where within a number: its parts in order. */
export const part = {
  start: 0,
  minus: 1,
  zero: 2,
  whole: 3,
  point: 4,
  fraction: 5,
  mark: 6,
  sign: 7,
  exponent: 8
} as const

export interface Numeral {
  readonly part: number
  /** Digits of that part so far. */
  readonly digits: number
}

const [minus, plus, point, zero, nine] = [0x2d, 0x2b, 0x2e, 0x30, 0x39] as const
const isDigit = (byte: number): boolean => byte >= zero && byte <= nine
const isMark = (byte: number): boolean => byte === 0x65 || byte === 0x45

/** Whether a number may end there. */
export const mayEnd = (at: number): boolean =>
  at === part.zero || at === part.whole || at === part.fraction || at === part.exponent

/** Bytes that are still needed. */
export const restOfNumber = (at: number): number => (mayEnd(at) ? 0 : 1)

const more = (at: number, digits: number, most: number): Numeral | undefined =>
  digits < most ? { part: at, digits: digits + 1 } : undefined

/** Where a byte leads, if it goes on with the number. */
export function digit({ part: at, digits }: Numeral, byte: number, isWhole: boolean): Numeral | undefined {
  switch (at) {
    case part.start:
      if (byte === minus) return { part: part.minus, digits: 0 }
      return digit({ part: part.minus, digits: 0 }, byte, isWhole)
    case part.minus:
      if (byte === zero) return { part: part.zero, digits: 1 }
      return isDigit(byte) ? { part: part.whole, digits: 1 } : undefined
    case part.zero:
    case part.whole:
      if (at === part.whole && isDigit(byte)) return more(part.whole, digits, mostDigits.whole)
      if (isWhole) return undefined
      if (byte === point) return { part: part.point, digits: 0 }
      return isMark(byte) ? { part: part.mark, digits: 0 } : undefined
    case part.point:
      return isDigit(byte) ? { part: part.fraction, digits: 1 } : undefined
    case part.fraction:
      if (isDigit(byte)) return more(part.fraction, digits, mostDigits.fraction)
      return isMark(byte) ? { part: part.mark, digits: 0 } : undefined
    case part.mark:
      if (byte === minus || byte === plus) return { part: part.sign, digits: 0 }
      return isDigit(byte) ? { part: part.exponent, digits: 1 } : undefined
    case part.sign:
      return isDigit(byte) ? { part: part.exponent, digits: 1 } : undefined
    case part.exponent:
      return isDigit(byte) ? more(part.exponent, digits, mostDigits.exponent) : undefined
    default:
      return undefined
  }
}
