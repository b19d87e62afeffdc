import { product, type Dim } from '../graph/dims.ts'
import { Graph } from '../graph/graph.ts'
import type { Value } from '../graph/ir.ts'
import type { ModelConfig } from './config.ts'
import { parameterSpecs, type ParameterSpec } from './parameters.ts'
import { rotaryTables } from './rope.ts'

/**
 * The decoder of Llama, Mistral, Qwen2 and Qwen3, written once. Activations are [rows·time, hidden]; rows is K·R where K
 * adapters are stacked with R rows each, so a transform can give each its own weights.
 */
export interface Decoder {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Value>
  /** Last hidden states before the final norm, [rows·time, hidden]. */
  readonly hidden: Value
}

export const rows: Dim = 'K*R'
export const time: Dim = 'T'

/**
 * Inputs: `ids`, `positions` [K·R, T] int64; `mask` [P, 1, T, T] float32, added to the attention scores, P being K·R, or 1
 * for one mask for all; and every
 * parameter under its own name.
 *
 * With `cache`, attention also sees past keys and values, inputs `past.<layer>.k` and `.v` [K·R, G, S, d]; the mask is
 * [K·R, 1, T, S+T], and only the new rows come out, as `new.<layer>.k` and `.v` [K·R, G, T, d].
 */
export function buildDecoder(c: ModelConfig, options: { readonly cache?: boolean } = {}): Decoder {
  const cache = options.cache === true
  const g = new Graph()
  const ids = g.input('ids', 'int64', [rows, time])
  const positions = g.input('positions', 'int64', [rows, time])
  const mask = g.input('mask', 'float32', cache ? [rows, 1, time, 'S+T'] : ['P', 1, time, time])
  const parameters = declareParameters(g, parameterSpecs(c))
  const tables = rotaryTables(c)
  const half = c.headWidth / 2
  const [cos, sin] = [g.constant(tables.cos, [c.context, half]), g.constant(tables.sin, [c.context, half])]
  const flat = product(rows, time)
  const parameter = (name: string): Value => {
    const value = parameters.get(name)
    if (value === undefined) throw new TypeError(name)
    return value
  }
  const optional = (name: string): Value | undefined => parameters.get(name)

  const heads = (x: Value, count: number): Value => g.transpose(g.reshape(x, [rows, time, count, c.headWidth]), [0, 2, 1, 3])

  const attend = (layer: number, q: Value, k: Value, v: Value): Value => {
    const scale = c.headWidth ** -0.5
    if (!cache) return g.attention(q, k, v, mask, scale)
    const shape = [rows, c.keyHeads, 'S', c.headWidth]
    const past = { k: g.input(`past.${layer}.k`, 'float32', shape), v: g.input(`past.${layer}.v`, 'float32', shape) }
    g.output(`new.${layer}.k`, k)
    g.output(`new.${layer}.v`, v)
    return g.cachedAttention(q, k, v, past, mask, scale)
  }

  let x = g.reshape(g.gather(parameter('model.embed_tokens.weight'), ids), [flat, c.hidden])
  for (let layer = 0; layer < c.layers; layer++) {
    const at = `model.layers.${layer}.`
    const linear = (input: Value, path: string): Value => {
      const y = g.matmul(input, parameter(`${at}${path}.weight`), { transB: true })
      const bias = optional(`${at}${path}.bias`)
      return bias === undefined ? y : g.add(y, bias)
    }
    /** q or k: projection, per-head norm where the model has one, rotation. */
    const rotated = (input: Value, which: 'q' | 'k', count: number): Value => {
      const width = count * c.headWidth
      let y = linear(input, `self_attn.${which}_proj`)
      const norm = optional(`${at}self_attn.${which}_norm.weight`)
      if (norm !== undefined) y = g.reshape(g.rmsNorm(g.reshape(y, [product(flat, count), c.headWidth]), norm, c.epsilon), [flat, width])
      return heads(g.rotary(g.reshape(y, [rows, time, width]), positions, cos, sin, count), count)
    }

    const normed = g.rmsNorm(x, parameter(`${at}input_layernorm.weight`), c.epsilon)
    const q = rotated(normed, 'q', c.heads)
    const k = rotated(normed, 'k', c.keyHeads)
    const v = heads(linear(normed, 'self_attn.v_proj'), c.keyHeads)
    const mixed = g.transpose(attend(layer, q, k, v), [0, 2, 1, 3])
    x = g.add(x, linear(g.reshape(mixed, [flat, c.heads * c.headWidth]), 'self_attn.o_proj'))

    const second = g.rmsNorm(x, parameter(`${at}post_attention_layernorm.weight`), c.epsilon)
    const gated = g.mul(g.silu(linear(second, 'mlp.gate_proj')), linear(second, 'mlp.up_proj'))
    x = g.add(x, linear(gated, 'mlp.down_proj'))
  }
  return { graph: g, parameters, hidden: x }
}

function declareParameters(g: Graph, specs: readonly ParameterSpec[]): ReadonlyMap<string, Value> {
  return new Map(specs.map(({ name, shape }) => [name, g.input(name, 'float32', shape)]))
}

/** Final norm of the positions listed in the input `targets` [M] (indices into rows·time), and the head's weight. */
export function selectTargets(c: ModelConfig, decoder: Decoder): { states: Value; head: Value } {
  const { graph: g, parameters } = decoder
  const targets = g.input('targets', 'int64', ['M'])
  const norm = parameters.get('model.norm.weight')
  const head = parameters.get(c.tied ? 'model.embed_tokens.weight' : 'lm_head.weight')
  if (norm === undefined || head === undefined) throw new TypeError('model without norm or head')
  return { states: g.rmsNorm(g.gather(decoder.hidden, targets), norm, c.epsilon), head }
}

/** Logits [M, vocabulary] of the target positions. */
export function logits(c: ModelConfig, decoder: Decoder): Value {
  const { states, head } = selectTargets(c, decoder)
  return decoder.graph.matmul(states, head, { transB: true })
}

/** Negative log-likelihood [M] of the input `labels` [M] at the target positions. */
export function losses(c: ModelConfig, decoder: Decoder): Value {
  const { states, head } = selectTargets(c, decoder)
  return decoder.graph.tokenLoss(states, head, decoder.graph.input('labels', 'int64', ['M']))
}
