import '../without-telemetry.ts'
import * as ort from 'onnxruntime-node'
import { emit } from './emit.ts'
import type { Graph } from './graph.ts'
import { optimize } from './passes.ts'
import type { Precision, Provider } from './provider.ts'

export interface RuntimeOptions {
  /** Threads inside one operation. */
  readonly threads: number
  /** The CPU unless said otherwise; providers/ says what a machine has. */
  readonly provider?: Provider
  /** f32 unless said otherwise. */
  readonly precision?: Precision
}

export type Tensor = ort.Tensor
export type Feeds = Record<string, Tensor>

export function f32(data: Float32Array, shape: readonly number[]): Tensor {
  return new ort.Tensor('float32', data, shape)
}

/** Whole numbers as int64, which is what ONNX wants of indices. */
export function i64(data: ArrayLike<number>, shape: readonly number[]): Tensor {
  const out = new BigInt64Array(data.length)
  const words = new Int32Array(out.buffer) // little-endian pairs; a BigInt per element would be slow
  for (let i = 0; i < data.length; i++) {
    const x = data[i] ?? 0
    words[2 * i] = x
    words[2 * i + 1] = x < 0 ? -1 : 0
  }
  return new ort.Tensor('int64', out, shape)
}

export function u8(data: Uint8Array, shape: readonly number[]): Tensor {
  return new ort.Tensor('uint8', data, shape)
}

/**
 * Bits of float16, for what a session holds as constants (`bound`): the binding of onnxruntime-node 1.30 takes no
 * float16
 * tensor at a run.
 */
export function f16(bits: Uint16Array, shape: readonly number[]): Tensor {
  return new ort.Tensor('float16', bits, shape)
}

function bytesOf(tensor: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.data as Float32Array
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** A compiled graph. `run` blocks the thread it is called on, whatever its promise suggests. */
export class Session {
  readonly #session: ort.InferenceSession
  readonly #inputs: readonly string[]

  private constructor(session: ort.InferenceSession) {
    this.#session = session
    this.#inputs = session.inputNames
  }

  /**
   * Compiles a graph. Inputs in `bound` are made constants: products with few rows then use weights that are packed
   * once,
   * at the price of a copy; products with many rows gain nothing.
   */
  static async create(graph: Graph, options: RuntimeOptions, bound: Feeds = {}): Promise<Session> {
    const wanted = new Set(optimize(graph).inputs.map(({ name }) => name))
    const files = Object.entries(bound)
      .filter(([name]) => wanted.has(name))
      .map(([path, tensor]) => ({ path, data: bytesOf(tensor) }))
    const provider = options.provider ?? 'cpu'
    const model = emit(graph, new Map(files.map(({ path, data }) => [path, data.length])), provider)
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [provider],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      // Shapes change from run to run; a plan kept for each of them costs a quarter more memory and saves no time.
      enableMemPattern: false,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      ...(files.length === 0 ? {} : { externalData: files }),
      // A thread that spins while it waits takes its core from everything else on the machine: it may for as long as
      // the
      // next piece of a running graph takes to come, no longer. Masked attention scores underflow; denormal numbers
      // would
      // make softmax and what follows several times slower.
      extra: { session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '1', spin_duration_us: '100' } } }
    })
    return new Session(session)
  }

  /** Feeds may hold more than the graph takes. */
  async run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, Tensor>> {
    const taken: Feeds = {}
    for (const name of this.#inputs) {
      const tensor = feeds[name]
      if (tensor !== undefined) taken[name] = tensor
    }
    return outputs === undefined ? await this.#session.run(taken) : await this.#session.run(taken, outputs)
  }

  async release(): Promise<void> {
    await this.#session.release()
  }
}

/** The float32 data of an output. */
export function floats(tensor: Tensor | undefined): Float32Array {
  return tensor?.data as Float32Array
}
