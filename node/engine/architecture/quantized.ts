import type { Graph } from '../graph/graph.ts'
import type { Node, Value } from '../graph/ir.ts'
import { rewrite } from '../graph/rewrite.ts'
import { doubleBlock } from '../weights/double.ts'
import { nf4Block } from '../weights/nf4.ts'
import { int4Block } from '../weights/int4.ts'
import type { ModelConfig } from './config.ts'
import { headName, projectionNames } from './parameters.ts'

/** Names of the weights that quantisation replaces: the projections of every layer, as QLoRA does. */
export function quantizedNames(c: ModelConfig): Set<string> {
  return new Set(projectionNames(c, p => (p.in * p.out) % nf4Block === 0))
}

/**
 * Inputs that a quantised weight is fed by. The backward pass has its own, so that it dequantises again and nothing
 * dequantised is kept in between.
 */
export const nf4Inputs = (name: string) =>
  [`${name}.codes`, `${name}.maxima`, `${name}.codes.again`, `${name}.maxima.again`] as const

/** Further ones where the maxima are quantised too. */
export const doubleInputs = (name: string) => [`${name}.maxima.scales`, `${name}.maxima.mean`] as const

/**
 * NF4 as a transform: every product with a quantised weight takes codes and maxima instead. Apply it after LoRA, whose
 * branches stay float32. `double`: the maxima are quantised as well.
 */
export function withNf4(source: Graph, names: ReadonlySet<string>, double = false): Graph {
  return rewrite(source, (node, { g, inputs, inputName }) => {
    const name = inputName(1)
    const [x, w] = inputs
    if (node.op !== 'matmul' || name === undefined || !names.has(name) || x === undefined || w === undefined)
      return undefined
    const { transB } = (node as Node<'matmul'>).attributes
    if (!transB) return undefined
    const [rows, columns] = [Number(w.shape[0]), Number(w.shape[1])]
    const size = rows * columns
    const [codes, maxima, codesAgain, maximaAgain] = nf4Inputs(name)
    const count = size / nf4Block
    const singly = (m: string): Value => {
      if (!double) return g.input(m, 'float32', [count])
      const [scales, mean] = doubleInputs(name)
      const blocks = Math.ceil(count / doubleBlock)
      return g.dequantizeMaxima(
        g.input(m, 'uint8', [blocks * doubleBlock]),
        g.input(scales, 'float32', [blocks]),
        g.input(mean, 'float32', [1]),
        count
      )
    }
    const weight = (c: string, m: string) => g.dequantizeNf4(g.input(c, 'uint8', [size / 2]), singly(m), rows, columns)
    return [g.frozenMatmul(x, weight(codes, maxima), weight(codesAgain, maximaAgain))]
  })
}

/** Names of the weights that serve in four bits: the projections, and the head. */
export function int4Names(c: ModelConfig): Set<string> {
  const layers = projectionNames(c, p => p.in % int4Block === 0)
  return new Set(c.hidden % int4Block === 0 ? [...layers, headName(c)] : layers)
}

export const int4Inputs = (name: string) => [`${name}.int4`, `${name}.scales`] as const

/** 4-bit weights as a transform of a graph that is not differentiated. */
export function withInt4(source: Graph, names: ReadonlySet<string>): Graph {
  return rewrite(source, (node, { g, inputs, inputName }) => {
    const name = inputName(1)
    const [x, w] = inputs
    if (node.op !== 'matmul' || name === undefined || !names.has(name) || x === undefined || w === undefined)
      return undefined
    const [rows, columns] = [Number(w.shape[0]), Number(w.shape[1])]
    const [codes, scales] = int4Inputs(name)
    const blocks = columns / int4Block
    return [
      g.int4Matmul(
        x,
        g.input(codes, 'uint8', [rows, blocks, int4Block / 2]),
        g.input(scales, 'float32', [rows * blocks]),
        rows,
        columns
      )
    ]
  })
}
