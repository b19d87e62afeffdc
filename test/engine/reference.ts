import assert from 'node:assert/strict'
import type { Op, OpAttributes } from '../../node/engine/graph/index.ts'
import { codeBook, dynamicCode } from '../../node/engine/weights/index.ts'

/**
 * Every operation in float64, written for clarity: what the graph's kernels and derivative rules are checked against.
 */

export interface Dense {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

export const dense = (shape: readonly number[], data: ArrayLike<number>): Dense => ({
  shape,
  data: Float64Array.from(data)
})
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

function make(shape: readonly number[], value: (index: readonly number[]) => number): Dense {
  const data = new Float64Array(size(shape))
  const index = shape.map(() => 0)
  for (let i = 0; i < data.length; i++) {
    data[i] = value(index)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break
      index[axis] = 0
    }
  }
  return { shape, data }
}

/** Element at an index; axes of size 1 are broadcast, leading ones may be missing. */
function at(x: Dense | undefined, index: readonly number[]): number {
  assert.ok(x !== undefined)
  const own = index.slice(index.length - x.shape.length)
  const offset = x.shape.reduce((sum, dim, axis) => sum * dim + (dim === 1 ? 0 : (own[axis] ?? 0)), 0)
  return x.data[offset] ?? NaN
}

const elementwise =
  (f: (...x: number[]) => number) =>
  (inputs: readonly Dense[]): Dense[] => {
    const rank = Math.max(...inputs.map(x => x.shape.length))
    const shape = Array.from({ length: rank }, (_, i) =>
      Math.max(...inputs.map(x => x.shape[i - (rank - x.shape.length)] ?? 1))
    )
    return [make(shape, index => f(...inputs.map(x => at(x, index))))]
  }

const swap = (index: readonly number[]): number[] => [...index.slice(0, -2), index.at(-1) ?? 0, index.at(-2) ?? 0]
const put = (index: readonly number[], axis: number, value: number): number[] =>
  index.map((x, i) => (i === (axis + index.length) % index.length ? value : x))
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const total = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)
const silu = (x: number): number => x / (1 + Math.exp(-x))

function matmul(a: Dense, b: Dense, { transA = false, transB = false, alpha = 1 }): Dense {
  const [ai, bi] = [
    (i: readonly number[]) => at(a, transA ? swap(i) : i),
    (i: readonly number[]) => at(b, transB ? swap(i) : i)
  ]
  const [m, k] = transA ? swap(a.shape).slice(-2) : a.shape.slice(-2)
  const n = transB ? b.shape.at(-2) : b.shape.at(-1)
  const shape = [...a.shape.slice(0, -2), m ?? 0, n ?? 0]
  return make(shape, index => alpha * total(range(k ?? 0).map(j => ai(put(index, -1, j)) * bi(put(index, -2, j)))))
}

function softmax(x: Dense): Dense {
  const n = x.shape.at(-1) ?? 0
  return make(x.shape, index => {
    const row = range(n).map(j => at(x, put(index, -1, j)))
    const largest = Math.max(...row)
    return Math.exp(at(x, index) - largest) / total(row.map(y => Math.exp(y - largest)))
  })
}

/** Key heads as often as there are query heads. */
const spread = (k: Dense, heads: number): Dense =>
  make([k.shape[0] ?? 0, heads, ...k.shape.slice(2)], i =>
    at(k, put(i, 1, Math.floor((i[1] ?? 0) / (heads / (k.shape[1] ?? 1)))))
  )
const joined = (a: Dense, b: Dense): Dense =>
  make(put(a.shape, 2, (a.shape[2] ?? 0) + (b.shape[2] ?? 0)), i =>
    (i[2] ?? 0) < (a.shape[2] ?? 0) ? at(a, i) : at(b, put(i, 2, (i[2] ?? 0) - (a.shape[2] ?? 0)))
  )

function attention(q: Dense, k: Dense, v: Dense, mask: Dense, scale: number): Dense[] {
  const heads = q.shape[1] ?? 1
  const scores = matmul(q, spread(k, heads), { transB: true, alpha: scale })
  const p = softmax(make(scores.shape, i => at(scores, i) + at(mask, i)))
  return [matmul(p, spread(v, heads), {}), p]
}

type Reference<K extends Op> = (inputs: readonly Dense[], attributes: OpAttributes[K]) => Dense[]
const need = (inputs: readonly Dense[], i: number): Dense => {
  const x = inputs[i]
  assert.ok(x !== undefined)
  return x
}

export const reference = {
  matmul: (x, attributes) => [matmul(need(x, 0), need(x, 1), attributes)],
  add: elementwise((a = 0, b = 0) => a + b),
  sub: elementwise((a = 0, b = 0) => a - b),
  mul: elementwise((a = 0, b = 0) => a * b),
  div: elementwise((a = 0, b = 0) => a / b),
  scale: (x, { factor }) => elementwise((a = 0) => a * factor)(x),
  sigmoid: elementwise((a = 0) => 1 / (1 + Math.exp(-a))),
  exp: elementwise((a = 0) => Math.exp(a)),
  sqrt: elementwise((a = 0) => Math.sqrt(a)),
  silu: elementwise((a = 0) => silu(a)),
  sum: ([x], { axes }) => {
    const shape = (x?.shape ?? []).map((d, i) => (axes.includes(i) ? 1 : d))
    const out = new Float64Array(size(shape))
    make(x?.shape ?? [], index => {
      const to = shape.reduce((sum, dim, axis) => sum * dim + (dim === 1 ? 0 : (index[axis] ?? 0)), 0)
      out[to] = (out[to] ?? 0) + at(x, index)
      return 0
    })
    return [{ shape, data: out }]
  },
  reshape: (x, { shape }) => [dense(shape.map(Number), need(x, 0).data)],
  transpose: ([x], { permutation }) => [
    make(
      permutation.map(p => x?.shape[p] ?? 0),
      index =>
        at(
          x,
          permutation.map((_, axis) => index[permutation.indexOf(axis)] ?? 0)
        )
    )
  ],
  split: (x, { axis, parts }) =>
    range(parts).map(part => {
      const { shape } = need(x, 0)
      const each = (shape[axis] ?? 0) / parts
      return make(put(shape, axis, each), i => at(x[0], put(i, axis, part * each + (i[axis] ?? 0))))
    }),
  concat: (x, { axis }) => {
    const { shape } = need(x, 0)
    const each = shape[axis] ?? 0
    return [
      make(put(shape, axis, x.length * each), i =>
        at(x[Math.floor((i[axis] ?? 0) / each)], put(i, axis, (i[axis] ?? 0) % each))
      )
    ]
  },
  softmax: x => [softmax(need(x, 0))],
  rmsNorm: ([x, w], { epsilon }) => {
    const n = x?.shape.at(-1) ?? 0
    return [
      make(
        x?.shape ?? [],
        i =>
          (at(x, i) / Math.sqrt(total(range(n).map(j => at(x, put(i, -1, j)) ** 2)) / n + epsilon)) * at(w, i.slice(-1))
      )
    ]
  },
  rotary: ([x, positions, cos, sin], { heads, inverse }) => {
    const width = (x?.shape[2] ?? 0) / heads
    const half = width / 2
    return [
      make(x?.shape ?? [], i => {
        const [place, within] = [at(positions, i.slice(0, 2)), (i[2] ?? 0) % width]
        const [c, s] = [at(cos, [place, within % half]), (inverse ? -1 : 1) * at(sin, [place, within % half])]
        const other = at(x, put(i, 2, (i[2] ?? 0) + (within < half ? half : -half)))
        return at(x, i) * c + (within < half ? -other : other) * s
      })
    ]
  },
  attention: (x, { scale }) => attention(need(x, 0), need(x, 1), need(x, 2), need(x, 3), scale),
  cachedAttention: (x, { scale }) =>
    attention(need(x, 0), joined(need(x, 3), need(x, 1)), joined(need(x, 4), need(x, 2)), need(x, 5), scale).slice(
      0,
      1
    ),
  gather: ([table, index]) => [
    make([...(index?.shape ?? []), table?.shape[1] ?? 0], i => at(table, [at(index, i.slice(0, -1)), i.at(-1) ?? 0]))
  ],
  scatterAdd: ([like, index, updates]) => {
    const out = make(like?.shape ?? [], () => 0)
    make(updates?.shape ?? [], i => {
      const to = at(index, i.slice(0, -1)) * (like?.shape[1] ?? 0) + (i.at(-1) ?? 0)
      out.data[to] = (out.data[to] ?? 0) + at(updates, i)
      return 0
    })
    return [out]
  },
  tokenLoss: x => {
    const logits = matmul(need(x, 0), need(x, 1), { transB: true })
    const p = softmax(logits)
    return [make(p.shape.slice(0, 1), i => -Math.log(at(p, [i[0] ?? 0, at(x[2], i)]))), logits]
  },
  lossGradient: x => {
    const p = softmax(need(x, 0))
    return [make(p.shape, i => at(p, i) - (at(x[1], i.slice(0, 1)) === i[1] ? 1 : 0))]
  },
  lora: (x, { transposed }) => [matmul(need(x, 0), need(x, 1), { transB: !transposed })],
  frozenMatmul: x => [matmul(need(x, 0), need(x, 1), { transB: true })],
  halfMatmul: (x, { transB }) => [matmul(need(x, 0), need(x, 1), { transB })],
  int4Matmul: ([input, codes, scales], { rows, columns }) => [
    matmul(
      input ?? dense([], []),
      make([rows, columns], ([row = 0, column = 0]) => {
        const i = row * columns + column
        const byte = codes?.data[i >> 1] ?? 0
        return ((i % 2 === 0 ? byte & 15 : byte >> 4) - 8) * (scales?.data[Math.floor(i / 32)] ?? 0)
      }),
      { transB: true }
    )
  ],
  dequantizeNf4: ([codes, maxima], { rows, columns }) => [
    dense(
      [rows, columns],
      range(rows * columns).map(i => {
        const byte = codes?.data[i >> 1] ?? 0
        return (codeBook[i % 2 === 0 ? byte >> 4 : byte & 15] ?? 0) * (maxima?.data[Math.floor(i / 64)] ?? 0)
      })
    )
  ],
  dequantizeMaxima: ([codes, scales, mean], { count }) => [
    dense(
      [count],
      range(count).map(
        i => (dynamicCode[codes?.data[i] ?? 0] ?? 0) * (scales?.data[Math.floor(i / 256)] ?? 0) + (mean?.data[0] ?? 0)
      )
    )
  ]
} satisfies { [K in Op]: Reference<K> }

export function referenceOf<K extends Op>(op: K): Reference<K> {
  return reference[op] as unknown as Reference<K>
}
