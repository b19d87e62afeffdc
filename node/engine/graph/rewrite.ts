import { GraphError } from './errors.ts'
import { Graph } from './graph.ts'
import type { Node, Op, OpAttributes, Value } from './ir.ts'

/** What a transform sees of a node: its inputs are already values of the new graph. */
export interface RewriteContext {
  readonly g: Graph
  readonly inputs: readonly Value[]
  /** Name of the graph input that an input of the node is, if it is one. */
  readonly inputName: (i: number) => string | undefined
}

/**
 * A copy of a graph in which `replace` may give other values for a node's outputs; undefined keeps the node. Transforms
 * (LoRA, quantisation) are written with this, before differentiation.
 */
export function rewrite(
  source: Graph,
  replace: (node: Node, context: RewriteContext) => readonly Value[] | undefined
): Graph {
  const g = new Graph()
  const mapped = new Map<number, Value>()
  const names = new Map<number, string>()
  for (const { name, value } of source.inputs) {
    mapped.set(value.id, g.input(name, value.dtype, value.shape))
    names.set(value.id, name)
  }
  for (const { value, data } of source.constants) mapped.set(value.id, g.constant(data, value.shape.map(Number)))
  const lookup = (value: Value): Value => {
    const found = mapped.get(value.id)
    if (found === undefined) throw new GraphError(`value ${value.id} was not copied`)
    return found
  }
  for (const node of source.nodes as Node[]) {
    const inputs = node.inputs.map(lookup)
    const context = { g, inputs, inputName: (i: number) => names.get(node.inputs[i]?.id ?? -1) }
    const outputs = replace(node, context) ?? g.apply(node.op, inputs, node.attributes as OpAttributes[Op])
    node.outputs.forEach((value, i) => {
      const to = outputs[i]
      if (to === undefined) throw new GraphError(`${node.op}: the transform gave too few outputs`)
      mapped.set(value.id, to)
    })
  }
  for (const { name, value } of source.outputs) g.output(name, lookup(value))
  return g
}

/** The value of a named output. */
export function outputOf(g: Graph, name: string): Value {
  const found = g.outputs.find(o => o.name === name)
  if (found === undefined) throw new GraphError(`the graph has no output ${name}`)
  return found.value
}
