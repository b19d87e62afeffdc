import { int4Block } from './int4.ts'

/** The code that means 0, and the largest distance from it: seven bits (kernels/assembly/bytes.ts says why). */
const zero = 64
const most = 63

/**
 * Rounds the block of weights at `from`, which shares one scale, to codes from 1 to 127: a weight is (code − 64) ·
 * scale.
 * @returns the scale
 */
export function roundToByte(weights: Float32Array, from: number, codes: Uint8Array): number {
  let largest = 0
  for (let i = 0; i < int4Block; i++) largest = Math.max(largest, Math.abs(weights[from + i] as number))
  const inverse = largest === 0 ? 0 : most / largest
  for (let i = 0; i < int4Block; i++) codes[i] = Math.round((weights[from + i] as number) * inverse) + zero
  return largest / most
}
