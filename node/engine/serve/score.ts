import { stackAdapters, withLora, type Adapter, type ModuleShape } from '../adapters/index.ts'
import { targetModules } from '../adapters/adapter.ts'
import { floats, Session, type Feeds, type RuntimeOptions } from '../graph/session.ts'
import { buildDecoder, losses } from '../architecture/decoder.ts'
import { fitGraph, weightFeeds, type LoadedModel } from '../architecture/load.ts'
import { labelled, packBatch } from '../train/batch.ts'
import type { TrainRow } from '../types.ts'

/** Negative log-likelihoods of the labelled tokens of a row, in order. */
export type RowLosses = Float32Array

/**
 * Teacher-forced scoring, forward only: rows under K adapters in one batch, each adapter a slice of stacked weights.
 * Sessions are kept per set of projections and rank.
 */
export class Scorer {
  readonly #model: LoadedModel
  readonly #options: RuntimeOptions
  readonly #base: Feeds
  readonly #sessions = new Map<string, Promise<Session>>()
  readonly #budget: number

  /** `tokensPerPass` bounds the padded tokens of one run, and with them the memory. */
  constructor(model: LoadedModel, options: RuntimeOptions, tokensPerPass = 4096) {
    this.#model = model
    this.#options = options
    this.#budget = tokensPerPass
    this.#base = weightFeeds(model)
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release()
    this.#sessions.clear()
  }

  /** losses[adapter][row]; null is the base model. */
  async losses(adapters: readonly (Adapter | null)[], rows: readonly TrainRow[]): Promise<RowLosses[][]> {
    const targets = [...new Set(adapters.flatMap((a) => a?.targets ?? []))].sort()
    const rank = adapters.reduce((r, a) => Math.max(r, a?.rank ?? 0), 0)
    const modules = targets.length === 0 ? [] : targetModules(this.#model.config, targets)
    const session = await this.#session(modules, rank)
    const stack = stackAdapters(adapters, modules, rank)
    const result = adapters.map((): RowLosses[] => rows.map(() => new Float32Array(0)))
    const order = rows.map((_, i) => i).sort((a, b) => (rows[a]?.ids.length ?? 0) - (rows[b]?.ids.length ?? 0))
    for (const batch of this.#batches(order, rows, adapters.length)) {
      const picked = batch.map((i) => rows[i] as TrainRow)
      const packed = packBatch(adapters.flatMap(() => picked), () => 1)
      const nll = floats((await session.run({ ...this.#base, ...stack, ...packed.feeds }))['nll'])
      let at = 0
      for (const own of result) {
        for (const i of batch) {
          const count = labelled(rows[i] as TrainRow)
          own[i] = nll.slice(at, at + count)
          at += count
        }
      }
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

  async #session(modules: readonly ModuleShape[], rank: number): Promise<Session> {
    const key = `${rank} ${modules.map((m) => m.path).join()}`
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    const { config } = this.#model
    const decoder = buildDecoder(config)
    decoder.graph.output('nll', losses(config, decoder))
    const graph = modules.length === 0 ? decoder.graph : withLora(decoder.graph, modules, rank, 1)
    const made = Session.create(fitGraph(this.#model, graph), this.#options)
    this.#sessions.set(key, made)
    return made
  }
}

/** A row that asks for the probability of `answer` after `prompt`. */
export function answerRow(prompt: readonly number[], answer: readonly number[]): TrainRow {
  const ids = [...prompt, ...answer]
  return { ids, labels: ids.map((id, i) => (i < prompt.length ? -100 : id)) }
}

/** Mean of exp(−nll), in float64. */
export function meanProbability(losses: RowLosses): number {
  return losses.reduce((sum, x) => sum + Math.exp(-x), 0) / Math.max(1, losses.length)
}
