import { GraphError } from './errors.ts'
import type { Graph } from './graph.ts'
import { inferOutputs } from './infer.ts'
import { sameShape } from './dims.ts'
import type { Node } from './ir.ts'

/** Removes nodes, constants and inputs that no output needs. */
export function removeUnused(graph: Graph): void {
  const needed = new Set(graph.outputs.map(({ value }) => value.id))
  const kept = graph.nodes.toReversed().filter(node => {
    if (!node.outputs.some(v => needed.has(v.id))) return false
    for (const v of node.inputs) needed.add(v.id)
    return true
  })
  graph.nodes.splice(0, graph.nodes.length, ...kept.toReversed())
  graph.inputs.splice(0, graph.inputs.length, ...graph.inputs.filter(({ value }) => needed.has(value.id)))
  graph.constants.splice(0, graph.constants.length, ...graph.constants.filter(({ value }) => needed.has(value.id)))
}

/** The invariants of a graph: each value is made once, before it is used, with the type its operation infers. */
export function checkInvariants(graph: Graph): void {
  const made = new Set<number>()
  const make = (id: number, what: string): void => {
    if (made.has(id)) throw new GraphError(`${what}: value ${id} is made twice`)
    made.add(id)
  }
  for (const { name, value } of graph.inputs) make(value.id, name)
  for (const { value } of graph.constants) make(value.id, 'constant')
  for (const node of graph.nodes) {
    for (const v of node.inputs)
      if (!made.has(v.id)) throw new GraphError(`${node.op} uses value ${v.id} before it is made`)
    const { op, inputs, attributes } = node as Node
    inferOutputs(op, inputs, attributes).forEach((expected, i) => {
      const actual = node.outputs[i]
      if (actual === undefined || actual.dtype !== expected.dtype || !sameShape(actual.shape, expected.shape)) {
        throw new GraphError(`${op}: output ${i} is not what its inputs give`)
      }
    })
    for (const v of node.outputs) make(v.id, node.op)
  }
  for (const { name, value } of graph.outputs)
    if (!made.has(value.id)) throw new GraphError(`output ${name} is never made`)
}

/** Runs every pass, checking the invariants between them. */
export function optimize(graph: Graph): Graph {
  checkInvariants(graph)
  removeUnused(graph)
  checkInvariants(graph)
  return graph
}
