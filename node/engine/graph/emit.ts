import { Emitter } from './emitter.ts'
import type { Graph } from './graph.ts'
import type { Node } from './ir.ts'
import { lowerNode } from './lower.ts'
import { encodeModel, type OnnxValue } from './onnx.ts'
import type { Provider } from './provider.ts'

/**
 * The graph as the bytes of an ONNX model. Nodes that no output needs must have been removed before (passes.ts). Inputs
 * named in `bound` become constants whose bytes (their number is given) are supplied as external data under their name.
 * The bytes are those for one provider.
 */
export function emit(
  graph: Graph,
  bound: ReadonlyMap<string, number> = new Map(),
  provider: Provider = 'cpu'
): Uint8Array {
  const emitter = new Emitter(graph.inputs, provider)
  for (const { value, data } of graph.constants) {
    emitter.tensor(
      value.dtype,
      value.shape.map(Number),
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      emitter.name(value)
    )
  }
  for (const node of graph.nodes) lowerNode(emitter, node as Node)
  const outputs = graph.outputs.map(({ name, value }): OnnxValue => {
    emitter.node('Identity', [emitter.name(value)], {}, name)
    return { name, dtype: value.dtype, shape: value.shape }
  })
  for (const { name, value } of graph.inputs) {
    const length = bound.get(name)
    if (length !== undefined)
      emitter.initializers.push({
        name,
        dtype: value.dtype,
        shape: value.shape.map(Number),
        data: { location: name, offset: 0, length }
      })
  }
  const inputs = graph.inputs
    .filter(({ name }) => !bound.has(name))
    .map(({ name, value }): OnnxValue => ({ name, dtype: value.dtype, shape: value.shape }))
  return encodeModel({ nodes: emitter.nodes, inputs, outputs, initializers: emitter.initializers })
}
