const single = new Float32Array(1)
const bits = new Uint32Array(single.buffer)

/** Rounds to the nearest float16, ties to even, as its bits; beyond ±65504 it is infinite. */
function halfBits(x: number): number {
  single[0] = x
  const word = bits[0] as number
  const sign = (word >>> 16) & 0x8000
  const rest = word & 0x7fffffff
  if (rest >= 0x7f800000) return sign | (rest > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (rest >= 0x477ff000) return sign | 0x7c00
  if (rest >= 0x38800000) return sign | ((rest - 0x38000000 + 0xfff + ((rest >>> 13) & 1)) >>> 13)
  // Subnormal: a multiple of 2⁻²⁴, which float32 rounds to by itself when the value is lifted to where its last bit
  // weighs that.
  single[0] = Math.abs(x) + 0.5
  return sign | ((bits[0] as number) - 0x3f000000)
}

/** The bits of float16. */
export function roundToFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length)
  for (let i = 0; i < values.length; i++) out[i] = halfBits(values[i] as number)
  return out
}
