/** NF4 (Dettmers et al. 2023, appendix E): the code book, index = 4-bit code. */
export const codeBook = Float32Array.of(-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634,
  0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1)

/** Weights that share one maximum. */
export const nf4Block = 64

/** Two codes a byte, the first in the upper half; the largest magnitude of each block. 0.5625 bytes a weight. */
export interface Nf4Tensor {
  readonly codes: Uint8Array
  readonly maxima: Float32Array
}

/** Quantises a tensor whose size is a multiple of 64. Each weight gets the nearest code, the lower one on a tie. */
export function quantizeNf4(data: Float32Array): Nf4Tensor {
  const codes = new Uint8Array(data.length / 2)
  const maxima = new Float32Array(data.length / nf4Block)
  for (let block = 0; block < maxima.length; block++) {
    const values = data.subarray(block * nf4Block, (block + 1) * nf4Block)
    const largest = values.reduce((m, x) => Math.max(m, Math.abs(x)), 0)
    const scale = largest === 0 ? 1 : largest
    maxima[block] = scale
    for (let i = 0; i < nf4Block; i += 2) {
      const upper = nearest((values[i] ?? 0) / scale)
      codes[(block * nf4Block + i) / 2] = (upper << 4) | nearest((values[i + 1] ?? 0) / scale)
    }
  }
  return { codes, maxima }
}

/** Distances are compared in float32, as the reference does. */
function nearest(ratio: number): number {
  const x = Math.fround(ratio)
  let low = 0
  let high = codeBook.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((codeBook[middle] as number) <= x) low = middle
    else high = middle
  }
  const [below, above] = [Math.abs(Math.fround(x - (codeBook[low] as number))), Math.abs(Math.fround(x - (codeBook[high] as number)))]
  return above < below ? high : low
}

/** The weights a quantised tensor stands for. */
export function dequantizeNf4({ codes, maxima }: Nf4Tensor): Float32Array {
  const out = new Float32Array(codes.length * 2)
  for (let i = 0; i < codes.length; i++) {
    const byte = codes[i] as number
    const scale = maxima[Math.floor((2 * i) / nf4Block)] as number
    out[2 * i] = (codeBook[byte >> 4] as number) * scale
    out[2 * i + 1] = (codeBook[byte & 15] as number) * scale
  }
  return out
}

/**
 * Double quantisation: the maxima, less their mean, as 8-bit numbers in blocks of 256 with one float each. Returns the
 * maxima that survive it, and the bytes they would take. 0.516 bytes a weight in all.
 */
export function doubleQuantize(maxima: Float32Array): { readonly maxima: Float32Array; readonly bytes: number } {
  const block = 256
  const mean = Math.fround(maxima.reduce((a, b) => a + b, 0) / Math.max(1, maxima.length))
  const out = new Float32Array(maxima.length)
  for (let from = 0; from < maxima.length; from += block) {
    const part = maxima.subarray(from, from + block)
    const largest = part.reduce((m, x) => Math.max(m, Math.abs(x - mean)), 0)
    const step = largest === 0 ? 1 : largest / 127
    part.forEach((x, i) => { out[from + i] = Math.round((x - mean) / step) * step + mean })
  }
  return { maxima: out, bytes: maxima.length + 4 * Math.ceil(maxima.length / block) + 4 }
}

/** For each byte, the two code book entries it stands for: [256, 2]. */
export function pairTable(): Float32Array {
  return Float32Array.from({ length: 512 }, (_, i) => codeBook[i % 2 === 0 ? i >> 5 : (i >> 1) & 15] ?? 0)
}
