/** What its bytes do not bear out: a length beyond the end, a number without one. */
export class Damage extends Error {}

/** Reads the little numbers that LevelDB and Snappy write, and never beyond the end. */
export class Cursor {
  private readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }
  get left(): number {
    return this.bytes.length - this.at
  }
  /** @throws Damage, as the others */
  byte(): number {
    const byte = this.bytes[this.at]
    if (byte === undefined) throw new Damage('it ends too soon')
    this.at++
    return byte
  }
  take(length: number): Uint8Array {
    if (length > this.left) throw new Damage('a length reaches beyond the end')
    return this.bytes.subarray(this.at, (this.at += length))
  }
  /** Seven bits a byte, the lowest first. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Damage('a number does not end')
  }
  /** Little-endian, of up to six bytes. */
  fixed(length: number): number {
    return this.take(length).reduceRight((value, byte) => value * 256 + byte, 0)
  }
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

/** CRC-32C as far as it is, and one byte more. */
export const crcOf = (crc: number, byte: number): number => (castagnoli[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
export const crcStart = 0xffffffff
/** As LevelDB writes one: turned, so that a checksum of checksums is none. */
export function masked(crc: number): number {
  const whole = ~crc >>> 0
  return (((whole >>> 15) | (whole << 17)) + 0xa282ead8) >>> 0
}
export function maskedCrc(...parts: readonly Uint8Array[]): number {
  let crc = crcStart
  for (const part of parts) for (const byte of part) crc = crcOf(crc, byte)
  return masked(crc)
}

/** What a block may hold unpacked: LevelDB's are of four kilobytes and one entry. */
const mostBytes = 64 * 2 ** 20

/** Unpacks Snappy (https://github.com/google/snappy/blob/main/format_description.txt). @throws Damage */
export function unsnap(packed: Uint8Array): Uint8Array {
  const cursor = new Cursor(packed)
  const length = cursor.varint()
  // Nothing packs better than 64 bytes into three.
  if (length > mostBytes || length > cursor.left * 32) throw new Damage('a block of a size that none has')
  const text = new Uint8Array(length)
  let at = 0
  const copy = (offset: number, count: number): void => {
    if (offset === 0 || offset > at || at + count > length) throw new Damage('a copy of what is not there')
    for (let i = 0; i < count; i++, at++) text[at] = text[at - offset] ?? 0
  }
  while (at < length) {
    const tag = cursor.byte()
    const high = tag >>> 2
    switch (tag & 3) {
      case 0: {
        const count = (high < 60 ? high : cursor.fixed(high - 59)) + 1
        if (at + count > length) throw new Damage('more text than it says')
        text.set(cursor.take(count), at)
        at += count
        break
      }
      case 1:
        copy((high >>> 3) * 256 + cursor.byte(), (high & 7) + 4)
        break
      case 2:
        copy(cursor.fixed(2), high + 1)
        break
      default:
        copy(cursor.fixed(4), high + 1)
    }
  }
  return text
}
