import { ratio, type Dim, type Shape } from './dims.ts'
import { GraphError } from './errors.ts'
import type { DType, Value } from './ir.ts'
import type { Attribute, OnnxNode, OnnxTensor } from './onnx.ts'
import type { Provider } from './provider.ts'

/** Collects the ONNX nodes of one graph; `lower.ts` says which nodes an operation becomes. */
export class Emitter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly #names = new Map<number, string>()
  readonly #constants = new Map<string, string>()
  /** Dimension → a name of a one-element int64 tensor that holds it at run time. */
  readonly #sources = new Map<string, { input: string; axis: number }>()
  #next = 0

  /** Some operations become other nodes where a provider has no kernel for the usual ones. */
  readonly provider: Provider

  constructor(inputs: readonly { name: string; value: Value }[], provider: Provider = 'cpu') {
    this.provider = provider
    for (const { name, value } of inputs) {
      this.#names.set(value.id, name)
      value.shape.forEach((dim, axis) => {
        if (typeof dim === 'string' && !this.#sources.has(dim)) this.#sources.set(dim, { input: name, axis })
      })
    }
  }

  name(value: Value): string {
    const known = this.#names.get(value.id)
    if (known !== undefined) return known
    const name = `v${value.id}`
    this.#names.set(value.id, name)
    return name
  }

  fresh(): string {
    return `t${this.#next++}`
  }

  /** Appends a node with one output and returns the output's name. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
    output = this.fresh(),
    domain?: string
  ): string {
    this.nodes.push({ type, inputs, outputs: [output], attributes, ...(domain === undefined ? {} : { domain }) })
    return output
  }

  microsoft(type: string, inputs: readonly string[], attributes: Record<string, Attribute>, output?: string): string {
    return this.node(type, inputs, attributes, output, 'com.microsoft')
  }

  tensor(dtype: DType, shape: readonly number[], data: Uint8Array, name = this.fresh()): string {
    this.initializers.push({ name, dtype, shape, data })
    return name
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const key = `i ${values.join(',')} [${shape.join(',')}]`
    return this.#shared(key, () =>
      this.tensor('int64', shape, new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer))
    )
  }

  float(value: number): string {
    return this.#shared(`f ${value}`, () => this.tensor('float32', [], new Uint8Array(Float32Array.of(value).buffer)))
  }

  /** A table that several nodes use, made once. */
  floats(key: string, make: () => Float32Array, shape: readonly number[]): string {
    return this.#shared(key, () => this.tensor('float32', shape, new Uint8Array(make().buffer)))
  }

  /** What several nodes use and is emitted once. */
  once(key: string, make: () => string): string {
    return this.#shared(key, make)
  }

  #shared(key: string, make: () => string): string {
    const known = this.#constants.get(key)
    if (known !== undefined) return known
    const name = make()
    this.#constants.set(key, name)
    return name
  }

  /**
   * A shape as an int64 tensor. One dimension may stay open (−1); further symbolic ones are read from the graph input
   * that carries them.
   */
  shape(shape: Shape): string {
    const symbolic = shape.filter(dim => typeof dim === 'string')
    const open = symbolic.find(dim => !this.#sources.has(dim)) ?? symbolic[0]
    const opened = shape.indexOf(open ?? -1)
    const value = (dim: Dim, i: number) => (i === opened ? -1 : dim)
    if (symbolic.length <= 1) return this.ints(shape.map((dim, i) => Number(value(dim, i))))
    return this.#shared(`s ${shape.join(',')}`, () => {
      const parts = shape.map((dim, i) => {
        const part = value(dim, i)
        return this.dimension(part)
      })
      return this.node('Concat', parts, { axis: 0n })
    })
  }

  /** A dimension from one that an input carries and that has the same symbols: 'T' from '4*T'. */
  #derived(dim: string): string {
    for (const carried of this.#sources.keys()) {
      const share = ratio(dim, carried)
      if (share === undefined) continue
      const times = this.node('Mul', [this.dimension(carried), this.ints([share.times])])
      return this.node('Div', [times, this.ints([share.over])])
    }
    throw new GraphError(`no input carries the dimension ${dim}`)
  }

  /** A dimension as a one-element int64 tensor. */
  dimension(dim: Dim): string {
    if (typeof dim === 'number') return this.ints([dim])
    const source = this.#sources.get(dim)
    if (source === undefined) return this.#shared(`d ${dim}`, () => this.#derived(dim))
    return this.#shared(`d ${dim}`, () =>
      this.node('Shape', [source.input], { start: BigInt(source.axis), end: BigInt(source.axis + 1) })
    )
  }
}
