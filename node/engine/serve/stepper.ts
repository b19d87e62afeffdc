import type { Adapter } from '../adapters/index.ts'
import { buildDecoder, logits } from '../architecture/decoder.ts'
import { boundFeeds, weightFeeds, type LoadedModel } from '../architecture/load.ts'
import { f32, floats, i64, type Feeds, type RuntimeOptions } from '../graph/session.ts'
import { KernelDecoder, kernelsTake, type Sequence } from '../kernels/index.ts'
import { AdaptedSessions } from './adapted.ts'
import { KeyValueCache } from './cache.ts'

export interface StepperPart {
  readonly row: number
  readonly ids: readonly number[]
  readonly adapter: Adapter | null
}

/**
 * Runs a model over cached sequences, which are numbered from 0 without gaps: closing one gives its number to the last.
 */
export interface Stepper {
  readonly rows: number
  /** Tokens of prompts that go into one step. */
  readonly prefillChunk: number
  /**
   * Whether a step may hold sequences with unlike numbers of tokens, and any of them: prompts beside running answers.
   */
  readonly ragged: boolean
  /** Adds an empty sequence and returns its number. */
  open(): number
  close(row: number): void
  /**
   * Runs new tokens of some sequences, each under its adapter. Returns the logits of the last token of each part
   * [parts, vocabulary], valid until the next step. Without `ragged` the parts are sequences one after another, with as
   * many tokens each.
   */
  step(parts: readonly StepperPart[]): Promise<Float32Array>
  release(): Promise<void>
}

/** Models in 4 or 8 bits run on the CPU by kernels of our own, all others as graphs on any provider. */
export function openStepper(model: LoadedModel, options: RuntimeOptions): Stepper {
  const cpu = (options.provider ?? 'cpu') === 'cpu'
  return cpu && kernelsTake(model) ? new KernelStepper(model, options.threads) : new SessionStepper(model, options)
}

class KernelStepper implements Stepper {
  readonly prefillChunk = 256
  readonly ragged = true
  readonly #decoder: KernelDecoder
  readonly #sequences: Sequence[] = []

  constructor(model: LoadedModel, threads: number) {
    this.#decoder = new KernelDecoder(model, threads)
  }

  get rows(): number {
    return this.#sequences.length
  }

  open(): number {
    return this.#sequences.push(this.#decoder.open()) - 1
  }

  close(row: number): void {
    const last = this.#sequences.pop()
    const closed = row === this.#sequences.length ? last : this.#sequences[row]
    if (last !== undefined && closed !== last) this.#sequences[row] = last
    if (closed !== undefined) this.#decoder.close(closed)
  }

  async step(parts: readonly StepperPart[]): Promise<Float32Array> {
    // A step blocks its thread; between steps requests and cancellations come in.
    await new Promise(resolve => {
      setImmediate(resolve)
    })
    return this.#decoder.step(
      parts.map(({ row, ids, adapter }) => ({ sequence: this.#sequences[row] as Sequence, ids, adapter }))
    )
  }

  async release(): Promise<void> {
    await this.#decoder.release()
  }
}

class SessionStepper implements Stepper {
  readonly prefillChunk = 256
  readonly ragged = false
  readonly #base: Feeds
  readonly #cache: KeyValueCache
  readonly #sessions: AdaptedSessions

  constructor(model: LoadedModel, options: RuntimeOptions) {
    this.#base = weightFeeds(model)
    this.#sessions = new AdaptedSessions(
      model,
      options,
      () => {
        const decoder = buildDecoder(model.config, { cache: true })
        decoder.graph.output('logits', logits(model.config, decoder))
        return decoder.graph
      },
      boundFeeds(model)
    )
    this.#cache = new KeyValueCache(model.config)
  }

  get rows(): number {
    return this.#cache.rows
  }

  open(): number {
    return this.#cache.open()
  }

  close(row: number): void {
    this.#cache.close(row)
  }

  async release(): Promise<void> {
    await this.#sessions.release()
  }

  async step(parts: readonly StepperPart[]): Promise<Float32Array> {
    const from = parts[0]?.row ?? 0
    const ids = parts.map(part => part.ids)
    const adapters = parts.map(part => part.adapter)
    const cache = this.#cache
    const time = ids[0]?.length ?? 1
    const [count, to] = [ids.length, from + ids.length]
    const positions = ids.flatMap((_, r) => Array.from({ length: time }, (_, t) => cache.length(from + r) + t))
    // Rows that all use one adapter are one slice of the stack: larger products.
    const [first = null] = adapters
    const { session, feeds } = await this.#sessions.for(adapters.every(a => a === first) ? [first] : adapters)
    const out = await session.run({
      ...this.#base,
      ...feeds,
      ...cache.feeds(from, to),
      ids: i64(ids.flat(), [count, time]),
      positions: i64(positions, [count, time]),
      mask: f32(cache.mask(from, to, time), [count, 1, time, cache.capacity + time]),
      targets: i64(
        ids.map((_, r) => (r + 1) * time - 1),
        [count]
      )
    })
    cache.append(out, from, to, time)
    return floats(out['logits'])
  }
}
