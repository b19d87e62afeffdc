import { adapterScale, newAdapter, readAdapter, writeAdapter } from '../adapters/index.ts'
import { loadModel } from '../architecture/index.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { Library } from '../host/library.ts'
import { tune } from '../host/tuning.ts'
import { LoraGraph, planInOrder, planSteps, trainAdapters, type AdamSettings } from '../train/index.ts'
import type { Row, TrainProgress, TrainRow, TrainSettings, TuneResult } from '../types.ts'

/** Defaults of LLaMA-Factory's board. */
export const tuneDefaults: TrainSettings = {
  lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], dropout: 0 }, method: 'lora', epochs: 3, batch: 2, accumulation: 8, lr: 5e-5,
  schedule: 'cosine', warmupRatio: 0, weightDecay: 0, clip: 1, seed: 42, cutoff: 2048, ema: 0, responseOnly: true,
}

interface Common {
  readonly model: string
  readonly output: string
  readonly settings: TrainSettings
  readonly runtime: RuntimeOptions
  readonly signal?: AbortSignal | undefined
  onProgress?(progress: TrainProgress): void
}

export interface TuneRowsRequest extends Common {
  readonly rows: readonly Row[]
  readonly checkpoint?: string | undefined
}

/** Tunes on conversations, rendered by the model's chat template. */
export async function tuneRows(request: TuneRowsRequest): Promise<TuneResult> {
  const library = new Library(request.runtime)
  const { runtime: _runtime, checkpoint, signal, ...job } = request
  try {
    return await tune(library, { ...job, ...(checkpoint === undefined ? {} : { checkpoint }), ...(signal === undefined ? {} : { signal }) })
  } finally {
    await library.release()
  }
}

export interface TuneExamplesRequest extends Common {
  readonly rows: readonly TrainRow[]
  /** Adapter to start from; without one a fresh one is drawn. */
  readonly adapter?: string | undefined
  readonly steps?: number | undefined
  readonly shuffle: boolean
  readonly optimizer: Partial<AdamSettings>
}

/** Tunes on token ids, with every number of the optimizer in hand. Without shuffling, step s takes rows (s·batch + j) mod n. */
export async function tuneExamples(request: TuneExamplesRequest): Promise<TuneResult> {
  const { settings, rows } = request
  const model = loadModel(request.model, settings.method === 'qlora' ? 'nf4' : 'none')
  const start = request.adapter === undefined ? newAdapter(model.config, settings.lora, settings.seed) : readAdapter(request.adapter, model.config)
  const perStep = settings.batch * settings.accumulation
  const steps = request.steps ?? settings.epochs * Math.ceil(rows.length / perStep)
  const epochs = Math.ceil((steps * perStep) / rows.length)
  const plan = request.shuffle ? planSteps(rows.length, { epochs, rowsPerStep: perStep, seed: settings.seed }).slice(0, steps) : planInOrder(rows.length, steps, perStep)
  const graph = await LoraGraph.create(model, start.modules, start.rank, adapterScale(start), request.runtime, { checkpointing: settings.checkpointing })
  try {
    const [result] = await trainAdapters({
      graph, members: [{ start, rows, plan }], lr: settings.lr, schedule: settings.schedule, warmupRatio: settings.warmupRatio,
      optimizer: { weightDecay: settings.weightDecay, ...request.optimizer }, clip: settings.clip, ema: settings.ema, tokensPerPass: 1024, identity: 'examples',
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      onProgress: (progress) => request.onProgress?.(progress),
    })
    if (result === undefined) return { losses: [], seconds: 0, tokens: 0 }
    writeAdapter(request.output, result.adapter, request.model, settings.lora.dropout)
    return { losses: result.losses, seconds: result.seconds, tokens: result.tokens }
  } finally {
    await graph.release()
  }
}
