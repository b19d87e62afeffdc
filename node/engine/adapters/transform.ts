import { product, quotient } from '../graph/dims.ts'
import { known, type Graph } from '../graph/graph.ts'
import type { Node, Value } from '../graph/ir.ts'
import { rewrite } from '../graph/rewrite.ts'
import type { ModuleShape } from './adapter.ts'

export type LoraForm = 'branch' | 'merged' | 'dropout'

export const inputA = (path: string): string => `${path}.lora_A`
export const maskInput = (path: string): string => `${path}.lora_mask`
export const inputB = (path: string): string => `${path}.lora_B`
export const inputGain = (path: string): string => `${path}.lora_gain`

/**
 * LoRA as a transform: every product with a targeted weight gets scale · (x aᵀ) bᵀ added. The graph takes K adapters at
 * once as inputs a [K, rank, in] and b [K, out, rank]; rows k·R … (k+1)·R−1 of the batch use adapter k. One adapter is
 * K = 1.
 *
 * `branch` adds the product of low rank to the output: right where few tokens go through (serving, scoring). `merged`
 * adds b a to the weight first: right where each adapter sees a hundred tokens or more (training). `dropout` is the
 * branch
 * with its input multiplied by a mask that is fed, [K·R·T, in].
 *
 * `scaled`: with DoRA among the adapters, the sum is multiplied by gains [K, 1, out] (dora.ts).
 */
export function withLora(
  source: Graph,
  modules: readonly ModuleShape[],
  rank: number,
  scale: number,
  form: LoraForm = 'branch',
  scaled = false
): Graph {
  const byWeight = new Map(modules.map(m => [`${m.path}.weight`, m]))
  return rewrite(source, (node, { g, inputs, inputName }) => {
    if (node.op !== 'matmul') return undefined
    const found = byWeight.get(inputName(1) ?? '')
    const [x, w] = inputs
    if (found === undefined || x === undefined || w === undefined) return undefined
    const { transB } = (node as Node<'matmul'>).attributes
    if (form === 'merged') return [merged(g, x, w, found, rank, scale)]
    const seen = form === 'dropout' ? g.mul(x, maskOf(g, x, found)) : x
    const sum = g.add(g.matmul(x, w, { transB }), branch(g, seen, found, rank, scale))
    return [scaled ? multiplied(g, sum, found) : sum]
  })
}

function adapterInputs(g: Graph, m: ModuleShape, rank: number): { a: Value; b: Value } {
  return {
    a: g.input(inputA(m.path), 'float32', ['K', rank, m.in]),
    b: g.input(inputB(m.path), 'float32', ['K', m.out, rank])
  }
}

/** [K·n, in] → [K, n, in]: the batch of the products is the adapter. */
function perAdapter(g: Graph, x: Value): Value {
  return g.reshape(x, ['K', quotient(x.shape[0] ?? 1, 'K'), known(x.shape[1])])
}

/** The mask of x: of all positions, or where x has the target positions only, of those. */
function maskOf(g: Graph, x: Value, m: ModuleShape): Value {
  const all = g.input(maskInput(m.path), 'float32', [product('K', 'R', 'T'), m.in])
  const [count = 1] = x.shape
  return count === all.shape[0] ? all : g.gather(all, g.input('targets', 'int64', [count]))
}

function branch(g: Graph, x: Value, m: ModuleShape, rank: number, scale: number): Value {
  const { a, b } = adapterInputs(g, m, rank)
  const down = g.matmul(perAdapter(g, x), a, { transB: true })
  const up = g.matmul(down, b, { transB: true, alpha: scale })
  return g.reshape(up, [x.shape[0] ?? 1, m.out])
}

function multiplied(g: Graph, sum: Value, m: ModuleShape): Value {
  const gain = g.input(inputGain(m.path), 'float32', ['K', 1, m.out])
  return g.reshape(g.mul(perAdapter(g, sum), gain), sum.shape)
}

function merged(g: Graph, x: Value, w: Value, m: ModuleShape, rank: number, scale: number): Value {
  const { a, b } = adapterInputs(g, m, rank)
  // One of forward and backward reads the weight against its rows. That is dear where rows are long (their stride
  // misses
  // the cache), so the weight is turned to have the shorter rows.
  const transposed = m.in > m.out
  const weight = transposed
    ? g.add(g.matmul(a, b, { transA: true, transB: true, alpha: scale }), g.transpose(w, [1, 0]))
    : g.add(g.matmul(b, a, { alpha: scale }), w)
  return g.reshape(g.lora(perAdapter(g, x), weight, a, b, scale, transposed), [x.shape[0] ?? 1, m.out])
}
