import { Worker } from 'node:worker_threads'
import { ModelError } from '../graph/errors.ts'
import { programBeside } from '../../runtime/program.ts'
import { binary } from './generated/binary.ts'

/** What the compiled kernels export (assembly/index.ts). Addresses are bytes. */
export interface Kernels {
  forward(model: number, batch: number, meeting: number, thread: number, threads: number): void
  product(
    tiles: number,
    rows: number,
    weights: number,
    inputs: number,
    from: number,
    to: number,
    start: number,
    startStride: number,
    out: number,
    stride: number,
    scratch: number
  ): void
  byteProduct(
    tiles: number,
    rows: number,
    weights: number,
    inputs: number,
    from: number,
    to: number,
    start: number,
    startStride: number,
    out: number,
    stride: number
  ): void
  quantize(x: number, inputs: number, tiles: number, row: number, rows: number): void
}

/**
 * Words that a team shares: threads, model and batch of a call, how many helpers are ready, the two words of their
 * meetings, and for each helper the number of its last call.
 */
export const word = { threads: 0, model: 1, batch: 2, ready: 3, meeting: 4, calls: 6 } as const
export const controlWords = (threads: number): number => word.calls + threads

export interface TeamData {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly control: number
  readonly thread: number
  readonly threads: number
}

let compiled: WebAssembly.Module | undefined

export function kernelModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(Buffer.from(binary, 'base64'))
  return compiled
}

export function instantiate(memory: WebAssembly.Memory, module = kernelModule()): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels
}

/** This thread and its helpers, which share a memory and run each step together. */
export class Team {
  readonly #kernels: Kernels
  readonly #control: number
  readonly #helpers: Worker[]
  readonly #words: Int32Array
  /** A helper did not come back; from then on this thread works alone. */
  #broken = false

  /** `control`: address of `controlWords` words. */
  constructor(memory: WebAssembly.Memory, control: number, threads: number) {
    this.#kernels = instantiate(memory)
    this.#control = control
    this.#words = new Int32Array(memory.buffer, control, controlWords(threads)).fill(0)
    this.#helpers = Array.from({ length: threads - 1 }, (_, i) => {
      const data: TeamData = { module: kernelModule(), memory, control, thread: i + 1, threads }
      const worker = new Worker(programBeside(import.meta.url, 'worker'), { workerData: data, name: 'tilth-kernels' })
      worker.unref()
      // A helper that cannot start is never counted as ready; the others work without it.
      worker.on('error', () => undefined)
      return worker
    })
  }

  /** Threads that can work now. */
  get ready(): number {
    return this.#broken ? 1 : 1 + Atomics.load(this.#words, word.ready)
  }

  /**
   * Runs a step on `threads` threads (no more than are ready) and returns when all are done. Blocks. Throws
   * `engine-thread` where a helper died in it.
   */
  forward(model: number, batch: number, threads: number): void {
    const words = this.#words
    words[word.threads] = threads
    words[word.model] = model
    words[word.batch] = batch
    for (let helper = 1; helper < threads; helper++) {
      Atomics.add(words, word.calls + helper, 1)
      Atomics.notify(words, word.calls + helper)
    }
    try {
      this.#kernels.forward(model, batch, this.#control + 4 * word.meeting, 0, threads)
    } catch (cause) {
      this.#broken = true
      throw new ModelError('engine-thread', 'a thread of this step did not come back', {
        cause,
        help: 'Try again; the engine goes on with one thread.'
      })
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#helpers.map(worker => worker.terminate()))
  }
}
