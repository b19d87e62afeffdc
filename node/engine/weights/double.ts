import type { Nf4Tensor } from './nf4.ts'

/** Maxima that share one scale. */
export const doubleBlock = 256

/** NF4 whose block maxima are quantised again: 0.516 bytes a weight. Block maximum = dynamic code · scale + mean. */
export interface DoubleNf4Tensor {
  /** As in Nf4Tensor. */
  readonly codes: Uint8Array
  /** Codes of the maxima, one byte each, padded to whole blocks of 256. */
  readonly maxima: Uint8Array
  /** One for each block of maxima. */
  readonly scales: Float32Array
  /** [1] */
  readonly mean: Float32Array
}

/**
 * Signed 8-bit floats with a dynamic exponent (Dettmers 2016), in rising order: for each power of ten from 1e-6 to 1
 * twice
 * as many fractions as for the one before, and 0 and 1. What QLoRA quantises the maxima with, once their mean is taken
 * off.
 */
export const dynamicCode: Float32Array = dynamicTable()

function dynamicTable(): Float32Array {
  const values = [0, 1]
  for (let exponent = 0; exponent < 7; exponent++) {
    const count = 2 ** exponent
    const border = (i: number): number => 0.1 + (0.9 * i) / count
    for (let i = 0; i < count; i++) {
      const x = (10 ** (exponent - 6) * (border(i) + border(i + 1))) / 2
      values.push(x, -x)
    }
  }
  return Float32Array.from(values.sort((a, b) => a - b))
}

/** Double quantisation (Dettmers et al. 2023, section 3). */
export function doubleQuantize({ codes, maxima }: Nf4Tensor): DoubleNf4Tensor {
  const blocks = Math.ceil(maxima.length / doubleBlock)
  const mean = Math.fround(maxima.reduce((a, b) => a + b, 0) / Math.max(1, maxima.length))
  const out = new Uint8Array(blocks * doubleBlock)
  const scales = new Float32Array(blocks)
  for (let block = 0; block < blocks; block++) {
    const from = block * doubleBlock
    const part = maxima.subarray(from, from + doubleBlock)
    const largest = part.reduce((m, x) => Math.max(m, Math.abs(x - mean)), 0)
    scales[block] = largest === 0 ? 1 : largest
    const scale = scales[block] as number
    part.forEach((x, i) => {
      out[from + i] = nearest((x - mean) / scale)
    })
  }
  return { codes, maxima: out, scales, mean: Float32Array.of(mean) }
}

/** Index of the nearest code, the lower one on a tie. */
function nearest(x: number): number {
  let low = 0
  let high = dynamicCode.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((dynamicCode[middle] as number) <= x) low = middle
    else high = middle
  }
  return (dynamicCode[high] as number) - x < x - (dynamicCode[low] as number) ? high : low
}

/**
 * The maxima that a doubly quantised tensor stands for, in the order of operations of the graph: one for each of its
 * blocks.
 */
export function singly({ codes, maxima, scales, mean }: DoubleNf4Tensor, blocks: number): Nf4Tensor {
  const offset = mean[0] as number
  const at = (i: number): number =>
    Math.fround((dynamicCode[maxima[i] as number] as number) * (scales[Math.floor(i / doubleBlock)] as number)) + offset
  return { codes, maxima: Float32Array.from({ length: blocks }, (_, i) => at(i)) }
}
