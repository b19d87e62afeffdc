import { product, type Dim } from '../graph/dims.ts'
import type { Graph } from '../graph/graph.ts'
import type { Value } from '../graph/ir.ts'
import type { ModelConfig } from './config.ts'

/** Rows of a batch: R for each of K adapters that are stacked. */
export const rows: Dim = 'K*R'
export const time: Dim = 'T'
/** Positions whose next token matters: M for each adapter. */
export const chosen: Dim = 'K*M'

/** What a layer needs beside its input. */
export interface LayerContext {
  readonly g: Graph
  readonly config: ModelConfig
  /** Length of the rows: T, or a multiple of it. */
  readonly time: Dim
  readonly positions: Value
  readonly cos: Value
  readonly sin: Value
  /** A parameter of this layer by its path: self_attn.q_proj.weight. */
  readonly parameter: (path: string) => Value
  /** One that not every architecture has. */
  readonly optional: (path: string) => Value | undefined
  /** Attention of q [K·R, H, T, d] over k and v [K·R, G, T, d], and over the past where there is one. */
  readonly attend: (q: Value, k: Value, v: Value) => Value
  /** Positions that go on from here; what follows attention is done for these alone. */
  readonly select?: ((x: Value) => Value) | undefined
}

/**
 * One layer of Llama, Mistral, Qwen2 and Qwen3: attention and gated MLP, each after a norm and added to x [rows·time,
 * hidden].
 */
export function applyLayer(context: LayerContext, x: Value): Value {
  const { g, config: c, time, parameter, optional } = context
  const flat = product(rows, time)
  const linear = (input: Value, path: string): Value => {
    const y = g.matmul(input, parameter(`${path}.weight`), { transB: true })
    const bias = optional(`${path}.bias`)
    return bias === undefined ? y : g.add(y, bias)
  }
  const heads = (y: Value, count: number): Value =>
    g.transpose(g.reshape(y, [rows, time, count, c.headWidth]), [0, 2, 1, 3])
  /** q or k: projection, per-head norm where the model has one, rotation. */
  const rotated = (input: Value, which: 'q' | 'k', count: number): Value => {
    const width = count * c.headWidth
    let y = linear(input, `self_attn.${which}_proj`)
    const norm = optional(`self_attn.${which}_norm.weight`)
    if (norm !== undefined)
      y = g.reshape(g.rmsNorm(g.reshape(y, [product(flat, count), c.headWidth]), norm, c.epsilon), [flat, width])
    return heads(g.rotary(g.reshape(y, [rows, time, width]), context.positions, context.cos, context.sin, count), count)
  }

  const normed = g.rmsNorm(x, parameter('input_layernorm.weight'), c.epsilon)
  const q = rotated(normed, 'q', c.heads)
  const k = rotated(normed, 'k', c.keyHeads)
  const v = heads(linear(normed, 'self_attn.v_proj'), c.keyHeads)
  const mixed = g.transpose(context.attend(q, k, v), [0, 2, 1, 3])
  const select = context.select ?? ((y: Value) => y)
  const attended = g.add(select(x), linear(select(g.reshape(mixed, [flat, c.heads * c.headWidth])), 'self_attn.o_proj'))

  const second = g.rmsNorm(attended, parameter('post_attention_layernorm.weight'), c.epsilon)
  const gated = g.mul(g.silu(linear(second, 'mlp.gate_proj')), linear(second, 'mlp.up_proj'))
  return g.add(attended, linear(gated, 'mlp.down_proj'))
}
