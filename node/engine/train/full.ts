import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gradients } from '../graph/autodiff.ts'
import { f32, floats, Session, type Feeds } from '../graph/session.ts'
import type { ModelConfig } from '../architecture/config.ts'
import { buildDecoder, losses } from '../architecture/decoder.ts'
import { chosen } from '../architecture/layer.ts'
import { loadModel } from '../architecture/load.ts'
import { parameterSpecs } from '../architecture/parameters.ts'
import type { TrainProgress, TrainRow } from '../types.ts'
import { Random } from '../weights/random.ts'
import { writeSafetensors } from '../weights/safetensors.ts'
import { packBatch } from './batch.ts'
import { labelled } from './labels.ts'
import { restoreCheckpoint, saveCheckpoint, type RunState } from './checkpoint.ts'
import {
  adamDefaults,
  adamStep,
  averageStep,
  clipFactor,
  kept,
  squaredNorm,
  trained,
  type AdamSettings,
  type Trained
} from './optimizer.ts'
import { learningRate } from './schedule.ts'

export interface FullTrainJob {
  readonly config: ModelConfig
  /** A fresh model from a seed, or the weights of a folder. */
  readonly start: { readonly seed: number } | { readonly folder: string }
  readonly steps: number
  /** Rows of a step (from 0), a pure function of the step: a resumed run asks again only for what is left. */
  batch(step: number): readonly TrainRow[]
  /** Rows in one forward pass; a step of more rows is several passes. 4 to 16 rows of 256 tokens are fastest. */
  readonly microBatch: number
  readonly lr: number
  readonly warmupSteps: number
  readonly schedule: 'cosine' | 'constant' | 'linear'
  /** Fraction of lr at the end of the schedule. */
  readonly floor?: number
  readonly optimizer?: Partial<AdamSettings>
  /** Largest global gradient norm; 0 = off. */
  readonly clip: number
  /** Decay of the average of the iterates that is saved; 0 = the last iterate. */
  readonly ema?: number
  readonly threads: number
  readonly checkpoint?: { readonly file: string; readonly every: number }
  readonly signal?: AbortSignal
  onProgress?(progress: TrainProgress & { readonly gradientNorm: number }): void
  /** Called with the weights that would be saved, every `every` steps and at the end. */
  readonly evaluation?: { readonly every: number; run(model: EvaluationModel, step: number): Promise<void> }
}

export interface EvaluationModel {
  /** Mean loss per labelled token, in nats. */
  loss(rows: readonly TrainRow[]): Promise<number>
  /** Writes model.safetensors into a folder. */
  save(folder: string, dtype: 'F32' | 'BF16'): void
}

export interface FullTrainResult extends RunState {
  readonly model: EvaluationModel
  /** Whether all steps were done; false after an abort, when the checkpoint holds the state. */
  readonly finished: boolean
}

/**
 * Trains every parameter of a decoder with AdamW. The forward pass, the backward pass and the loss are one graph; the
 * optimizer runs over its gradients here. Same job, seed and threads: the same bits, interrupted or not.
 */
export async function trainFull(job: FullTrainJob): Promise<FullTrainResult> {
  const trainer = await FullTrainer.create(job)
  try {
    return await trainer.run()
  } finally {
    await trainer.release()
  }
}

/** Writes config.json beside the weights that `save` writes. */
export function writeConfig(folder: string, json: Record<string, unknown>): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(json, undefined, 2)}\n`)
}

class FullTrainer {
  readonly #job: FullTrainJob
  readonly #parameters: readonly Trained[]
  readonly #session: Session
  readonly #forward: Session

  private constructor(job: FullTrainJob, parameters: readonly Trained[], session: Session, forward: Session) {
    this.#job = job
    this.#parameters = parameters
    this.#session = session
    this.#forward = forward
  }

  static async create(job: FullTrainJob): Promise<FullTrainer> {
    const options = { threads: job.threads }
    const parameters = initialParameters(job)
    const session = await Session.create(gradientGraph(job.config), options)
    const decoder = buildDecoder(job.config)
    decoder.graph.output('nll', losses(job.config, decoder))
    return new FullTrainer(job, parameters, session, await Session.create(decoder.graph, options))
  }

  async release(): Promise<void> {
    await this.#session.release()
  }

  async run(): Promise<FullTrainResult> {
    const { checkpoint, steps, signal, evaluation } = this.#job
    const identity = identityOf(this.#job)
    const restored =
      checkpoint === undefined ? undefined : restoreCheckpoint(checkpoint.file, identity, this.#parameters)
    const allLosses = [...(restored?.losses ?? [])]
    let [seconds, tokens, step] = [restored?.seconds ?? 0, restored?.tokens ?? 0, restored?.step ?? 0]
    const state = (): RunState => ({ step, losses: allLosses, seconds, tokens })
    const model = this.#model()
    const began = { seconds, tokens, step }
    while (step < steps) {
      if (signal?.aborted === true) break
      const start = performance.now()
      const done = await this.#step(step)
      step++
      allLosses.push(done.loss)
      seconds += (performance.now() - start) / 1000
      tokens += done.tokens
      const perStep = (seconds - began.seconds) / (step - began.step)
      this.#job.onProgress?.({
        ...done,
        step,
        steps,
        tokensPerSecond: (tokens - began.tokens) / (seconds - began.seconds),
        secondsLeft: perStep * (steps - step)
      })
      if (checkpoint !== undefined && (step % checkpoint.every === 0 || step === steps))
        saveCheckpoint(checkpoint.file, identity, this.#parameters, state())
      if (evaluation !== undefined && (step % evaluation.every === 0 || step === steps))
        await evaluation.run(model, step)
    }
    if (checkpoint !== undefined && step < steps) saveCheckpoint(checkpoint.file, identity, this.#parameters, state())
    return { ...state(), model, finished: step >= steps }
  }

  async #step(step: number): Promise<{ loss: number; lr: number; gradientNorm: number; tokens: number }> {
    const job = this.#job
    const rows = job.batch(step)
    const weight =
      1 /
      Math.max(
        1,
        rows.reduce((n, row) => n + labelled(row), 0)
      )
    const weights = this.#feeds(p => p.data)
    let [loss, tokens] = [0, 0]
    let sums: Float32Array[] | undefined
    for (let at = 0; at < rows.length; at += job.microBatch) {
      const packed = packBatch(rows.slice(at, at + job.microBatch), () => weight)
      const out = await this.#session.run({ ...weights, ...packed.feeds })
      tokens += packed.tokens
      loss += floats(out['loss'])[0] ?? NaN
      const grads = this.#parameters.map(p => floats(out[`d ${p.name}`]))
      if (sums === undefined) sums = grads
      else for (const [i, sum] of sums.entries()) addTo(sum, grads[i] as Float32Array)
    }
    const grads = sums ?? []
    const norm = Math.sqrt(grads.reduce((n, g) => n + squaredNorm(g), 0))
    const lr = learningRate(
      { kind: job.schedule, lr: job.lr, steps: job.steps, warmup: job.warmupSteps, floor: job.floor ?? 0 },
      step
    )
    const adam = { ...adamDefaults, ...job.optimizer }
    this.#parameters.forEach((p, i) => {
      adamStep(p, grads[i] as Float32Array, adam, lr, step + 1, clipFactor(norm, job.clip))
      averageStep(p, job.ema ?? 0, step + 1)
    })
    return { loss, lr, gradientNorm: norm, tokens }
  }

  #feeds(pick: (p: Trained) => Float32Array): Feeds {
    return Object.fromEntries(this.#parameters.map(p => [p.name, f32(pick(p), p.shape)]))
  }

  #model(): EvaluationModel {
    return {
      loss: async rows => {
        const weights = this.#feeds(kept)
        let [sum, count] = [0, 0]
        for (let at = 0; at < rows.length; at += this.#job.microBatch) {
          const packed = packBatch(rows.slice(at, at + this.#job.microBatch), () => 1)
          const nll = floats((await this.#forward.run({ ...weights, ...packed.feeds }))['nll'])
          for (let i = 0; i < packed.targets; i++) sum += nll[i] ?? 0
          count += packed.targets
        }
        return sum / Math.max(1, count)
      },
      save: (folder, dtype) => {
        mkdirSync(folder, { recursive: true })
        writeSafetensors(
          join(folder, 'model.safetensors'),
          this.#parameters.map(p => ({ name: p.name, shape: p.shape, data: kept(p) })),
          dtype
        )
      }
    }
  }
}

/** Loss and the gradient of every parameter, named 'd ' + parameter. */
function gradientGraph(config: ModelConfig) {
  const decoder = buildDecoder(config)
  const g = decoder.graph
  const nll = losses(config, decoder)
  const weights = g.input('weights', 'float32', [chosen])
  const names = [...decoder.parameters.keys()]
  const grads = gradients(g, [{ value: nll, seed: weights }], [...decoder.parameters.values()])
  g.output('loss', g.sum(g.mul(nll, weights), [0]))
  grads.forEach((grad, i) => g.output(`d ${names[i] ?? ''}`, grad))
  return g
}

/** Normal(0, 0.02), and smaller by √(2·layers) where a projection adds to the residual stream (Radford et al. 2019). */
function initialParameters(job: FullTrainJob): Trained[] {
  const { config, start } = job
  const averaged = (job.ema ?? 0) > 0
  if ('folder' in start) {
    return [...loadModel(start.folder).parameters].map(([name, p]) =>
      trained(name, p.shape, p.data, { averaged, decays: p.shape.length > 1 })
    )
  }
  return parameterSpecs(config).map(({ name, shape }, index) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1))
    if (shape.length > 1) {
      const random = new Random(start.seed, index)
      const deviation = /o_proj|down_proj/.test(name) ? 0.02 / Math.sqrt(2 * config.layers) : 0.02
      for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal()
    } else if (!name.endsWith('bias')) data.fill(1)
    return trained(name, shape, data, { averaged, decays: shape.length > 1 })
  })
}

function identityOf(job: FullTrainJob): string {
  const { config, start, steps, lr, warmupSteps, schedule, floor, optimizer, clip, ema } = job
  return JSON.stringify({ kind: 'full', config, start, steps, lr, warmupSteps, schedule, floor, optimizer, clip, ema })
}

function addTo(sum: Float32Array, x: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (x[i] as number)
}
