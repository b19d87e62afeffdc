// A JSON string's bytes as a machine: what may follow which, so that what comes of it is UTF-8 and one string.

/** Where within a string, or within one of its characters. */
export const at = {
  open: 0,
  plain: 1,
  escape: 2,
  hex1: 3,
  hex2: 4,
  hex2AfterD: 5,
  hex3: 6,
  hex4: 7,
  one: 8,
  two: 9,
  three: 10,
  afterE0: 11,
  afterED: 12,
  afterF0: 13,
  afterF4: 14
} as const

/** Bytes that the character which is begun still has, by place. */
const rest = [1, 0, 1, 4, 3, 3, 2, 1, 1, 2, 3, 2, 2, 3, 3] as const
export const restOf = (place: number): number => rest[place] ?? 0

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
const isWithin = (byte: number, from: number, to: number): boolean => byte >= from && byte <= to
const escapes: ReadonlySet<number> = new Set(Array.from('"\\/bfnrt', letter => letter.charCodeAt(0)))

/** A place that a byte leads to: within the string, behind one whole character more, behind its end, or nowhere. */
export const grown = -1
export const closed = -2
export const nowhere = -3

/** The first byte of a character, as UTF-8 has it. */
export function leading(byte: number): number {
  if (byte < 0x80) return grown
  if (isWithin(byte, 0xc2, 0xdf)) return at.one
  if (byte === 0xe0) return at.afterE0
  if (byte === 0xed) return at.afterED
  if (isWithin(byte, 0xe1, 0xef)) return at.two
  if (byte === 0xf0) return at.afterF0
  if (isWithin(byte, 0xf1, 0xf3)) return at.three
  return byte === 0xf4 ? at.afterF4 : nowhere
}

/** A byte behind the first of a character. */
export function trailing(place: number, byte: number): number {
  switch (place) {
    case at.one:
      return isWithin(byte, 0x80, 0xbf) ? grown : nowhere
    case at.two:
      return isWithin(byte, 0x80, 0xbf) ? at.one : nowhere
    case at.three:
      return isWithin(byte, 0x80, 0xbf) ? at.two : nowhere
    // The shortest form only, no half of a pair, nothing beyond the last character.
    case at.afterE0:
      return isWithin(byte, 0xa0, 0xbf) ? at.one : nowhere
    case at.afterED:
      return isWithin(byte, 0x80, 0x9f) ? at.one : nowhere
    case at.afterF0:
      return isWithin(byte, 0x90, 0xbf) ? at.two : nowhere
    case at.afterF4:
      return isWithin(byte, 0x80, 0x8f) ? at.two : nowhere
    default:
      return nowhere
  }
}

/** Where a byte leads from a place within a string. */
export function within(place: number, byte: number): number {
  switch (place) {
    case at.open:
      return byte === 0x22 ? at.plain : nowhere
    case at.plain:
      if (byte === 0x22) return closed
      if (byte === 0x5c) return at.escape
      return byte < 0x20 ? nowhere : leading(byte)
    case at.escape:
      return byte === 0x75 ? at.hex1 : escapes.has(byte) ? grown : nowhere
    case at.hex1:
      return !isHex(byte) ? nowhere : byte === 0x64 || byte === 0x44 ? at.hex2AfterD : at.hex2
    case at.hex2:
      return isHex(byte) ? at.hex3 : nowhere
    case at.hex2AfterD: // D8 to DF are halves of pairs
      return isWithin(byte, 0x30, 0x37) ? at.hex3 : nowhere
    case at.hex3:
      return isHex(byte) ? at.hex4 : nowhere
    case at.hex4:
      return isHex(byte) ? grown : nowhere
    default:
      return trailing(place, byte)
  }
}
