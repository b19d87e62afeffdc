import type { Dim, Shape } from './dims.ts'
import { sameShape } from './dims.ts'
import { GraphError } from './errors.ts'
import { inferOutputs } from './infer.ts'
import type { AnyNode, DType, GraphConstant, GraphInput, GraphOutput, Op, OpAttributes, Value } from './ir.ts'

/**
 * A graph under construction. Every method appends an operation and returns its value; the same operation on the same
 * inputs is appended once (value numbering), so derivative rules may recompute freely.
 */
export class Graph {
  readonly inputs: GraphInput[] = []
  readonly constants: GraphConstant[] = []
  readonly outputs: GraphOutput[] = []
  readonly nodes: AnyNode[] = []
  readonly #seen = new Map<string, readonly Value[]>()
  readonly #byName = new Map<string, Value>()
  #next = 0

  /** A value fed at every run. Names are unique; asking again for the same name gives the same value. */
  input(name: string, dtype: DType, shape: Shape): Value {
    const known = this.#byName.get(name)
    if (known !== undefined) {
      if (known.dtype !== dtype || !sameShape(known.shape, shape))
        throw new GraphError(`input ${name} was declared with another type`)
      return known
    }
    const value = this.#value(dtype, shape)
    this.inputs.push({ name, value })
    this.#byName.set(name, value)
    return value
  }

  constant(data: Float32Array | BigInt64Array | Int32Array, shape: readonly number[]): Value {
    if (data.length !== shape.reduce((a, b) => a * b, 1))
      throw new GraphError(`constant of ${data.length} elements is not [${shape.join(', ')}]`)
    const dtype = data instanceof Float32Array ? 'float32' : data instanceof BigInt64Array ? 'int64' : 'int32'
    const value = this.#value(dtype, shape)
    this.constants.push({ value, data })
    return value
  }

  scalar(x: number): Value {
    const key = `scalar ${x}`
    const known = this.#seen.get(key)?.[0]
    if (known !== undefined) return known
    const value = this.constant(Float32Array.of(x), [])
    this.#seen.set(key, [value])
    return value
  }

  output(name: string, value: Value): void {
    this.outputs.push({ name, value })
  }

  /** Appends one operation and returns all its outputs. */
  apply<K extends Op>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): readonly Value[] {
    const key = `${op} ${inputs.map(v => v.id).join(',')} ${JSON.stringify(attributes)}`
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    const outputs = inferOutputs(op, inputs, attributes).map(({ dtype, shape }) => this.#value(dtype, shape))
    this.nodes.push({ op, inputs, outputs, attributes } as unknown as AnyNode)
    this.#seen.set(key, outputs)
    return outputs
  }

  #one<K extends Op>(op: K, inputs: readonly Value[], attributes: OpAttributes[K]): Value {
    const value = this.apply(op, inputs, attributes)[0]
    if (value === undefined) throw new GraphError(`${op} has no output`)
    return value
  }

  #value(dtype: DType, shape: Shape): Value {
    return { id: this.#next++, dtype, shape }
  }

  matmul(a: Value, b: Value, options: { transA?: boolean; transB?: boolean; alpha?: number } = {}): Value {
    return this.#one('matmul', [a, b], {
      transA: options.transA ?? false,
      transB: options.transB ?? false,
      alpha: options.alpha ?? 1
    })
  }
  add(a: Value, b: Value): Value {
    return this.#one('add', [a, b], {})
  }
  sub(a: Value, b: Value): Value {
    return this.#one('sub', [a, b], {})
  }
  mul(a: Value, b: Value): Value {
    return this.#one('mul', [a, b], {})
  }
  div(a: Value, b: Value): Value {
    return this.#one('div', [a, b], {})
  }
  scale(x: Value, factor: number): Value {
    return factor === 1 ? x : this.#one('scale', [x], { factor })
  }
  sigmoid(x: Value): Value {
    return this.#one('sigmoid', [x], {})
  }
  exp(x: Value): Value {
    return this.#one('exp', [x], {})
  }
  sqrt(x: Value): Value {
    return this.#one('sqrt', [x], {})
  }
  silu(x: Value): Value {
    return this.#one('silu', [x], {})
  }
  sum(x: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? x : this.#one('sum', [x], { axes })
  }
  reshape(x: Value, shape: Shape): Value {
    return sameShape(x.shape, shape) ? x : this.#one('reshape', [x], { shape })
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    return this.#one('transpose', [x], { permutation })
  }
  split(x: Value, axis: number, parts: number): readonly Value[] {
    return parts === 1 ? [x] : this.apply('split', [x], { axis, parts })
  }
  concat(parts: readonly Value[], axis: number): Value {
    const [only] = parts
    return parts.length === 1 && only !== undefined ? only : this.#one('concat', parts, { axis })
  }
  softmax(x: Value): Value {
    return this.#one('softmax', [x], {})
  }
  rmsNorm(x: Value, weight: Value, epsilon: number): Value {
    return this.#one('rmsNorm', [x, weight], { epsilon })
  }
  rotary(x: Value, positions: Value, cos: Value, sin: Value, heads: number, inverse = false): Value {
    return this.#one('rotary', [x, positions, cos, sin], { heads, inverse })
  }
  attention(q: Value, k: Value, v: Value, mask: Value, scale: number): Value {
    return this.#one('attention', [q, k, v, mask], { scale })
  }
  cachedAttention(q: Value, k: Value, v: Value, past: { k: Value; v: Value }, mask: Value, scale: number): Value {
    return this.#one('cachedAttention', [q, k, v, past.k, past.v, mask], { scale })
  }
  gather(table: Value, index: Value): Value {
    return this.#one('gather', [table, index], {})
  }
  scatterAdd(like: Value, index: Value, updates: Value): Value {
    return this.#one('scatterAdd', [like, index, updates], {})
  }
  tokenLoss(h: Value, w: Value, labels: Value): Value {
    return this.#one('tokenLoss', [h, w, labels], {})
  }
  lossGradient(logits: Value, labels: Value): Value {
    return this.#one('lossGradient', [logits, labels], {})
  }
  lora(x: Value, merged: Value, a: Value, b: Value, scale: number, transposed = false): Value {
    return this.#one('lora', [x, merged, a, b], { scale, transposed })
  }
  frozenMatmul(x: Value, w: Value, again: Value): Value {
    return this.#one('frozenMatmul', [x, w, again], {})
  }
  halfMatmul(x: Value, w: Value, transB: boolean): Value {
    return this.#one('halfMatmul', [x, w], { transB })
  }
  int4Matmul(x: Value, codes: Value, scales: Value, rows: number, columns: number): Value {
    return this.#one('int4Matmul', [x, codes, scales], { rows, columns })
  }
  dequantizeNf4(codes: Value, maxima: Value, rows: number, columns: number): Value {
    return this.#one('dequantizeNf4', [codes, maxima], { rows, columns })
  }
  dequantizeMaxima(codes: Value, scales: Value, mean: Value, count: number): Value {
    return this.#one('dequantizeMaxima', [codes, scales, mean], { count })
  }
}

/** A dimension that must be known when the graph is built. */
export function known(dim: Dim | undefined): number {
  if (typeof dim !== 'number') throw new GraphError(`dimension ${dim ?? 'missing'} must be a number`)
  return dim
}
