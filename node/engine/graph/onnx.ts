import type { Dim } from './dims.ts'
import type { DType } from './ir.ts'
import { ProtobufWriter } from './protobuf.ts'

/** Numbers of TensorProto.DataType. */
export const onnxTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, float16: 10 } as const satisfies Record<
  DType,
  number
>

export type Attribute = number | bigint | string | readonly bigint[] | { readonly tensor: OnnxTensor }

export interface OnnxTensor {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: Uint8Array | { readonly location: string; readonly offset: number; readonly length: number }
}

export interface OnnxNode {
  readonly type: string
  readonly domain?: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** bigint = int, number = float. */
  readonly attributes?: Readonly<Record<string, Attribute>>
}

export interface OnnxValue {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly Dim[]
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly initializers: readonly OnnxTensor[]
}

/** Field numbers are those of onnx.proto3 (ONNX IR version 10). */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const opset = (domain: string, version: number) => (w: ProtobufWriter) => {
    w.string(1, domain).int(2, version)
  }
  return new ProtobufWriter()
    .int(1, 10)
    .string(2, 'tilth')
    .message(7, w => writeGraph(w, graph))
    .message(8, opset('', 20))
    .message(8, opset('com.microsoft', 1))
    .finish()
}

function writeGraph(w: ProtobufWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) w.message(1, n => writeNode(n, node))
  w.string(2, 'graph')
  for (const tensor of graph.initializers) w.message(5, t => writeTensor(t, tensor))
  for (const value of graph.inputs) w.message(11, v => writeValue(v, value))
  for (const value of graph.outputs) w.message(12, v => writeValue(v, value))
}

function writeNode(w: ProtobufWriter, node: OnnxNode): void {
  for (const name of node.inputs) w.string(1, name)
  for (const name of node.outputs) w.string(2, name)
  w.string(3, `${node.type}_${node.outputs[0] ?? ''}`)
  w.string(4, node.type)
  for (const [name, value] of Object.entries(node.attributes ?? {})) w.message(5, a => writeAttribute(a, name, value))
  if (node.domain !== undefined) w.string(7, node.domain)
}

function writeAttribute(w: ProtobufWriter, name: string, value: Attribute): void {
  w.string(1, name)
  if (typeof value === 'number') w.float(2, value).int(20, 1)
  else if (typeof value === 'bigint') w.int(3, value).int(20, 2)
  else if (typeof value === 'string') w.string(4, value).int(20, 3)
  else if ('tensor' in value) w.message(5, t => writeTensor(t, value.tensor)).int(20, 4)
  else {
    for (const item of value) w.int(8, item)
    w.int(20, 7)
  }
}

function writeTensor(w: ProtobufWriter, tensor: OnnxTensor): void {
  for (const dim of tensor.shape) w.int(1, dim)
  w.int(2, onnxTypes[tensor.dtype])
  w.string(8, tensor.name)
  const { data } = tensor
  if (data instanceof Uint8Array) {
    w.bytes(9, data)
    return
  }
  const entries = { location: data.location, offset: String(data.offset), length: String(data.length) }
  for (const [key, value] of Object.entries(entries))
    w.message(13, e => {
      e.string(1, key).string(2, value)
    })
  w.int(14, 1)
}

function writeValue(w: ProtobufWriter, value: OnnxValue): void {
  w.string(1, value.name)
  w.message(2, type =>
    type.message(1, tensor => {
      tensor.int(1, onnxTypes[value.dtype])
      tensor.message(2, shape => {
        for (const dim of value.shape) {
          shape.message(1, d => {
            if (typeof dim === 'number') d.int(1, dim)
            else d.string(2, dim)
          })
        }
      })
    })
  )
}
