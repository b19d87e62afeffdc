import { broadcast, portion, product, sameShape, sameSize, type Dim, type Shape } from './dims.ts'
import { GraphError } from './errors.ts'
import type { DType, Op, OpAttributes, Value } from './ir.ts'
import { doubleBlock } from '../weights/double.ts'

type Output = { dtype: DType; shape: Shape }
type Infer<K extends Op> = (inputs: readonly Value[], attributes: OpAttributes[K]) => readonly Output[]

/** Input `i` of a node. */
export function at(inputs: readonly Value[], i: number): Value {
  const value = inputs[i]
  if (value === undefined) throw new GraphError(`input ${i} is missing`)
  return value
}

function dim(shape: Shape, i: number): Dim {
  const found = shape.at(i)
  if (found === undefined) throw new GraphError(`[${shape.join(', ')}] has no axis ${i}`)
  return found
}

function demand(condition: boolean, message: string): void {
  if (!condition) throw new GraphError(message)
}

const f32 = (shape: Shape): Output[] => [{ dtype: 'float32', shape }]
const same = (inputs: readonly Value[]): Output[] => f32(at(inputs, 0).shape)
const pair = (inputs: readonly Value[]): Output[] => f32(broadcast(at(inputs, 0).shape, at(inputs, 1).shape))

/** Output types of every operation, and the conditions on its inputs. */
export const inference = {
  matmul(inputs, { transA, transB }) {
    const [a, b] = [at(inputs, 0).shape, at(inputs, 1).shape]
    demand(a.length >= 2 && b.length >= 2, 'matmul needs matrices')
    const [m, ka] = transA ? [dim(a, -1), dim(a, -2)] : [dim(a, -2), dim(a, -1)]
    const [kb, n] = transB ? [dim(b, -1), dim(b, -2)] : [dim(b, -2), dim(b, -1)]
    demand(ka === kb, `matmul of [${a.join(', ')}] and [${b.join(', ')}]: inner dimensions differ`)
    const batch = a.slice(0, -2)
    demand(
      b.length === 2 || sameShape(batch, b.slice(0, -2)),
      `matmul of [${a.join(', ')}] and [${b.join(', ')}]: batches differ`
    )
    return f32([...batch, m, n])
  },
  add: pair,
  sub: pair,
  mul: pair,
  div: pair,
  scale: same,
  sigmoid: same,
  exp: same,
  sqrt: same,
  silu: same,
  sum(inputs, { axes }) {
    return f32(at(inputs, 0).shape.map((d, i) => (axes.includes(i) ? 1 : d)))
  },
  reshape(inputs, { shape }) {
    const x = at(inputs, 0)
    demand(sameSize(x.shape, shape), `reshape of [${x.shape.join(', ')}] to [${shape.join(', ')}]`)
    return [{ dtype: x.dtype, shape }]
  },
  transpose(inputs, { permutation }) {
    const x = at(inputs, 0)
    demand(permutation.length === x.shape.length, 'transpose permutes all axes')
    return [{ dtype: x.dtype, shape: permutation.map(p => dim(x.shape, p)) }]
  },
  split(inputs, { axis, parts }) {
    const x = at(inputs, 0)
    const part = x.shape.map((d, i) => (i === axis ? portion(d, parts) : d))
    return Array.from({ length: parts }, () => ({ dtype: x.dtype, shape: part }))
  },
  concat(inputs, { axis }) {
    const x = at(inputs, 0)
    demand(
      inputs.every(v => v.dtype === x.dtype && sameShape(v.shape, x.shape)),
      'concat joins inputs of one shape'
    )
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === axis ? product(inputs.length, d) : d)) }]
  },
  softmax: same,
  rmsNorm(inputs) {
    const [x, w] = [at(inputs, 0), at(inputs, 1)]
    demand(w.shape.length === 1 && w.shape[0] === x.shape.at(-1), 'rmsNorm weight is one row')
    return same(inputs)
  },
  rotary(inputs, { heads }) {
    const [x, positions, cos] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)]
    demand(
      x.shape.length === 3 && dim(x.shape, 2) === heads * 2 * Number(dim(cos.shape, 1)),
      'rotary takes [B, T, heads·d]'
    )
    demand(positions.dtype === 'int64', 'positions are int64')
    return same(inputs)
  },
  attention(inputs) {
    const [q, k, v] = [at(inputs, 0).shape, at(inputs, 1).shape, at(inputs, 2).shape]
    demand(
      q.length === 4 && sameShape(k, v) && dim(q, 0) === dim(k, 0) && dim(q, 3) === dim(k, 3),
      'attention takes q [B,H,T,d], k and v [B,G,S,d]'
    )
    demand(Number(dim(q, 1)) % Number(dim(k, 1)) === 0, 'query heads are a multiple of key heads')
    return [...f32(q), ...f32([dim(q, 0), dim(q, 1), dim(q, 2), dim(k, 2)])]
  },
  cachedAttention(inputs) {
    const [q, k, past] = [at(inputs, 0).shape, at(inputs, 1).shape, at(inputs, 3).shape]
    demand(
      q.length === 4 && dim(q, 2) === dim(k, 2) && dim(k, 1) === dim(past, 1),
      'cachedAttention takes new q, k, v of one length and past k, v'
    )
    return f32(q)
  },
  gather(inputs) {
    const [table, index] = [at(inputs, 0), at(inputs, 1)]
    demand(table.shape.length === 2, 'gather takes rows of a matrix')
    return f32([...index.shape, dim(table.shape, 1)])
  },
  scatterAdd(inputs) {
    const [like, index, updates] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)]
    demand(sameShape(updates.shape, [...index.shape, dim(like.shape, 1)]), 'scatterAdd adds one row per index')
    return f32(like.shape)
  },
  tokenLoss(inputs) {
    const [h, w] = [at(inputs, 0).shape, at(inputs, 1).shape]
    demand(dim(h, 1) === dim(w, 1), 'tokenLoss: h and w have different widths')
    return [...f32([dim(h, 0)]), ...f32([dim(h, 0), dim(w, 0)])]
  },
  lossGradient: same,
  lora(inputs, { transposed }) {
    const [x, m, a, b] = [at(inputs, 0).shape, at(inputs, 1).shape, at(inputs, 2).shape, at(inputs, 3).shape]
    const [out, width] = transposed ? [dim(m, 2), dim(m, 1)] : [dim(m, 1), dim(m, 2)]
    demand(
      x.length === 3 && dim(x, 2) === width && width === dim(a, 2) && out === dim(b, 1) && dim(a, 1) === dim(b, 2),
      'lora: x, m, a, b do not fit'
    )
    return f32([dim(x, 0), dim(x, 1), out])
  },
  frozenMatmul(inputs) {
    const [x, w, again] = [at(inputs, 0).shape, at(inputs, 1).shape, at(inputs, 2).shape]
    demand(x.length === 2 && dim(x, 1) === dim(w, 1) && sameShape(w, again), 'frozenMatmul: x and w do not fit')
    return f32([dim(x, 0), dim(w, 0)])
  },
  halfMatmul(inputs, { transB }) {
    const [x, w] = [at(inputs, 0), at(inputs, 1)]
    const [inner, outer] = transB ? [dim(w.shape, 1), dim(w.shape, 0)] : [dim(w.shape, 0), dim(w.shape, 1)]
    demand(x.shape.length === 2 && dim(x.shape, 1) === inner && w.dtype === 'float16', 'halfMatmul: x and w do not fit')
    return f32([dim(x.shape, 0), outer])
  },
  int4Matmul(inputs, { rows, columns }) {
    const x = at(inputs, 0).shape
    demand(x.length === 2 && dim(x, 1) === columns, 'int4Matmul: x and w do not fit')
    return f32([dim(x, 0), rows])
  },
  dequantizeNf4(_inputs, { rows, columns }) {
    return f32([rows, columns])
  },
  dequantizeMaxima(inputs, { count }) {
    const [codes, scales] = [at(inputs, 0), at(inputs, 1)]
    const [all, blocks] = [Number(dim(codes.shape, 0)), Number(dim(scales.shape, 0))]
    demand(
      codes.dtype === 'uint8' && all === doubleBlock * blocks && count <= all,
      'dequantizeMaxima: codes and scales do not fit'
    )
    return f32([count])
  }
} satisfies { [K in Op]: Infer<K> }

export function inferOutputs<K extends Op>(
  op: K,
  inputs: readonly Value[],
  attributes: OpAttributes[K]
): readonly Output[] {
  return (inference[op] as unknown as Infer<K>)(inputs, attributes)
}
