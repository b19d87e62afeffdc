import { appliedTo, isDora, isFull, withGains, type Adapter, type Tuned } from '../adapters/index.ts'
import { floats, type Feeds, type RuntimeOptions, type Session } from '../graph/session.ts'
import { buildDecoder, losses } from '../architecture/decoder.ts'
import { residentFeeds } from '../architecture/forms.ts'
import type { ModelConfig } from '../architecture/config.ts'
import type { Graph } from '../graph/graph.ts'
import { weightFeeds, type LoadedModel } from '../architecture/load.ts'
import { demandMemory } from '../architecture/memory.ts'
import { packBatch } from '../train/batch.ts'
import { labelled } from '../train/labels.ts'
import type { TrainRow } from '../types.ts'
import { AdaptedSessions } from './adapted.ts'

/** Negative log-likelihoods of the labelled tokens of a row, in order. */
export type RowLosses = Float32Array

/** Scoring comes in bursts: sessions, whose memory is that of the largest pass, go when none came for so long. */
const restMs = 30_000

/**
 * Teacher-forced scoring, forward only: rows under K adapters in one batch, each adapter a slice of stacked weights. A
 * row's losses under an adapter have the same bits whatever else is scored with it.
 */
export class Scorer {
  readonly #config: ModelConfig
  readonly #model: LoadedModel
  /** The weights, while there is scoring to do. */
  #base: Feeds | undefined
  readonly #sessions: AdaptedSessions
  /** For other weights than the base's: a session that holds none of them. */
  readonly #free: AdaptedSessions
  readonly #budget: number
  #turn: Promise<unknown> = Promise.resolve()
  #rest: NodeJS.Timeout | undefined

  /** `tokensPerPass` bounds the padded tokens of one run, and with them the memory. */
  constructor(model: LoadedModel, options: RuntimeOptions, tokensPerPass = 4096) {
    const build = (): Graph => {
      const decoder = buildDecoder(model.config)
      decoder.graph.output('nll', losses(model.config, decoder))
      return decoder.graph
    }
    const resident = residentFeeds(model, options)
    this.#sessions = new AdaptedSessions(model, options, build, resident)
    this.#free = Object.keys(resident).length === 0 ? this.#sessions : new AdaptedSessions(model, options, build)
    this.#budget = tokensPerPass
    this.#config = model.config
    this.#model = model
  }

  async release(): Promise<void> {
    clearTimeout(this.#rest)
    await this.#turn
    await this.#rested()
  }

  async #rested(): Promise<void> {
    this.#base = undefined
    await this.#sessions.release()
    await this.#free.release()
  }

  /** losses[adapter][row]; null is the base model. One call at a time: a session may go when another is made. */
  losses(adapters: readonly (Tuned | null)[], rows: readonly TrainRow[]): Promise<RowLosses[][]> {
    clearTimeout(this.#rest)
    const mine = this.#turn.then(() => this.#losses(adapters, rows))
    this.#turn = mine.catch(() => undefined)
    void this.#turn.then(() => {
      clearTimeout(this.#rest)
      this.#rest = setTimeout(() => {
        this.#turn = this.#turn.then(() => this.#rested())
      }, restMs).unref()
    })
    return mine
  }

  async #losses(adapters: readonly (Tuned | null)[], rows: readonly TrainRow[]): Promise<RowLosses[][]> {
    const low = adapters.filter((adapter): adapter is Adapter | null => !isFull(adapter))
    const together = low.length === 0 ? [] : await this.#under(low, rows)
    const result: RowLosses[][] = []
    // What was fully trained has weights of its own and is scored alone, one after another: they are not all in memory.
    for (const adapter of adapters) {
      if (!isFull(adapter)) result.push(together.shift() ?? [])
      else {
        const { session } = await this.#free.for([null])
        result.push(...(await this.#passes(session, weightFeeds(appliedTo(this.#model, adapter)), 1, rows)))
      }
    }
    return result
  }

  async #under(adapters: readonly (Adapter | null)[], rows: readonly TrainRow[]): Promise<RowLosses[][]> {
    const measured = adapters.some(isDora)
      ? await Promise.all(adapters.map(async one => one && withGains(one, this.#model)))
      : adapters
    const { session, feeds } = await this.#sessions.for(measured)
    const base = (this.#base ??= weightFeeds(this.#model))
    return this.#passes(session, { ...base, ...feeds }, adapters.length, rows)
  }

  async #passes(session: Session, weights: Feeds, adapters: number, rows: readonly TrainRow[]): Promise<RowLosses[][]> {
    const result = Array.from({ length: adapters }, (): RowLosses[] => rows.map(() => new Float32Array(0)))
    const order = rows.map((_, i) => i).sort((a, b) => (rows[a]?.ids.length ?? 0) - (rows[b]?.ids.length ?? 0))
    for (const batch of this.#batches(order, rows, adapters)) {
      const picked = batch.map(i => rows[i] as TrainRow)
      const time = picked.reduce((n, row) => Math.max(n, row.ids.length), 1)
      demandMemory(this.#config, {
        rows: adapters * picked.length,
        time,
        targets: adapters * picked.reduce((n, row) => n + labelled(row), 0),
        kept: 0
      })
      const packed = packBatch(Array.from({ length: adapters }, () => picked).flat(), () => 1, picked.length)
      const nll = floats((await session.run({ ...weights, ...packed.feeds }))['nll'])
      result.forEach((own, k) => {
        let at = k * packed.perGroup
        for (const i of batch) {
          const count = labelled(rows[i] as TrainRow)
          own[i] = nll.slice(at, at + count)
          at += count
        }
      })
    }
    return result
  }

  #batches(order: readonly number[], rows: readonly TrainRow[], adapters: number): number[][] {
    const batches: number[][] = []
    let open: number[] = []
    for (const i of order) {
      if (open.length > 0 && (open.length + 1) * adapters * (rows[i]?.ids.length ?? 0) > this.#budget) {
        batches.push(open)
        open = []
      }
      open.push(i)
    }
    if (open.length > 0) batches.push(open)
    return batches
  }
}

/** A row that asks for the probability of `answer` after `prompt`. */
export function answerRow(prompt: ArrayLike<number>, answer: ArrayLike<number>): TrainRow {
  const ids = [...Array.from(prompt), ...Array.from(answer)]
  return { ids, labels: ids.map((id, i) => (i < prompt.length ? -100 : id)) }
}

/** exp(−nll) of each token, in float64. */
export const probabilities = (losses: RowLosses): number[] => Array.from(losses, loss => Math.exp(-loss))
