import { ModelError } from '../graph/errors.ts'
import { resolveRuntime, type RuntimeRequest } from '../providers/index.ts'
import type {
  Engine,
  EncodedRow,
  EngineStatus,
  GenerateJob,
  GenerateResult,
  Generation,
  HeldOutJob,
  ModelInfo,
  ModelNeeds,
  PartJob,
  PartResult,
  Row,
  ScoreJob,
  ScoreManyJob,
  SiblingsJob,
  TextReader,
  TrainProgress,
  TuneJob,
  TuneResult
} from '../types.ts'
import { openTextReader } from '../text/reader.ts'
import { adaptersKept, type Crossing, type TrainTokens, type WorkerOptions } from './messages.ts'
import { pack } from './packed.ts'
import { jobOfTokens, withFaults } from './tokens.ts'
import { TokenQueue } from './token-queue.ts'
import { EngineThread, engineClosed, type ThreadOptions } from './thread.ts'

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
  readonly text: TextReader = openTextReader()
  readonly #serving: EngineThread
  readonly #training: EngineThread
  #closed = false

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

  async open(folder: string): Promise<ModelInfo> {
    const [info] = await Promise.all([this.#serving.call('open', folder), this.#reader.open(folder)])
    return info
  }

  inspect(folder: string): Promise<ModelNeeds> {
    return this.#training.call('inspect', folder)
  }

  async tune(job: TuneJob): Promise<TuneResult> {
    const tokens = await jobOfTokens(this.#reader, job)
    const calling = callingOf(job)
    return withFaults(await this.#training.call('tune', packed(tokens), calling), tokens.rows)
  }

  async tuneSiblings(job: SiblingsJob): Promise<TuneResult[]> {
    const tokens = await jobOfTokens(this.#reader, job)
    const calling = callingOf(job)
    const results = await this.#training.call('tuneSiblings', packed(tokens), calling)
    return results.map(result => withFaults(result, tokens.rows))
  }

  async runPart(job: PartJob): Promise<PartResult> {
    const tokens = await jobOfTokens(this.#reader, job)
    const calling = callingOf(job)
    return this.#training.call('runPart', packed(tokens), calling)
  }

  /** What reads texts, as long as the engine is open. */
  get #reader(): TextReader {
    if (this.#closed) throw engineClosed()
    return this.text
  }

  generate(job: GenerateJob): Generation {
    const queue = new TokenQueue()
    const { signal, messages: _messages, prompt: _prompt, promptIds: _promptIds, day: _day, ...rest } = job
    const run = async (): Promise<GenerateResult> => {
      const prompt = await this.#promptOf(job)
      return this.#serving.call('generate', { ...rest, prompt }, { signal, onEvents: tokens => queue.push(tokens) })
    }
    const result = run()
    result.then(
      () => queue.end(),
      (error: unknown) => queue.end(error)
    )
    return { result, groups: () => queue.groups(), [Symbol.asyncIterator]: () => queue.tokens() }
  }

  async #promptOf({ model, messages, prompt, promptIds, day }: GenerateJob): Promise<readonly number[]> {
    if (promptIds !== undefined) return promptIds
    return messages === undefined ? this.#reader.encode(model, prompt ?? '') : this.#reader.prompt(model, messages, day)
  }

  async score(job: ScoreJob): Promise<number[][]> {
    const { messages, answerIds, ...rest } = job
    const [scores = []] = await this.scoreMany({ ...rest, answers: [{ messages, answerIds }] })
    return scores
  }

  async scoreMany(job: ScoreManyJob): Promise<number[][][]> {
    const prompts = await this.#reader.prompts(
      job.model,
      job.answers.map(({ messages }) => messages),
      job.day
    )
    const answers = job.answers.map(({ answerIds }, i) => ({ prompt: prompts[i] ?? [], answer: answerIds }))
    return this.#serving.call('scoreMany', { ...job, answers: pack(answers, ['prompt', 'answer']) })
  }

  async heldOutLoss(job: HeldOutJob): Promise<number> {
    const rows = await this.#reader.answers(job.model, job.rows)
    const read = rows.filter(({ fault }) => fault === undefined)
    return this.#serving.call('heldOutLoss', { ...job, rows: pack(read, ['prompt', 'answer']) })
  }

  async encode(model: string, row: Row): Promise<EncodedRow> {
    const [encoded = { prompt: [], answer: [], fault: 'answer-lost' as const }] = await this.#reader.answers(model, [
      row
    ])
    if (encoded.fault !== undefined)
      throw new ModelError('row-answer', `the model cannot read this row: ${encoded.fault}`, {
        help: 'Use a row whose turns its chat template takes and shows.'
      })
    return encoded
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
    this.#closed = true
    this.text.close()
    await this.#serving.close()
    if (this.#training !== this.#serving) await this.#training.close()
  }
}

/** How far a job is goes to whoever gave it. */
const callingOf = ({ signal, onProgress }: Pick<TuneJob, 'signal' | 'onProgress'>) => ({
  signal,
  onEvents: (events: readonly TrainProgress[]) => {
    for (const progress of events) onProgress?.(progress)
  }
})

const packed = <T extends TrainTokens>({ rows, held, ...rest }: T): Crossing<T> => ({
  ...rest,
  rows: pack(rows, ['ids', 'labels']),
  held: held && pack(held, ['ids', 'labels'])
})
