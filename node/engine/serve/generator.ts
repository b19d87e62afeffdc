import type { Adapter } from '../adapters/index.ts'
import { ModelError } from '../graph/errors.ts'
import { f32, floats, i64, type Feeds, type RuntimeOptions } from '../graph/session.ts'
import { buildDecoder, logits } from '../architecture/decoder.ts'
import { boundFeeds, weightFeeds, type LoadedModel } from '../architecture/load.ts'
import type { GenerateSettings } from '../types.ts'
import { AdaptedSessions } from './adapted.ts'
import { KeyValueCache } from './cache.ts'
import { nextToken } from './sampling.ts'

export interface GeneratorRequest {
  /** Prompt, and answer tokens that are there already. */
  readonly prompt: readonly number[]
  readonly answered: readonly number[]
  readonly adapter: Adapter | null
  readonly settings: GenerateSettings
  readonly endIds: ReadonlySet<number>
  readonly signal?: AbortSignal | undefined
  /** Called with each token as it comes; returning false ends the answer. The end token is not passed on. */
  onToken(id: number): boolean
}

export type Finish = 'stop' | 'length' | 'cancelled'

interface Running {
  readonly request: GeneratorRequest
  readonly ids: number[]
  next: number
  settle(finish: Finish): void
  fail(error: unknown): void
}

/** Prompt tokens of one prefill step. */
const prefillChunk = 256

/**
 * Generation with continuous batching: requests join after their prefill and leave when they end; each row of the batch
 * may use another adapter.
 */
export class Generator {
  readonly #model: LoadedModel
  readonly #maxRows: number
  readonly #base: Feeds
  readonly #cache: KeyValueCache
  readonly #running: Running[] = []
  readonly #waiting: { request: GeneratorRequest; resolve: (finish: Finish) => void; reject: (error: unknown) => void }[] = []
  readonly #sessions: AdaptedSessions
  #loop: Promise<void> | undefined

  constructor(model: LoadedModel, options: RuntimeOptions, maxRows = 16) {
    this.#model = model
    this.#maxRows = maxRows
    this.#base = weightFeeds(model)
    this.#sessions = new AdaptedSessions(model, options, () => {
      const decoder = buildDecoder(model.config, { cache: true })
      decoder.graph.output('logits', logits(model.config, decoder))
      return decoder.graph
    }, boundFeeds(model))
    this.#cache = new KeyValueCache(model.config)
  }

  async release(): Promise<void> {
    await this.#loop
    await this.#sessions.release()
  }

  /** Settles when the answer ends. Throws a ModelError where the prompt does not fit the model's context. */
  async generate(request: GeneratorRequest): Promise<Finish> {
    const { context, vocabulary } = this.#model.config
    const given = [...request.prompt, ...request.answered]
    if (given.length === 0) throw new ModelError('prompt-empty', 'the prompt has no tokens')
    if (given.length >= context) throw new ModelError('prompt-long', `${given.length} tokens do not fit a context of ${context}`, { help: 'Shorten the prompt.' })
    if (given.some((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary)) throw new ModelError('prompt-token', `a token is outside the vocabulary of ${vocabulary}`)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      this.#loop ??= this.#work()
    })
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running.length > 0) {
      try {
        while (this.#waiting.length > 0 && this.#running.length < this.#maxRows) await this.#admit()
        if (this.#running.length > 0) await this.#step()
      } catch (error) {
        this.#failAll(error)
      }
    }
    this.#loop = undefined // in the same turn as the check above, so that no request is missed
  }

  /** A failed run spoils every row of its batch; requests that still wait are untouched. */
  #failAll(error: unknown): void {
    for (const running of this.#running.splice(0)) running.fail(error)
    while (this.#cache.rows > 0) this.#cache.close(this.#cache.rows - 1)
  }

  async #admit(): Promise<void> {
    const entry = this.#waiting.shift()
    if (entry === undefined) return
    const { request, resolve, reject } = entry
    if (request.signal?.aborted === true) {
      resolve('cancelled')
      return
    }
    const given = [...request.prompt, ...request.answered]
    const row = this.#cache.open()
    try {
      let scores: Float32Array = new Float32Array(0)
      for (let at = 0; at < given.length; at += prefillChunk) {
        scores = await this.#forward([given.slice(at, at + prefillChunk)], row, row + 1, [request.adapter])
      }
      const running: Running = { request, ids: [...request.answered], next: 0, settle: resolve, fail: reject }
      this.#running.push(running)
      this.#take(running, scores)
    } catch (error) {
      this.#cache.close(row)
      reject(error)
    }
  }

  async #step(): Promise<void> {
    const rows = this.#running
    const { vocabulary } = this.#model.config
    const scores = await this.#forward(rows.map((r) => [r.next]), 0, rows.length, rows.map((r) => r.request.adapter))
    // From the end, because a finished row is replaced by the last one.
    for (let row = rows.length - 1; row >= 0; row--) this.#take(rows[row] as Running, scores.subarray(row * vocabulary, (row + 1) * vocabulary))
  }

  /** Chooses the next token of a row, passes it on, and ends the row where it is due. */
  #take(running: Running, scores: Float32Array): void {
    const { request, ids } = running
    if (request.signal?.aborted === true) return this.#end(running, 'cancelled')
    if (ids.length >= request.settings.maxTokens) return this.#end(running, 'length')
    const id = nextToken(scores, request.settings, ids.length, ids)
    if (request.endIds.has(id)) return this.#end(running, 'stop')
    ids.push(id)
    running.next = id
    if (!request.onToken(id)) return this.#end(running, 'stop')
    const full = request.prompt.length + ids.length >= this.#model.config.context
    if (full || ids.length >= request.settings.maxTokens) this.#end(running, 'length')
  }

  #end(running: Running, finish: Finish): void {
    const row = this.#running.indexOf(running)
    this.#cache.close(row)
    const last = this.#running.pop()
    if (last !== undefined && last !== running) this.#running[row] = last
    running.settle(finish)
  }

  /** One run over rows [from, to) of the cache; returns the logits of each row's last position. */
  async #forward(ids: readonly (readonly number[])[], from: number, to: number, adapters: readonly (Adapter | null)[]): Promise<Float32Array> {
    const cache = this.#cache
    const time = ids[0]?.length ?? 1
    const count = to - from
    const positions = ids.flatMap((_, r) => Array.from({ length: time }, (_, t) => cache.length(from + r) + t))
    // Rows that all use one adapter are one slice of the stack: larger products.
    const [first = null] = adapters
    const { session, feeds } = await this.#sessions.for(adapters.every((a) => a === first) ? [first] : adapters)
    const out = await session.run({
      ...this.#base, ...feeds, ...cache.feeds(from, to),
      ids: i64(ids.flat(), [count, time]),
      positions: i64(positions, [count, time]),
      mask: f32(cache.mask(from, to, time), [count, 1, time, cache.capacity + time]),
      targets: i64(ids.map((_, r) => (r + 1) * time - 1), [count]),
    })
    cache.append(out, from, to, time)
    return floats(out['logits'])
  }
}
