import { fromBfloat16, fromFloat16 } from '../weights/numbers.ts'
import type { GgufTypeName } from './types.ts'

// Weights as numbers, block by block (ggml's block_q… structures). Products of a scale and a code are exact in double
// precision and rounded once, when they are put into `out`: the same bits as in float32 arithmetic.

/** Reads the blocks of `bytes` into `out`, which has as many weights. */
type Unpack = (bytes: Uint8Array, out: Float32Array) => void

const halves = new Uint16Array(1)
const half = new Float32Array(1)
/** The float16 at a place. */
function scaleAt(bytes: Uint8Array, at: number): number {
  halves[0] = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  return fromFloat16(halves, half)[0] as number
}

/** Blocks of 32 whose codes lie in 16 bytes: the lower halves are the first 16 weights, the upper ones the others. */
const nibbles =
  (
    size: number,
    { codes, fifth, centre }: { readonly codes: number; readonly fifth?: number; readonly centre?: number }
  ): Unpack =>
  (bytes, out) => {
    for (let from = 0, to = 0; from < bytes.length; from += size, to += 32) {
      const scale = scaleAt(bytes, from)
      const least = centre === undefined ? scaleAt(bytes, from + 2) : -centre * scale
      for (let i = 0; i < 16; i++) {
        const byte = bytes[from + codes + i] as number
        let [low, high] = [byte & 15, byte >> 4]
        if (fifth !== undefined) {
          const bit = from + fifth + (i >> 3)
          low |= (((bytes[bit] as number) >> (i & 7)) & 1) << 4
          high |= (((bytes[bit + 2] as number) >> (i & 7)) & 1) << 4
        }
        out[to + i] = low * scale + least
        out[to + i + 16] = high * scale + least
      }
    }
  }

const q8: Unpack = (bytes, out) => {
  for (let from = 0, to = 0; from < bytes.length; from += 34, to += 32) {
    const scale = scaleAt(bytes, from)
    for (let i = 0; i < 32; i++) out[to + i] = signed(bytes[from + 2 + i] as number) * scale
  }
}

const signed = (byte: number): number => (byte << 24) >> 24

/** Six-bit scale and minimum of the j-th 32 weights of a block of 256, from the 12 bytes they are packed in. */
function packedScale(bytes: Uint8Array, at: number, j: number): { scale: number; least: number } {
  const byte = (i: number): number => bytes[at + i] as number
  if (j < 4) return { scale: byte(j) & 63, least: byte(j + 4) & 63 }
  return {
    scale: (byte(j + 4) & 15) | ((byte(j - 4) >> 6) << 4),
    least: (byte(j + 4) >> 4) | ((byte(j) >> 6) << 4)
  }
}

/** Blocks of 256 with scales and minima of their own for each 32. */
const kBlocks =
  (size: number, { codes, fifth }: { readonly codes: number; readonly fifth?: number }): Unpack =>
  (bytes, out) => {
    for (let from = 0, to = 0; from < bytes.length; from += size, to += 256) {
      const [scales, leasts] = [scaleAt(bytes, from), scaleAt(bytes, from + 2)]
      for (let j = 0; j < 8; j++) {
        const { scale, least } = packedScale(bytes, from + 4, j)
        const [by, off] = [scales * scale, leasts * least]
        const at = from + codes + (j >> 1) * 32
        for (let i = 0; i < 32; i++) {
          const byte = bytes[at + i] as number
          let code = (j & 1) === 0 ? byte & 15 : byte >> 4
          if (fifth !== undefined) code |= (((bytes[from + fifth + i] as number) >> j) & 1) << 4
          out[to + j * 32 + i] = code * by - off
        }
      }
    }
  }

const q6K: Unpack = (bytes, out) => {
  const size = 210
  for (let from = 0, to = 0; from < bytes.length; from += size, to += 256) {
    const by = scaleAt(bytes, from + 208)
    for (let part = 0; part < 2; part++) {
      const [low, high, scales] = [from + part * 64, from + 128 + part * 32, from + 192 + part * 8]
      for (let quarter = 0; quarter < 4; quarter++) {
        for (let i = 0; i < 32; i++) {
          const byte = bytes[low + (quarter & 1) * 32 + i] as number
          const four = quarter < 2 ? byte & 15 : byte >> 4
          const two = ((bytes[high + i] as number) >> (2 * quarter)) & 3
          const scale = signed(bytes[scales + (i >> 4) + 2 * quarter] as number)
          out[to + part * 128 + quarter * 32 + i] = by * scale * ((four | (two << 4)) - 32)
        }
      }
    }
  }
}

/** Plain numbers, whatever byte they begin at. */
const words =
  <T extends Uint16Array | Float32Array>(
    make: (buffer: ArrayBuffer) => T,
    put: (from: T, out: Float32Array) => void
  ): Unpack =>
  (bytes, out) =>
    put(make(bytes.slice().buffer), out)

export const unpack: Readonly<Record<GgufTypeName, Unpack>> = {
  F32: words(
    buffer => new Float32Array(buffer),
    (from, out) => out.set(from)
  ),
  F16: words(buffer => new Uint16Array(buffer), fromFloat16),
  BF16: words(buffer => new Uint16Array(buffer), fromBfloat16),
  Q4_0: nibbles(18, { codes: 2, centre: 8 }),
  Q4_1: nibbles(20, { codes: 4 }),
  Q5_0: nibbles(22, { codes: 6, fifth: 2, centre: 16 }),
  Q5_1: nibbles(24, { codes: 8, fifth: 4 }),
  Q8_0: q8,
  Q4_K: kBlocks(144, { codes: 16 }),
  Q5_K: kBlocks(176, { codes: 48, fifth: 16 }),
  Q6_K: q6K
}
