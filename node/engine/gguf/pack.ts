import { roundToFloat16 } from '../weights/half.ts'
import { toBfloat16 } from '../weights/numbers.ts'
import type { GgufTypeName } from './types.ts'

/** What can be written. Blocks are made as ggml's reference makes them: the same weights give the same bytes. */
export const writtenTypes = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'] as const satisfies readonly GgufTypeName[]
export type WrittenType = (typeof writtenTypes)[number]

const bytesOf = (x: ArrayBufferView): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength)

const one = new Float32Array(1)
function putScale(x: number, out: Uint8Array, at: number): void {
  one[0] = x
  const bits = roundToFloat16(one)[0] as number
  out[at] = bits & 255
  out[at + 1] = bits >> 8
}

function q8(weights: Float32Array): Uint8Array {
  const out = new Uint8Array((weights.length / 32) * 34)
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 34) {
    let largest = 0
    for (let i = 0; i < 32; i++) largest = Math.max(largest, Math.abs(weights[from + i] as number))
    const scale = Math.fround(largest / 127)
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    putScale(scale, out, at)
    for (let i = 0; i < 32; i++)
      out[at + 2 + i] = awayFromZero(Math.fround((weights[from + i] as number) * inverse)) & 255
  }
  return out
}

/** As C's roundf. */
const awayFromZero = (x: number): number => Math.sign(x) * Math.round(Math.abs(x))

function q4(weights: Float32Array): Uint8Array {
  const out = new Uint8Array((weights.length / 32) * 18)
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 18) {
    let extreme = 0
    for (let i = 0; i < 32; i++)
      if (Math.abs(weights[from + i] as number) > Math.abs(extreme)) extreme = weights[from + i] as number
    const scale = extreme / -8
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale)
    putScale(scale, out, at)
    const code = (x: number): number => Math.min(15, Math.trunc(Math.fround(Math.fround(x * inverse) + 8.5)))
    for (let i = 0; i < 16; i++)
      out[at + 2 + i] = code(weights[from + i] as number) | (code(weights[from + i + 16] as number) << 4)
  }
  return out
}

export const pack: Readonly<Record<WrittenType, (weights: Float32Array) => Uint8Array>> = {
  F32: bytesOf,
  F16: weights => bytesOf(roundToFloat16(weights)),
  BF16: weights => bytesOf(toBfloat16(weights)),
  Q8_0: q8,
  Q4_0: q4
}
