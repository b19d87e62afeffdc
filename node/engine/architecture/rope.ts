import type { ModelConfig } from './config.ts'

/**
 * Inverse wavelengths of the rotary embedding, [headWidth / 2]; Llama 3 stretches the long ones (Dubey et al. 2024).
 */
export function frequencies(c: Pick<ModelConfig, 'headWidth' | 'rope'>): Float64Array {
  const { theta, scaling } = c.rope
  return Float64Array.from({ length: c.headWidth / 2 }, (_, i) => {
    const frequency = theta ** ((-2 * i) / c.headWidth)
    if (scaling === undefined) return frequency
    if (scaling.kind === 'linear') return frequency / scaling.factor
    const wavelength = (2 * Math.PI) / frequency
    if (wavelength < scaling.original / scaling.high) return frequency
    if (wavelength > scaling.original / scaling.low) return frequency / scaling.factor
    const smooth = (scaling.original / wavelength - scaling.low) / (scaling.high - scaling.low)
    return ((1 - smooth) * frequency) / scaling.factor + smooth * frequency
  })
}

/** cos and sin of every position, [positions, headWidth / 2]. */
export function rotaryTables(c: ModelConfig, positions = c.context): { cos: Float32Array; sin: Float32Array } {
  const inverse = frequencies(c)
  const half = inverse.length
  const [cos, sin] = [new Float32Array(positions * half), new Float32Array(positions * half)]
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < half; i++) {
      // The angle is rounded to float32 first, as PyTorch computes it.
      const angle = Math.fround(p * Math.fround(inverse[i] ?? 0))
      cos[p * half + i] = Math.cos(angle)
      sin[p * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}
