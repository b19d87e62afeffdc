/** Conversions between float32 and the 16-bit formats of published weights. */

/** bfloat16 is the upper half of float32. Writes into `out` where it is given. */
export function fromBfloat16(bits: Uint16Array, out: Float32Array = new Float32Array(bits.length)): Float32Array {
  const words = new Uint32Array(out.buffer, out.byteOffset, bits.length)
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] ?? 0) << 16
  return out
}

/** Rounds to nearest, ties to even, as PyTorch does. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const out = new Uint16Array(values.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0
    out[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16
  }
  return out
}

/** Exact; writes into `out` where it is given. */
export function fromFloat16(bits: Uint16Array, out: Float32Array = new Float32Array(bits.length)): Float32Array {
  const words = new Uint32Array(out.buffer, out.byteOffset, bits.length)
  for (let i = 0; i < bits.length; i++) {
    const h = bits[i] as number
    const exponent = (h >>> 10) & 0x1f
    const sign = (h & 0x8000) << 16
    if (exponent === 0) out[i] = (sign === 0 ? 1 : -1) * (h & 0x3ff) * 2 ** -24
    else words[i] = sign | ((exponent === 31 ? 0xff : exponent + 112) << 23) | ((h & 0x3ff) << 13)
  }
  return out
}
