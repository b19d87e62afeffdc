/** Weights that share one scale. */
export const int4Block = 32

/**
 * Signed 4-bit weights for serving, in the layout of ONNX Runtime's MatMulNBits: weight = scale · (code − 8), two codes
 * a
 * byte with the first in the lower half, blocks along the input dimension. 0.625 bytes a weight.
 */
export interface Int4Tensor {
  /** [out, in / 32, 16] */
  readonly codes: Uint8Array
  /** [out · in / 32] */
  readonly scales: Float32Array
}

/** Quantises a [out, in] matrix whose rows are whole blocks. The largest magnitude of a block becomes −8 exactly. */
export function quantizeInt4(data: Float32Array): Int4Tensor {
  const codes = new Uint8Array(data.length / 2)
  const scales = new Float32Array(data.length / int4Block)
  for (let block = 0; block < scales.length; block++) {
    const from = block * int4Block
    let extreme = 0
    for (let i = 0; i < int4Block; i++)
      if (Math.abs(data[from + i] as number) > Math.abs(extreme)) extreme = data[from + i] as number
    const scale = extreme / -8
    scales[block] = scale
    const inverse = scale === 0 ? 0 : 1 / scale
    const code = (x: number): number => Math.min(15, Math.max(0, Math.round(x * inverse) + 8))
    for (let i = 0; i < int4Block; i += 2) {
      codes[(from + i) / 2] = code(data[from + i] as number) | (code(data[from + i + 1] as number) << 4)
    }
  }
  return { codes, scales }
}
