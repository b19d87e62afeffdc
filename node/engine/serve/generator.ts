import { stackAdapters, targetModules, withLora, type Adapter, type ModuleShape } from '../adapters/index.ts'
import { ModelError } from '../graph/errors.ts'
import { f32, floats, i64, Session, type Feeds, type RuntimeOptions } from '../graph/session.ts'
import { buildDecoder, logits } from '../architecture/decoder.ts'
import { boundFeeds, fitGraph, weightFeeds, type LoadedModel } from '../architecture/load.ts'
import type { GenerateSettings } from '../types.ts'
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
  readonly #options: RuntimeOptions
  readonly #maxRows: number
  readonly #base: Feeds
  readonly #bound: Feeds
  readonly #cache: KeyValueCache
  readonly #running: Running[] = []
  readonly #waiting: { request: GeneratorRequest; resolve: (finish: Finish) => void; reject: (error: unknown) => void }[] = []
  readonly #sessions = new Map<string, Promise<Session>>()
  #stack: { key: readonly (Adapter | null)[]; feeds: Feeds; session: Session } | undefined
  #loop: Promise<void> | undefined

  constructor(model: LoadedModel, options: RuntimeOptions, maxRows = 16) {
    this.#model = model
    this.#options = options
    this.#maxRows = maxRows
    this.#base = weightFeeds(model)
    this.#bound = boundFeeds(model)
    this.#cache = new KeyValueCache(model.config)
  }

  async release(): Promise<void> {
    await this.#loop
    for (const session of this.#sessions.values()) await (await session).release()
    this.#sessions.clear()
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
    const { session, feeds } = await this.#adapted(adapters)
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

  /** Session and stacked weights for the adapters of a batch; kept while the batch stays the same. */
  async #adapted(adapters: readonly (Adapter | null)[]): Promise<{ session: Session; feeds: Feeds }> {
    const [first = null] = adapters
    const key = adapters.every((a) => a === first) ? [first] : adapters
    const known = this.#stack
    if (known !== undefined && known.key.length === key.length && known.key.every((a, i) => a === key[i])) return known
    const targets = [...new Set(key.flatMap((a) => a?.targets ?? []))].sort()
    const rank = key.reduce((r, a) => Math.max(r, a?.rank ?? 0), 0)
    const modules = targets.length === 0 ? [] : targetModules(this.#model.config, targets)
    const session = await this.#session(modules, rank)
    this.#stack = { key, feeds: stackAdapters(key, modules, rank), session }
    return this.#stack
  }

  async #session(modules: readonly ModuleShape[], rank: number): Promise<Session> {
    const key = `${rank} ${modules.map((m) => m.path).join()}`
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    const { config } = this.#model
    const decoder = buildDecoder(config, { cache: true })
    decoder.graph.output('logits', logits(config, decoder))
    const graph = modules.length === 0 ? decoder.graph : withLora(decoder.graph, modules, rank, 1)
    const made = Session.create(fitGraph(this.#model, graph), this.#options, this.#bound)
    this.#sessions.set(key, made)
    return made
  }
}
