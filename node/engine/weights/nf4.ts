/** NF4 (Dettmers et al. 2023, appendix E): the code book, index = 4-bit code. */
export const codeBook = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1
)

/** Weights that share one maximum. */
export const nf4Block = 64

/** Two codes a byte, the first in the upper half; the largest magnitude of each block. 0.5625 bytes a weight. */
export interface Nf4Tensor {
  readonly codes: Uint8Array
  readonly maxima: Float32Array
}

/**
 * Quantises whole blocks of 64, and puts them into a tensor from its `first` weight on. Each weight gets the nearest
 * code, the lower one on a tie.
 */
export function quantizeNf4Part(data: Float32Array, { codes, maxima }: Nf4Tensor, first: number): void {
  for (let from = 0; from < data.length; from += nf4Block) {
    let largest = 0
    for (let i = from; i < from + nf4Block; i++) largest = Math.max(largest, Math.abs(data[i] as number))
    const scale = largest === 0 ? 1 : largest
    maxima[(first + from) / nf4Block] = scale
    for (let i = from; i < from + nf4Block; i += 2) {
      codes[(first + i) / 2] = (nearest((data[i] as number) / scale) << 4) | nearest((data[i + 1] as number) / scale)
    }
  }
}

/**
 * Steps from −1 to 1, narrower than any two codes are apart: for each, the last code that is not above its lower end.
 */
const stairs = 4096
const stair = Uint8Array.from({ length: stairs + 1 }, (_, i) =>
  Math.max(
    0,
    codeBook.findLastIndex(code => code <= i / (stairs / 2) - 1)
  )
)

/** Distances are compared in float32, as the reference does. */
function nearest(ratio: number): number {
  const x = Math.fround(ratio)
  let low = Math.min(codeBook.length - 2, stair[Math.floor((x + 1) * (stairs / 2))] as number)
  if (low < codeBook.length - 2 && (codeBook[low + 1] as number) <= x) low++
  const [below, above] = [
    Math.abs(Math.fround(x - (codeBook[low] as number))),
    Math.abs(Math.fround(x - (codeBook[low + 1] as number)))
  ]
  return above < below ? low + 1 : low
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

/** For each byte, the two code book entries it stands for: [256, 2]. */
export function pairTable(): Float32Array {
  return Float32Array.from({ length: 512 }, (_, i) => codeBook[i % 2 === 0 ? i >> 5 : (i >> 1) & 15] ?? 0)
}
