import type { Adapter } from '../adapters/index.ts'
import { ModelError } from '../graph/errors.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import type { LoadedModel } from '../architecture/load.ts'
import type { GenerateSettings, TokenChance } from '../types.ts'
import { chances, checkSettings, nextToken } from './sampling.ts'
import { openStepper, type Stepper } from './stepper.ts'

export interface GeneratorRequest {
  /** Prompt, and answer tokens that are there already. */
  readonly prompt: readonly number[]
  readonly answered: readonly number[]
  readonly adapter: Adapter | null
  readonly settings: GenerateSettings
  readonly endIds: ReadonlySet<number>
  readonly signal?: AbortSignal | undefined
  /**
   * Called with each token as it comes, and its log-probabilities where the settings ask for them; returning false ends
   * the answer. The end token is not passed on.
   */
  onToken(id: number, chance?: TokenChance & { readonly top: readonly TokenChance[] }): boolean
}

export type Finish = 'stop' | 'length' | 'cancelled'

interface Running {
  readonly request: GeneratorRequest
  readonly ids: number[]
  next: number
  settle(finish: Finish): void
  fail(error: unknown): void
}

const aborted = ({ signal }: GeneratorRequest): boolean => signal?.aborted === true

/**
 * Generation with continuous batching: requests join after their prefill and leave when they end; each row of the batch
 * may use another adapter.
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
  constructor(model: LoadedModel | (() => LoadedModel), options: RuntimeOptions, maxRows = 16) {
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
    if (given.some(id => !Number.isInteger(id) || id < 0 || id >= vocabulary))
      throw new ModelError('prompt-token', `a token is outside the vocabulary of ${vocabulary}`)
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
      let scores: Float32Array = new Float32Array(0)
      const { prefillChunk } = this.#stepper
      for (let at = 0; at < given.length && !aborted(request); at += prefillChunk) {
        scores = await this.#stepper.step([given.slice(at, at + prefillChunk)], row, [request.adapter])
      }
      const running: Running = { request, ids: [...request.answered], next: 0, settle: resolve, fail: reject }
      this.#running.push(running)
      this.#take(running, scores)
    } catch (error) {
      if (row !== undefined) this.#stepper.close(row)
      reject(error)
    }
  }

  async #step(): Promise<void> {
    const rows = this.#running
    const { vocabulary } = this.#model.config
    const scores = await this.#stepper.step(
      rows.map(r => [r.next]),
      0,
      rows.map(r => r.request.adapter)
    )
    // From the end, because a finished row is replaced by the last one.
    for (let row = rows.length - 1; row >= 0; row--)
      this.#take(rows[row] as Running, scores.subarray(row * vocabulary, (row + 1) * vocabulary))
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
    if (aborted(request)) return this.#end(running, 'cancelled')
    if (ids.length >= request.settings.maxTokens) return this.#end(running, 'length')
    const { logprobs } = request.settings
    const id = nextToken(scores, request.settings, ids.length, ids)
    if (request.endIds.has(id)) return this.#end(running, 'stop')
    ids.push(id)
    running.next = id
    if (!request.onToken(id, logprobs === undefined ? undefined : chances(scores, id, logprobs)))
      return this.#end(running, 'stop')
    const full = request.prompt.length + ids.length >= this.#model.config.context
    if (full || ids.length >= request.settings.maxTokens) this.#end(running, 'length')
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
