import { isDora, withGains, type Adapter } from '../adapters/index.ts'
import type { Guided } from '../form/index.ts'
import { ModelError } from '../graph/errors.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import type { LoadedModel } from '../architecture/load.ts'
import type { GenerateSettings, ReplayedToken, TokenChance } from '../types.ts'
import { chances, checkSettings, nextToken, replayed } from './sampling.ts'
import { openStepper, type Stepper } from './stepper.ts'

export interface GeneratorRequest {
  /** Prompt, and answer tokens that are there already. */
  readonly prompt: readonly number[]
  readonly answered: readonly number[]
  readonly adapter: Adapter | null
  /** Tokens that are taken instead of chosen; the answer ends with them. */
  readonly replay?: readonly number[] | undefined
  readonly settings: GenerateSettings
  readonly endIds: ReadonlySet<number>
  /** What leads an answer that has to be of a form; it has heard of those tokens that are there. */
  readonly guided?: Guided | undefined
  readonly signal?: AbortSignal | undefined
  /**
   * Called with each token as it comes, and its log-probabilities where the settings ask for them; returning false ends
   * the answer. The end token is not passed on. `told`: of a replayed one.
   */
  onToken(id: number, chance?: TokenChance & { readonly top: readonly TokenChance[] }, told?: ReplayedToken): boolean
}

export type Finish = 'stop' | 'length' | 'cancelled'

interface Running {
  readonly request: GeneratorRequest
  readonly ids: number[]
  /** Tokens that the model has not seen yet: what is left of the prompt, then the last token of the answer. */
  next: readonly number[]
  settle(finish: Finish): void
  fail(error: unknown): void
}

const aborted = ({ signal }: GeneratorRequest): boolean => signal?.aborted === true

/** Tokens of prompts that join a step in which answers run: they come a few milliseconds later by it, no more. */
const prefillBesides = 64

/**
 * Generation with continuous batching: requests join the next step, their prompts beside the running answers where the
 * stepper can do that, and leave when they end; each row of the batch may use another adapter.
 */
export class Generator {
  readonly #open: () => LoadedModel
  readonly #options: RuntimeOptions
  readonly #maxRows: number
  #opened: { readonly model: LoadedModel; readonly stepper: Stepper } | undefined
  readonly #running: Running[] = []
  readonly #waiting: {
    request: GeneratorRequest
    resolve: (finish: Finish) => void
    reject: (error: unknown) => void
  }[] = []
  #loop: Promise<void> | undefined

  /** A model, or what makes it when the first request comes. */
  constructor(model: LoadedModel | (() => LoadedModel), options: RuntimeOptions, maxRows = 64) {
    this.#open = typeof model === 'function' ? model : () => model
    this.#options = options
    this.#maxRows = maxRows
  }

  get #model(): LoadedModel {
    return this.#serving.model
  }

  get #stepper(): Stepper {
    return this.#serving.stepper
  }

  get #serving(): { readonly model: LoadedModel; readonly stepper: Stepper } {
    if (this.#opened === undefined) {
      const model = this.#open()
      this.#opened = { model, stepper: openStepper(model, this.#options) }
    }
    return this.#opened
  }

  async release(): Promise<void> {
    await this.#loop
    await this.#opened?.stepper.release()
  }

  /** Settles when the answer ends. Throws a ModelError where the prompt does not fit the model's context. */
  async generate(request: GeneratorRequest): Promise<Finish> {
    checkSettings(request.settings)
    const { context, vocabulary } = this.#model.config
    const given = [...request.prompt, ...request.answered]
    if (given.length === 0) throw new ModelError('prompt-empty', 'the prompt has no tokens')
    if (given.length >= context)
      throw new ModelError('prompt-long', `${given.length} tokens do not fit a context of ${context}`, {
        help: 'Shorten the prompt.'
      })
    if ([...given, ...(request.replay ?? [])].some(id => !Number.isInteger(id) || id < 0 || id >= vocabulary))
      throw new ModelError('prompt-token', `a token is outside the vocabulary of ${vocabulary}`)
    const adapter = isDora(request.adapter) ? await withGains(request.adapter as Adapter, this.#model) : request.adapter
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request: { ...request, adapter }, resolve, reject })
      this.#loop ??= this.#work()
    })
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running.length > 0) {
      try {
        while (this.#waiting.length > 0 && this.#running.length < this.#maxRows) {
          await this.#admit()
          // Where a prompt takes steps of its own, answers that run take their turn after each.
          if (!this.#stepper.ragged) break
        }
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
    while (this.#stepper.rows > 0) this.#stepper.close(this.#stepper.rows - 1)
  }

  async #admit(): Promise<void> {
    const entry = this.#waiting.shift()
    if (entry === undefined) return
    const { request, resolve, reject } = entry
    if (aborted(request)) {
      resolve('cancelled')
      return
    }
    const given = [...request.prompt, ...request.answered]
    let row: number | undefined
    try {
      row = this.#stepper.open()
      const running: Running = { request, ids: [...request.answered], next: given, settle: resolve, fail: reject }
      if (!this.#stepper.ragged) {
        const scores = await this.#prefill(running, row)
        this.#running.push(running)
        this.#take(running, scores)
      } else this.#running.push(running)
    } catch (error) {
      if (row !== undefined) this.#stepper.close(row)
      reject(error)
    }
  }

  /** A prompt in steps of its own. */
  async #prefill({ request, next }: Running, row: number): Promise<Float32Array> {
    let scores: Float32Array = new Float32Array(0)
    const { prefillChunk } = this.#stepper
    for (let at = 0; at < next.length && !aborted(request); at += prefillChunk) {
      scores = await this.#stepper.step([{ row, ids: next.slice(at, at + prefillChunk), adapter: request.adapter }])
    }
    return scores
  }

  async #step(): Promise<void> {
    // From the end, because a row that leaves is replaced by the last one.
    for (const running of this.#running.toReversed()) if (aborted(running.request)) this.#end(running, 'cancelled')
    const answering = this.#running.some(({ next }) => next.length === 1)
    let room = answering ? prefillBesides : this.#stepper.prefillChunk
    const parts: { running: Running; row: number; ids: readonly number[]; adapter: Adapter | null }[] = []
    for (const [row, running] of this.#running.entries()) {
      const { next, request } = running
      const count = next.length === 1 ? 1 : Math.min(next.length, room)
      if (next.length > 1) room -= count
      if (count > 0) parts.push({ running, row, ids: next.slice(0, count), adapter: request.adapter })
    }
    if (parts.length === 0) return
    const { vocabulary } = this.#model.config
    let scores: Float32Array
    try {
      scores = await this.#stepper.step(parts)
    } catch (error) {
      // What has just come may be what cannot be done; answers that run do not fail for it.
      const joining = parts.map(({ running }) => running).filter(({ next }) => next.length > 1)
      if (joining.length === 0 || joining.length === parts.length) throw error
      for (const running of joining) {
        this.#leave(running)
        running.fail(error)
      }
      return
    }
    for (let i = parts.length - 1; i >= 0; i--) {
      const { running, ids } = parts[i] as (typeof parts)[number]
      running.next = running.next.slice(ids.length)
      if (running.next.length === 0) this.#take(running, scores.subarray(i * vocabulary, (i + 1) * vocabulary))
    }
  }

  /** Goes on with a row; what fails here fails this row alone. */
  #take(running: Running, scores: Float32Array): void {
    try {
      this.#choose(running, scores)
    } catch (error) {
      this.#leave(running)
      running.fail(error)
    }
  }

  /** Chooses the next token of a row, passes it on, and ends the row where it is due. */
  #choose(running: Running, scores: Float32Array): void {
    const { request, ids } = running
    const { guided, settings } = request
    if (aborted(request)) return this.#end(running, 'cancelled')
    if (ids.length >= settings.maxTokens) return this.#end(running, 'length')
    const { logprobs } = settings
    const left = (): number =>
      Math.min(settings.maxTokens, this.#model.config.context - request.prompt.length) - ids.length
    const allowed = guided === undefined ? scores : guided.scores(scores, left(), request.endIds)
    const { replay } = request
    const given = replay?.[ids.length - request.answered.length]
    if (replay !== undefined && given === undefined) return this.#end(running, 'length')
    const id = given ?? nextToken(allowed, settings, ids.length, ids)
    if (given === undefined && request.endIds.has(id)) return this.#end(running, 'stop')
    const told = given === undefined ? undefined : replayed(allowed, settings, ids.length, ids, id)
    ids.push(id)
    guided?.take(id)
    running.next = [id]
    if (!request.onToken(id, logprobs === undefined ? undefined : chances(scores, id, logprobs), told))
      return this.#end(running, 'stop')
    if (guided?.isOver === true) return this.#end(running, 'stop')
    if (left() <= 0) this.#end(running, 'length')
  }

  #end(running: Running, finish: Finish): void {
    this.#leave(running)
    running.settle(finish)
  }

  #leave(running: Running): void {
    const row = this.#running.indexOf(running)
    this.#stepper.close(row)
    const last = this.#running.pop()
    if (last !== undefined && last !== running) this.#running[row] = last
  }
}
