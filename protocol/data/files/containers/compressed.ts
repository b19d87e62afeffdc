import { joinBytes } from '../../../primitives/bytes.ts'
import { FileError, damaged } from '../errors.ts'
import { frameGuard } from './zstd-frames.ts'

/** Text packs to a tenth, rows that are much alike to a hundredth. */
const mostRatio = 200
/** So much may come out of anything. */
const freeBytes = 64 << 20
/** What is given to an unpacker at once: a thousandfold of it is still little. */
const stepBytes = 16 << 10

/** Counts what goes in and comes out. [reject] What unpacks to far more than text can is not unpacked to its end. */
function guard(): { took(bytes: number): void; gave(bytes: number): void } {
  let taken = 0
  let given = 0
  return {
    took(bytes) {
      taken += bytes
    },
    gave(bytes) {
      given += bytes
      if (given > freeBytes && given > taken * mostRatio)
        throw new FileError(
          'file.bomb',
          `it unpacks to more than ${mostRatio} times its size, which no file of rows does`,
          'Unpack it yourself, look at what is in it, and give that.'
        )
    }
  }
}

function* stepsOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += stepBytes) yield chunk.subarray(at, at + stepBytes)
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1
  return sum
})
const crcOf = (bytes: Uint8Array, before: number): number => {
  let sum = ~before
  for (const byte of bytes) sum = (crcTable[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8)
  return ~sum >>> 0
}
/** At the end of each part of a gzip file: the sum of what came out of it, and how much that was. */
const trailerBytes = 8

/**
 * Unpacks gzip, whose parts may be many: files that were joined, or packed in blocks, are one. The platform's own
 * unpacker takes the first alone in some browsers and none at all in others.
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Gunzip } = await import('fflate')
  const watch = guard()
  let out: Uint8Array[] = []
  let [sum, size, taken] = [0, 0, 0]
  /** The last bytes that were taken, so many that the end of any part is in them. */
  let last: Uint8Array = new Uint8Array(0)
  // [reject] What came out of a part is what went into it.
  const check = (end: number): void => {
    const at = last.length - (taken - end) - trailerBytes
    const trailer = at < 0 ? undefined : new DataView(last.buffer, last.byteOffset + at, trailerBytes)
    if (trailer?.getUint32(0, true) !== sum || trailer.getUint32(4, true) !== size >>> 0)
      throw new Error('its sums do not agree with what is in it')
    sum = 0
    size = 0
  }
  const unpacker = new Gunzip(data => {
    watch.gave(data.length)
    sum = crcOf(data, sum)
    size += data.length
    out.push(data.slice())
  })
  unpacker.onmember = check
  try {
    for await (const chunk of chunks)
      for (const step of stepsOf(chunk)) {
        watch.took(step.length)
        last = joinBytes([last.subarray(-trailerBytes - stepBytes), step])
        taken += step.length
        unpacker.push(new Uint8Array(step))
        yield* out
        out = []
      }
    unpacker.push(new Uint8Array(0), true)
    yield* out
    check(taken)
  } catch (cause) {
    throw damaged('gzip file', cause)
  }
}

/** Unpacks zstd. */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd')
  const watch = guard()
  const frames = frameGuard()
  let out: Uint8Array[] = []
  const unpacker = new Decompress(data => {
    watch.gave(data.length)
    frames.gave(data.length)
    // What is given is used again for what comes next.
    out.push(data.slice())
  })
  try {
    for await (const chunk of chunks)
      for (const step of stepsOf(chunk)) {
        watch.took(step.length)
        frames.took(step)
        unpacker.push(new Uint8Array(step))
        yield* out
        out = []
      }
    frames.ended()
    unpacker.push(new Uint8Array(0), true)
    yield* out
  } catch (cause) {
    throw damaged('zstd file', cause)
  }
}
