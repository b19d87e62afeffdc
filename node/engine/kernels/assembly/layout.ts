/**
 * What the kernels find in memory, as written by ../pack.ts and ../decoder.ts: fields of four bytes in this order.
 * Addresses are bytes, lengths are elements; an address of 0 means that there is none.
 */

/** A product's weights (tiles.ts, bytes.ts), its bias, and how wide it is. */
@unmanaged
export class Projection {
  weights: usize
  bias: usize
  /** Multiple of 32. */
  inputs: u32
  /** Multiple of 4. */
  outputs: u32
  /** Of a weight: 4 or 8. */
  bits: u32
}

@unmanaged
export class Layer {
  attentionNorm: usize
  /** Weights of the norm of each head, or 0. */
  queryNorm: usize
  keyNorm: usize
  mlpNorm: usize
  query: Projection
  key: Projection
  value: Projection
  output: Projection
  gate: Projection
  up: Projection
  down: Projection
}

@unmanaged
export class Model {
  hidden: u32
  intermediate: u32
  layers: u32
  heads: u32
  keyHeads: u32
  headWidth: u32
  epsilon: f32
  /** 1 / √headWidth, multiplied into the queries. */
  scale: f32
  norm: usize
  head: Projection
  /** Addresses of the layers. */
  layer: usize
  /** cos and sin of every position, [context, headWidth / 2]. */
  cos: usize
  sin: usize
  zeros: usize
}

/** Rows that follow each other and use one adapter. */
@unmanaged
export class Run {
  first: u32
  count: u32
  /**
   * 0: the base alone. Else rank (a multiple of 4), then for each layer and projection the addresses of aᵀ [in, rank],
   * bᵀ [rank, out] and DoRA's gains [out] or 0.
   */
  adapter: usize
}

/** Rows of one sequence that follow each other, at most `chunk` (attention.ts). */
@unmanaged
export class Chunk {
  first: u32
  count: u32
}

/** One step: rows of any sequences, each at a position of its own. */
@unmanaged
export class Batch {
  rows: u32
  /** [rows] */
  positions: usize
  /** [rows] addresses of the block tables of their sequences. */
  tables: usize
  runs: usize
  runCount: u32
  chunks: usize
  chunkCount: u32
  /** Rows whose logits are wanted. */
  targets: usize
  targetCount: u32
  /** Residual stream [rows, hidden]; embeddings at the start. */
  x: usize
  /** [rows, max(hidden, heads · headWidth)]: normed states, then what attention gives. */
  states: usize
  /** [rows, max(hidden, intermediate, heads · headWidth)] in tiles of 8-bit numbers. */
  tiles: usize
  /** [rows, heads · headWidth] and twice [rows, keyHeads · headWidth]. */
  query: usize
  key: usize
  value: usize
  /** [rows, intermediate] each; `up` has room for [rows, hidden] too: what the outputs of DoRA's rows are added to. */
  gate: usize
  up: usize
  /** Adapters' inner states, [3, rows, lowWidth]. */
  low: usize
  lowWidth: u32
  /** For each thread [chunk, context rounded up to 64]. */
  scores: usize
  scoreWidth: u32
  /** For each thread 9 bytes of every input of the widest product. */
  scratch: usize
  scratchBytes: u32
  /** Counters of the pieces of work that are taken, all 0 at the start of a step (places in index.ts). */
  taken: usize
  /** [targets, vocabulary] */
  logits: usize
  /** Whether an adapter has gains. */
  gained: u32
}
