import { product } from './dims.ts'
import type { Emitter } from './emitter.ts'
import { GraphError } from './errors.ts'
import { known } from './graph.ts'
import { at } from './infer.ts'
import type { Node, Op, Value } from './ir.ts'
import { onnxTypes } from './onnx.ts'
import { halfMultiply, headwise, logSoftmax, matrices, multiply } from './products.ts'
import { doubleBlock, dynamicCode } from '../weights/double.ts'
import { int4Block } from '../weights/int4.ts'
import { nf4Block, pairTable } from '../weights/nf4.ts'

/** Emits one operation as ONNX nodes. Names of inputs and outputs are given; shapes are on the node. */
type Lower<K extends Op> = (e: Emitter, node: Node<K>, inputs: readonly string[], outputs: readonly string[]) => void

const simple =
  (type: string) =>
  (e: Emitter, _node: unknown, inputs: readonly string[], outputs: readonly string[]): void => {
    e.node(type, inputs, {}, outputs[0])
  }

function name(names: readonly string[], i: number): string {
  const found = names[i]
  if (found === undefined) throw new GraphError(`a node lacks name ${i}`)
  return found
}

/** See rules.ts, groupHeads: heads that share keys become rows of one product. */
function grouped(e: Emitter, x: Value, keys: Value, xName: string): string {
  const [batch = 1, heads = 1, time = 1, width = 1] = x.shape
  const groups = known(keys.shape[1])
  if (heads === groups) return xName
  return e.node('Reshape', [xName, e.shape([batch, groups, product(known(heads) / groups, time), width])])
}

export const lowering = {
  matmul(e, node, [a = '', b = ''], outputs) {
    multiply(
      e,
      a,
      b,
      { ...node.attributes, rankA: at(node.inputs, 0).shape.length, rankB: at(node.inputs, 1).shape.length },
      name(outputs, 0)
    )
  },
  add: simple('Add'),
  sub: simple('Sub'),
  mul: simple('Mul'),
  div: simple('Div'),
  scale(e, node, [x = ''], [y]) {
    e.node('Mul', [x, e.float(node.attributes.factor)], {}, y)
  },
  sigmoid: simple('Sigmoid'),
  exp: simple('Exp'),
  sqrt: simple('Sqrt'),
  silu(e, _node, inputs, [y]) {
    e.microsoft('QuickGelu', inputs, { alpha: 1 }, y)
  },
  sum(e, node, [x = ''], [y]) {
    e.node('ReduceSum', [x, e.ints(node.attributes.axes)], { keepdims: 1n }, y)
  },
  reshape(e, node, [x = ''], [y]) {
    e.node('Reshape', [x, e.shape(node.attributes.shape)], {}, y)
  },
  transpose(e, node, inputs, [y]) {
    e.node('Transpose', inputs, { perm: node.attributes.permutation.map(BigInt) }, y)
  },
  split(e, node, inputs, outputs) {
    e.nodes.push({
      type: 'Split',
      inputs,
      outputs,
      attributes: { axis: BigInt(node.attributes.axis), num_outputs: BigInt(node.attributes.parts) }
    })
  },
  concat(e, node, inputs, [y]) {
    e.node('Concat', inputs, { axis: BigInt(node.attributes.axis) }, y)
  },
  softmax(e, _node, inputs, [y]) {
    e.node('Softmax', inputs, { axis: -1n }, y)
  },
  rmsNorm(e, node, inputs, [y]) {
    e.node('SimplifiedLayerNormalization', inputs, { axis: -1n, epsilon: node.attributes.epsilon }, y)
  },
  rotary(e, node, [x = '', positions = '', cos = '', sin = ''], [y]) {
    const turn = node.attributes.inverse ? e.node('Neg', [sin]) : sin
    e.microsoft('RotaryEmbedding', [x, positions, cos, turn], { interleaved: 0n }, y)
  },
  attention(e, node, [q = '', k = '', v = '', mask = ''], [o = '', p = '']) {
    const [qv, kv] = [at(node.inputs, 0), at(node.inputs, 1)]
    const pv = at(node.outputs, 1)
    const scores = multiply(e, grouped(e, qv, kv, q), k, { ...headwise, transB: true, alpha: node.attributes.scale })
    const perHead = e.node('Reshape', [scores, e.shape(pv.shape)])
    e.node('Softmax', [e.node('Add', [perHead, mask])], { axis: -1n }, p)
    const mixed = multiply(e, grouped(e, pv, kv, p), v, headwise)
    e.node('Reshape', [mixed, e.shape(qv.shape)], {}, o)
  },
  /** Only the scores of past and new are joined: one row each, where the cache would be many. */
  cachedAttention(e, node, [q = '', k = '', v = '', pastK = '', pastV = '', mask = ''], [o = '']) {
    const [qv, kv, past, maskValue] = [at(node.inputs, 0), at(node.inputs, 1), at(node.inputs, 3), at(node.inputs, 5)]
    const [batch = 1, heads = 1, time = 1] = qv.shape
    const both = maskValue.shape[3] ?? 1
    const rows = grouped(e, qv, kv, q)
    const { scale } = node.attributes
    const parts = [pastK, k].map(keys => multiply(e, rows, keys, { ...headwise, transB: true, alpha: scale }))
    const perHead = e.node('Reshape', [e.node('Concat', parts, { axis: 3n }), e.shape([batch, heads, time, both])])
    const p = e.node('Softmax', [e.node('Add', [perHead, mask])], { axis: -1n })
    const groups = known(kv.shape[1])
    const perGroup =
      heads === groups
        ? p
        : e.node('Reshape', [p, e.shape([batch, groups, product(known(heads) / groups, time), both])])
    const border = e.dimension(past.shape[2] ?? 1)
    const seen = e.node('Slice', [perGroup, e.ints([0]), border, e.ints([3])])
    const fresh = e.node('Slice', [perGroup, border, e.ints([2 ** 31 - 1]), e.ints([3])])
    const mixed = e.node('Add', [multiply(e, seen, pastV, headwise), multiply(e, fresh, v, headwise)])
    e.node('Reshape', [mixed, e.shape(qv.shape)], {}, o)
  },
  gather(e, _node, inputs, [y]) {
    e.node('Gather', inputs, { axis: 0n }, y)
  },
  /**
   * Not by ScatterND: its threads add to one row at the same time, and updates are lost. ScatterElements has one
   * thread.
   */
  scatterAdd(e, node, [like = '', index = '', updates = ''], [y]) {
    const width = known(at(node.inputs, 0).shape[1])
    const rows = e.node('Reshape', [updates, e.ints([-1, width])])
    const column = e.node('Expand', [e.node('Reshape', [index, e.ints([-1, 1])]), e.ints([1, width])])
    const zeros = e.node('ConstantOfShape', [e.node('Shape', [like])])
    e.node('ScatterElements', [zeros, column, rows], { axis: 0n, reduction: 'add' }, y)
  },
  tokenLoss(e, node, [h = '', w = '', labels = ''], [loss = '', logits = '']) {
    multiply(e, h, w, { ...matrices, transB: true }, logits)
    const logProbabilities = e.fresh()
    logSoftmax(e, logits, logProbabilities)
    const column = e.node('Unsqueeze', [labels, e.ints([1])])
    const picked = e.node('GatherElements', [logProbabilities, column], { axis: 1n })
    e.node('Neg', [e.node('Reshape', [picked, e.shape(at(node.outputs, 0).shape)])], {}, loss)
  },
  /** From the logits: the kernel of softmax is five times as fast as that of exp. */
  lossGradient(e, _node, [logits = '', labels = ''], [y]) {
    const column = e.node('Unsqueeze', [labels, e.ints([1])])
    const minusOne = {
      tensor: { name: '', dtype: 'float32', shape: [1], data: new Uint8Array(Float32Array.of(-1).buffer) }
    } as const
    const updates = e.node('ConstantOfShape', [e.node('Shape', [column])], { value: minusOne })
    e.node(
      'ScatterElements',
      [e.node('Softmax', [logits], { axis: -1n }), column, updates],
      { axis: 1n, reduction: 'add' },
      y
    )
  },
  lora(e, node, [x = '', merged = ''], [y]) {
    multiply(e, x, merged, { rankA: 3, rankB: 3, transB: !node.attributes.transposed }, y)
  },
  frozenMatmul(e, _node, [x = '', w = ''], [y]) {
    multiply(e, x, w, { ...matrices, transB: true }, y)
  },
  halfMatmul(e, node, [x = '', w = ''], [y]) {
    const { transB } = node.attributes
    const [inner, columns] = [known(at(node.inputs, 0).shape[1]), known(at(node.outputs, 0).shape[1])]
    halfMultiply(e, x, w, { transB, inner, columns }, y)
  },
  /** accuracy_level 4: activations go to 8 bits, which is the fast path of the CPU. */
  int4Matmul(e, node, inputs, [y]) {
    const { rows, columns } = node.attributes
    e.microsoft(
      'MatMulNBits',
      inputs,
      { K: BigInt(columns), N: BigInt(rows), bits: 4n, block_size: BigInt(int4Block), accuracy_level: 4n },
      y
    )
  },
  /** One lookup gives both weights of a byte. */
  dequantizeNf4(e, node, [codes = '', maxima = ''], [y]) {
    const { rows, columns } = node.attributes
    const blocks = (rows * columns) / nf4Block
    const pairs = e.node(
      'Gather',
      [e.floats('nf4 pairs', pairTable, [256, 2]), e.node('Cast', [codes], { to: BigInt(onnxTypes.int32) })],
      { axis: 0n }
    )
    const scaled = e.node('Mul', [
      e.node('Reshape', [pairs, e.ints([blocks, nf4Block])]),
      e.node('Reshape', [maxima, e.ints([blocks, 1])])
    ])
    e.node('Reshape', [scaled, e.ints([rows, columns])], {}, y)
  },
  dequantizeMaxima(e, node, [codes = '', scales = '', mean = ''], [y]) {
    const values = e.node(
      'Gather',
      [e.floats('dynamic code', () => dynamicCode, [256]), e.node('Cast', [codes], { to: BigInt(onnxTypes.int32) })],
      { axis: 0n }
    )
    const scaled = e.node('Mul', [
      e.node('Reshape', [values, e.ints([-1, doubleBlock])]),
      e.node('Reshape', [scales, e.ints([-1, 1])])
    ])
    const all = e.node('Reshape', [e.node('Add', [scaled, mean]), e.ints([-1])])
    e.node('Slice', [all, e.ints([0]), e.ints([node.attributes.count]), e.ints([0])], {}, y)
  }
} satisfies { [K in Op]: Lower<K> }

export function lowerNode(e: Emitter, node: Node): void {
  const lower = lowering[node.op] as unknown as Lower<Op>
  lower(
    e,
    node,
    node.inputs.map(v => e.name(v)),
    node.outputs.map(v => e.name(v))
  )
}
