import { product, type Dim } from '../graph/dims.ts'
import { GraphError } from '../graph/errors.ts'
import { Graph } from '../graph/graph.ts'
import type { Value } from '../graph/ir.ts'
import type { ModelConfig } from './config.ts'
import { applyLayer, chosen, rows, time as anyTime } from './layer.ts'
import { headName, layerSpecs, parameterSpecs, type ParameterSpec } from './parameters.ts'
import { rotaryTables } from './rope.ts'

/** A decoder without its head. */
export interface Decoder {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Value>
  /** Last hidden states before the final norm, of the target positions only: [K·M, hidden]. */
  readonly hidden: Value
}

/**
 * Inputs: `ids`, `positions` [K·R, T] int64; `mask` [P, 1, T, T] float32, added to the attention scores, P being K·R,
 * or 1
 * for one mask for all; `targets` [K·M] int64, the positions (indices into rows·time) whose next token matters, as many
 * for each adapter; and every parameter under its own name.
 *
 * With `cache`, attention also sees past keys and values, inputs `past.<layer>.k` and `.v` [K·R, G, S, d]; the mask is
 * [K·R, 1, T, S+T], and only the new rows come out, as `new.<layer>.k` and `.v` [K·R, G, T, d].
 *
 * With `parts`, rows are a multiple of so many positions long, and each part attends to what is before its end only: of
 * the attention scores that the mask would hide, most are never computed.
 */
export function buildDecoder(
  c: ModelConfig,
  options: { readonly cache?: boolean; readonly parts?: number } = {}
): Decoder {
  const { cache = false, parts = 1 } = options
  const time = product(parts, anyTime)
  const flat = product(rows, time)
  const g = new Graph()
  const ids = g.input('ids', 'int64', [rows, time])
  const shared = sharedInputs(g, c, cache, time)
  const parameters = declareParameters(g, parameterSpecs(c))
  const scale = c.headWidth ** -0.5
  const targets = g.input('targets', 'int64', [chosen])

  let x = g.reshape(g.gather(named(parameters, 'model.embed_tokens.weight'), ids), [flat, c.hidden])
  for (let layer = 0; layer < c.layers; layer++) {
    const at = `model.layers.${layer}.`
    const attend = (q: Value, k: Value, v: Value): Value => {
      if (!cache) return attendInParts(g, { q, k, v, mask: shared.mask, scale }, parts)
      const shape = [rows, c.keyHeads, 'S', c.headWidth]
      const past = { k: g.input(`past.${layer}.k`, 'float32', shape), v: g.input(`past.${layer}.v`, 'float32', shape) }
      g.output(`new.${layer}.k`, k)
      g.output(`new.${layer}.v`, v)
      return g.cachedAttention(q, k, v, past, shared.mask, scale)
    }
    // After the last attention the other positions are of no use to anyone.
    const select = layer === c.layers - 1 ? (y: Value): Value => g.gather(y, targets) : undefined
    x = applyLayer(
      {
        g,
        config: c,
        time,
        ...shared,
        attend,
        select,
        parameter: path => named(parameters, at + path),
        optional: path => parameters.get(at + path)
      },
      x
    )
  }
  return { graph: g, parameters, hidden: x }
}

/** One layer alone, from input `x` to output `y`; its parameters are named `layer.` and their path. */
export function buildLayer(c: ModelConfig): Graph {
  const g = new Graph()
  const x = g.input('x', 'float32', [product(rows, anyTime), c.hidden])
  const shared = sharedInputs(g, c, false, anyTime)
  const parameters = declareParameters(g, layerSpecs(c, 'layer.'))
  const attend = (q: Value, k: Value, v: Value): Value => g.attention(q, k, v, shared.mask, c.headWidth ** -0.5)
  const y = applyLayer(
    {
      g,
      config: c,
      time: anyTime,
      ...shared,
      attend,
      parameter: path => named(parameters, `layer.${path}`),
      optional: path => parameters.get(`layer.${path}`)
    },
    x
  )
  g.output('y', y)
  return g
}

/** The head alone, from the input `x` of hidden states to the output `nll` [K·M]. */
export function buildHead(c: ModelConfig): Graph {
  const g = new Graph()
  const hidden = g.input('x', 'float32', [product(rows, anyTime), c.hidden])
  const names = new Set(['model.norm.weight', headName(c)])
  const parameters = declareParameters(
    g,
    parameterSpecs(c).filter(({ name }) => names.has(name))
  )
  g.output('nll', losses(c, { graph: g, parameters, hidden: g.gather(hidden, g.input('targets', 'int64', [chosen])) }))
  return g
}

/** Causal attention, part by part of the rows: part i sees the keys and values of parts 0 to i. */
function attendInParts(
  g: Graph,
  x: { readonly q: Value; readonly k: Value; readonly v: Value; readonly mask: Value; readonly scale: number },
  parts: number
): Value {
  if (parts === 1) return g.attention(x.q, x.k, x.v, x.mask, x.scale)
  const [q, k, v, masks] = [
    g.split(x.q, 2, parts),
    g.split(x.k, 2, parts),
    g.split(x.v, 2, parts),
    g.split(x.mask, 2, parts)
  ]
  return g.concat(
    q.map((own, i) => {
      const seen = (all: readonly Value[]): Value => g.concat(all.slice(0, i + 1), 2)
      const mask = masks[i] ?? x.mask
      return g.attention(own, seen(k), seen(v), g.concat(g.split(mask, 3, parts).slice(0, i + 1), 3), x.scale)
    }),
    2
  )
}

function sharedInputs(
  g: Graph,
  c: ModelConfig,
  cache: boolean,
  time: Dim
): { positions: Value; mask: Value; cos: Value; sin: Value } {
  const tables = rotaryTables(c)
  const shape = [c.context, c.headWidth / 2]
  return {
    positions: g.input('positions', 'int64', [rows, time]),
    mask: g.input('mask', 'float32', cache ? [rows, 1, time, 'S+T'] : ['P', 1, time, time]),
    cos: g.constant(tables.cos, shape),
    sin: g.constant(tables.sin, shape)
  }
}

function declareParameters(g: Graph, specs: readonly ParameterSpec[]): ReadonlyMap<string, Value> {
  return new Map(specs.map(({ name, shape }) => [name, g.input(name, 'float32', shape)]))
}

function named(parameters: ReadonlyMap<string, Value>, name: string): Value {
  const value = parameters.get(name)
  if (value === undefined) throw new GraphError(`the model has no parameter ${name}`)
  return value
}

/** Final norm of the target positions, and the head's weight. */
function finish(c: ModelConfig, { graph, parameters, hidden }: Decoder): { states: Value; head: Value } {
  return {
    states: graph.rmsNorm(hidden, named(parameters, 'model.norm.weight'), c.epsilon),
    head: named(parameters, headName(c))
  }
}

/** Logits [K·M, vocabulary] of the target positions. */
export function logits(c: ModelConfig, decoder: Decoder): Value {
  const { states, head } = finish(c, decoder)
  return decoder.graph.matmul(states, head, { transB: true })
}

/** Negative log-likelihood [K·M] of the input `labels` [K·M] at the target positions. */
export function losses(c: ModelConfig, decoder: Decoder): Value {
  const { states, head } = finish(c, decoder)
  return decoder.graph.tokenLoss(states, head, decoder.graph.input('labels', 'int64', [chosen]))
}
