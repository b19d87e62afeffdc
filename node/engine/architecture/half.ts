import { rewrite } from '../graph/rewrite.ts'
import type { Graph } from '../graph/graph.ts'
import type { Node } from '../graph/ir.ts'

export const halfInput = (name: string): string => `${name}.half`

/**
 * Products with frozen weights in float16, as a transform like those of quantisation: apply it after LoRA, whose
 * branches
 * stay float32, as do norms, attention and losses.
 */
export function withHalf(source: Graph, names: ReadonlySet<string>): Graph {
  return rewrite(source, (node, { g, inputs, inputName }) => {
    const name = inputName(1)
    const [x, w] = inputs
    if (
      node.op !== 'matmul' ||
      name === undefined ||
      !names.has(name) ||
      x === undefined ||
      w === undefined ||
      x.shape.length !== 2
    )
      return undefined
    const { transB } = (node as Node<'matmul'>).attributes
    return transB ? [g.halfMatmul(x, g.input(halfInput(name), 'float16', w.shape), transB)] : undefined
  })
}
