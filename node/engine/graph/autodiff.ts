import { sameShape } from './dims.ts'
import { GraphError } from './errors.ts'
import type { Graph } from './graph.ts'
import type { Node, Value } from './ir.ts'
import { applyRule } from './rules.ts'

/**
 * Appends the backward pass: gradients of Σ seed · output with respect to `wanted`. Only what lies on a path from a
 * wanted value is differentiated, so a frozen base costs no weight gradients.
 */
export function gradients(
  g: Graph,
  outputs: readonly { value: Value; seed: Value }[],
  wanted: readonly Value[]
): Value[] {
  const forward = [...g.nodes]
  const active = new Set(wanted.map(v => v.id))
  for (const node of forward) {
    if (node.inputs.some(v => active.has(v.id))) for (const out of node.outputs) active.add(out.id)
  }

  const cotangents = new Map<number, Value>()
  const accumulate = (value: Value, cotangent: Value): void => {
    if (!sameShape(value.shape, cotangent.shape)) {
      throw new GraphError(`cotangent [${cotangent.shape.join(', ')}] of a value [${value.shape.join(', ')}]`)
    }
    const before = cotangents.get(value.id)
    cotangents.set(value.id, before === undefined ? cotangent : g.add(before, cotangent))
  }
  for (const { value, seed } of outputs) accumulate(value, seed)

  for (const node of forward.reverse()) {
    const incoming = node.outputs.map(v => cotangents.get(v.id))
    const needs = node.inputs.map(v => active.has(v.id))
    if (incoming.every(v => v === undefined) || !needs.includes(true)) continue
    const outgoing = applyRule(node as Node, { g, cotangents: incoming, needs })
    node.inputs.forEach((value, i) => {
      const cotangent = outgoing[i]
      if (needs[i] === true && cotangent !== undefined) accumulate(value, cotangent)
    })
  }

  return wanted.map(value => {
    const found = cotangents.get(value.id)
    if (found === undefined) throw new GraphError(`value ${value.id} does not influence the outputs`)
    return found
  })
}
