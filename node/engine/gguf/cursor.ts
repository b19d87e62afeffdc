import { readSync } from 'node:fs'

/** Bytes that are in memory at a time, besides what was made of them. */
const window = 1 << 20

/** What is wrong, in words; the reader makes an error of it that names the file. */
export type Refuse = (what: string, cause?: unknown) => Error

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Reads little-endian numbers and texts from the beginning of a file, as far as `end` and no further. */
export class Cursor {
  readonly #fd: number
  readonly #end: number
  readonly #refuse: Refuse
  readonly #buffer = Buffer.alloc(window)
  #from = 0
  #filled = 0
  /** Where the next byte stands in the file. */
  position = 0

  constructor(fd: number, end: number, refuse: Refuse) {
    this.#fd = fd
    this.#end = end
    this.#refuse = refuse
  }

  /** Bytes that could still be read. */
  get left(): number {
    return this.#end - this.position
  }

  u8 = (): number => this.#next(1).readUInt8()
  i8 = (): number => this.#next(1).readInt8()
  u16 = (): number => this.#next(2).readUInt16LE()
  i16 = (): number => this.#next(2).readInt16LE()
  u32 = (): number => this.#next(4).readUInt32LE()
  i32 = (): number => this.#next(4).readInt32LE()
  f32 = (): number => this.#next(4).readFloatLE()
  f64 = (): number => this.#next(8).readDoubleLE()
  u64 = (): number | bigint => plain(this.#next(8).readBigUInt64LE())
  i64 = (): number | bigint => plain(this.#next(8).readBigInt64LE())

  /** A count or a length, which is no more than `most`. */
  count(most: number, what: string): number {
    const value = this.u64()
    // [reject] A number of things is one that the rest of the file could hold.
    if (typeof value === 'bigint' || value > most) throw this.#refuse(`${what} is ${value}, more than there can be`)
    return value
  }

  text(mostBytes: number, what: string): string {
    const length = this.count(Math.min(mostBytes, this.left), `the length of ${what}`)
    const bytes = length <= window ? this.#next(length) : this.#long(length)
    try {
      return utf8.decode(bytes)
    } catch (cause) {
      throw this.#refuse(`${what} is no UTF-8`, cause)
    }
  }

  /** The next bytes, valid until the next call. */
  #next(length: number): Buffer {
    // [reject] The file goes on for as long as its header says.
    if (length > this.left) throw this.#refuse('it ends in the middle of its header')
    if (this.position + length > this.#from + this.#filled) {
      this.#from = this.position
      this.#filled = this.#read(this.#buffer, Math.min(window, this.left))
      if (length > this.#filled) throw this.#refuse('it ends in the middle of its header')
    }
    const at = this.position - this.#from
    this.position += length
    return this.#buffer.subarray(at, at + length)
  }

  #long(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    if (this.#read(bytes, length) !== length) throw this.#refuse('it ends in the middle of its header')
    this.position += length
    return bytes
  }

  #read(into: Buffer, length: number): number {
    let done = 0
    while (done < length) {
      const got = readSync(this.#fd, into, done, length - done, this.position + done)
      if (got === 0) break
      done += got
    }
    return done
  }
}

const plain = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
