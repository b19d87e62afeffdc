import type { Shape } from './dims.ts'

/**
 * The intermediate representation: single assignment, in order of execution. An operation is what has a derivative
 * rule of its own; one may become several ONNX nodes when it is emitted.
 */
export type DType = 'float32' | 'float16' | 'int64' | 'int32' | 'uint8'

export interface Value {
  readonly id: number
  readonly dtype: DType
  readonly shape: Shape
}

/** No attributes. */
export type None = Readonly<Record<string, never>>

/**
 * Attributes of every operation. Adding a line here breaks the tables in infer.ts, rules.ts and lower.ts until they
 * have it too.
 */
export interface OpAttributes {
  /** y = alpha · op(a) op(b); batch dimensions must agree, or b has none. */
  matmul: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number }
  add: None
  sub: None
  mul: None
  div: None
  scale: { readonly factor: number }
  sigmoid: None
  exp: None
  sqrt: None
  /** x · sigmoid(x) */
  silu: None
  /** Sum over axes, kept as 1. */
  sum: { readonly axes: readonly number[] }
  reshape: { readonly shape: Shape }
  transpose: { readonly permutation: readonly number[] }
  /** Equal parts along an axis, whose length is a multiple of their number. */
  split: { readonly axis: number; readonly parts: number }
  /** Inputs of one shape, joined along an axis. */
  concat: { readonly axis: number }
  /** Over the last axis. */
  softmax: None
  /** x / √(mean x² + ε) · w over the last axis (Zhang & Sennrich 2019). Inputs x, w. */
  rmsNorm: { readonly epsilon: number }
  /**
   * Rotary embedding (Su et al. 2021), halves rotated as in Hugging Face models. Inputs x [B, T, heads·d], positions
   * [B, T], cos, sin [max, d/2].
   */
  rotary: { readonly heads: number; readonly inverse: boolean }
  /**
   * softmax(scale · q kᵀ + mask) v. Inputs q [B, H, T, d], k, v [B, G, S, d], mask [·, 1, T, S]; outputs o like q, and
   * the probabilities.
   */
  attention: { readonly scale: number }
  /**
   * Attention over cached and new positions without joining them. Inputs q, k, v of the new positions as in
   * `attention`,
   * past keys and values [B, G, S, d], mask [B, 1, T, S+T]. Forward only.
   */
  cachedAttention: { readonly scale: number }
  /** Rows of a table. Inputs table [V, D], index […]; output […, D]. */
  gather: None
  /** Zeros in the shape of `like` [V, D], rows of `updates` […, D] added at index […]. Inputs like, index, updates. */
  scatterAdd: None
  /** −log softmax(h wᵀ)[label]. Inputs h [M, D], w [V, D], labels [M]; outputs loss [M], logits [M, V]. */
  tokenLoss: None
  /** softmax − one-hot, from logits [M, V] and labels [M]. */
  lossGradient: None
  /**
   * y = x mᵀ, where m = w + scale · b a was merged before. Inputs x [K, M, in], m [K, out, in], a [K, r, in], b [K,
   * out, r];
   * m is [K, in, out] where it is `transposed`. Its rule differentiates through a and b, at their rank, and never makes
   * the gradient of m.
   */
  lora: { readonly scale: number; readonly transposed: boolean }
  /**
   * y = x wᵀ with a weight that is not trained. Inputs x, w, again: the same weight twice, so that the backward pass
   * can
   * have it made anew.
   */
  frozenMatmul: None
  /**
   * y = x wᵀ, or x w where not `transB`, with a weight in float16 that is not trained; the product is in float16, x and
   * y
   * are not. Inputs x [M, k] float32, w float16.
   */
  halfMatmul: { readonly transB: boolean }
  /**
   * y = x wᵀ with 4-bit weights (weights/int4.ts). Inputs x [M, in], codes uint8 [out, in/32, 16], scales [out·in/32].
   * Forward only.
   */
  int4Matmul: { readonly rows: number; readonly columns: number }
  /**
   * Weights from NF4 codes (Dettmers et al. 2023). Inputs codes uint8 [N/2], maxima float32 [N/64]; output [rows,
   * columns].
   */
  dequantizeNf4: { readonly rows: number; readonly columns: number }
  /**
   * Block maxima of NF4 from their second quantisation (weights/double.ts). Inputs codes uint8 [256·B], scales [B],
   * mean [1]; output [count], the first of them.
   */
  dequantizeMaxima: { readonly count: number }
}

export type Op = keyof OpAttributes

export interface Node<K extends Op = Op> {
  readonly op: K
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  readonly attributes: OpAttributes[K]
}

/** A node of any operation, as a union that `switch` and tables can narrow. */
export type AnyNode = { [K in Op]: Node<K> }[Op]

export interface GraphInput {
  readonly name: string
  readonly value: Value
}
export interface GraphOutput {
  readonly name: string
  readonly value: Value
}
export interface GraphConstant {
  readonly value: Value
  readonly data: Float32Array | BigInt64Array | Int32Array
}
