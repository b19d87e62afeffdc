import { resolveRuntime, type RuntimeRequest } from '../providers/index.ts'
import type {
  Engine,
  EncodedRow,
  EngineStatus,
  GeneratedToken,
  GenerateJob,
  GenerateResult,
  Generation,
  HeldOutJob,
  ModelInfo,
  Row,
  ScoreJob,
  ScoreManyJob,
  SiblingsJob,
  TuneJob,
  TuneResult
} from '../types.ts'
import { adaptersKept, type Plain, type WorkerOptions } from './messages.ts'
import { EngineThread, type ThreadOptions } from './thread.ts'

/** `provider` is `auto` unless said otherwise: see chooseProvider. */
export interface EngineOptions
  extends Partial<RuntimeRequest>, Pick<ThreadOptions, 'heapMb'>, Pick<WorkerOptions, 'quantize'> {
  /**
   * Training in a thread of its own, so that answers do not wait for training passes; the default. Costs the weights
   * twice.
   */
  readonly separateTraining?: boolean
}

/** Starts the engine. Threads begin with their first call. */
export function openEngine(options: EngineOptions = {}): Engine {
  return new EngineClient(options)
}

/** A training thread that nothing is asked of for so long ends: a job's benchmark, lots and siblings share one. */
const trainingRestMs = 15_000

class EngineClient implements Engine {
  readonly #serving: EngineThread
  readonly #training: EngineThread

  constructor({ separateTraining = true, threads = 2, provider, precision, quantize, heapMb }: EngineOptions) {
    // Auditors repeat a worker's steps on other machines: training is float32 everywhere.
    const runtime = (own: RuntimeRequest['precision']) => async (): Promise<WorkerOptions> => ({
      ...(await resolveRuntime({ threads, provider, precision: own })),
      quantize
    })
    const training = { runtime: runtime('f32'), heapMb }
    this.#serving = new EngineThread(separateTraining ? { runtime: runtime(precision), heapMb } : training)
    // What a training leaves in memory serves nobody: its thread ends with it.
    this.#training = separateTraining ? new EngineThread({ ...training, restMs: trainingRestMs }) : this.#serving
  }

  open(folder: string): Promise<ModelInfo> {
    return this.#serving.call('open', folder)
  }

  tune(job: TuneJob): Promise<TuneResult> {
    return this.#training.call('tune', plain(job), { signal: job.signal, onEvent: p => job.onProgress?.(p) })
  }

  tuneSiblings(job: SiblingsJob): Promise<TuneResult[]> {
    return this.#training.call('tuneSiblings', plain(job), { signal: job.signal, onEvent: p => job.onProgress?.(p) })
  }

  generate(job: GenerateJob): Generation {
    const queue = new TokenQueue()
    const result = this.#serving.call('generate', plain(job), {
      signal: job.signal,
      onEvent: token => queue.push(token)
    })
    result.then(
      () => queue.end(),
      (error: unknown) => queue.end(error)
    )
    return { result, [Symbol.asyncIterator]: () => queue.tokens() } satisfies Generation & {
      result: Promise<GenerateResult>
    }
  }

  async score(job: ScoreJob): Promise<number[]> {
    const { messages, answerIds, ...rest } = job
    const [scores = []] = await this.scoreMany({ ...rest, answers: [{ messages, answerIds }] })
    return scores
  }

  scoreMany(job: ScoreManyJob): Promise<number[][]> {
    return this.#serving.call('scoreMany', job)
  }

  heldOutLoss(job: HeldOutJob): Promise<number> {
    return this.#serving.call('heldOutLoss', job)
  }

  encode(model: string, row: Row): Promise<EncodedRow> {
    return this.#serving.call('encode', { model, row })
  }

  decode(model: string, ids: readonly number[]): Promise<string> {
    return this.#serving.call('decode', { model, ids })
  }

  async unload(folder: string): Promise<void> {
    await this.#serving.tell('unload', folder)
    if (this.#training !== this.#serving) await this.#training.tell('unload', folder)
  }

  async status(): Promise<EngineStatus> {
    return (await this.#serving.tell('status', undefined)) ?? { models: 0, adapters: 0, mostAdapters: adaptersKept }
  }

  async close(): Promise<void> {
    await this.#serving.close()
    if (this.#training !== this.#serving) await this.#training.close()
  }
}

/** Signals and callbacks stay in this thread. */
function plain<T extends { signal?: AbortSignal; onProgress?: unknown }>(job: T): Plain<T> {
  const { signal: _signal, onProgress: _onProgress, ...rest } = job
  return rest
}

/** Tokens between the worker and whoever iterates; iterating starts where the tokens start, whenever it begins. */
class TokenQueue {
  readonly #tokens: GeneratedToken[] = []
  #ended = false
  #error: unknown
  #wake: (() => void) | undefined

  push(token: GeneratedToken): void {
    this.#tokens.push(token)
    this.#wake?.()
  }

  end(error?: unknown): void {
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  async *tokens(): AsyncGenerator<GeneratedToken> {
    for (let at = 0; ; at++) {
      while (at >= this.#tokens.length && !this.#ended)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      const token = this.#tokens[at]
      if (token !== undefined) yield token
      else if (this.#error !== undefined) throw this.#error
      else return
    }
  }
}
