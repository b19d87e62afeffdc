import { rmSync } from 'node:fs'
import { readTuned, writeTuned } from '../adapters/index.ts'
import { loadModel } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { Library } from '../host/library.ts'
import { checkTrainSettings, freshStart, toResult, train } from '../host/training.ts'
import { tokensOf, withFaults } from '../host/tokens.ts'
import { baseForm, identityOf, mustMatch, startPrint, tune } from '../host/tuning.ts'
import { openTextReader } from '../text/reader.ts'
import type { Row, TrainProgress, TrainRow, TrainSettings, TuneResult } from '../types.ts'

/** Defaults of LLaMA-Factory's board. */
export const tuneDefaults = {
  lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], dropout: 0 },
  method: 'lora',
  epochs: 3,
  batch: 2,
  accumulation: 8,
  lr: 5e-5,
  schedule: 'cosine',
  warmupRatio: 0,
  weightDecay: 0,
  clip: 1,
  seed: 42,
  cutoff: 2048,
  ema: 0,
  responseOnly: true
} satisfies TrainSettings

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
  readonly adapter?: string | undefined
  readonly checkpoint?: string | undefined
}

/** Tunes on conversations, rendered by the model's chat template. */
export async function tuneRows(request: TuneRowsRequest): Promise<TuneResult> {
  const { runtime, adapter, checkpoint, signal, ...job } = request
  checkTrainSettings(job.settings)
  const library = new Library(runtime)
  const reader = openTextReader()
  try {
    const tokens = await tokensOf(reader, request)
    const result = await tune(library, {
      ...job,
      ...tokens,
      ...(adapter === undefined ? {} : { adapter }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(signal === undefined ? {} : { signal })
    })
    return withFaults(result, tokens.rows)
  } finally {
    reader.close()
    await library.release()
  }
}

export interface TuneExamplesRequest extends Common {
  readonly rows: readonly TrainRow[]
  /** Rows to evaluate on, where the settings give no share of `rows`. */
  readonly held?: readonly TrainRow[] | undefined
  /** Adapter to start from; without one a fresh one is drawn. */
  readonly adapter?: string | undefined
  readonly checkpoint?: string | undefined
}

/** Tunes on token ids as they are; rows are cut like those of text. */
export async function tuneExamples(request: TuneExamplesRequest): Promise<TuneResult> {
  const { settings, runtime, output, checkpoint, signal } = request
  checkTrainSettings(settings, request.held)
  const model = loadModel(request.model, baseForm(settings))
  const start =
    request.adapter === undefined
      ? freshStart(model.config, settings)
      : mustMatch(readTuned(request.adapter, model.config), settings)
  const cutoff = Math.min(settings.cutoff, model.config.context)
  const cut = (rows: readonly TrainRow[]): TrainRow[] =>
    rows.map(({ ids, labels }) => ({ ids: ids.slice(0, cutoff), labels: labels.slice(0, cutoff) }))
  const [rows, held] = [cut(request.rows), request.held && cut(request.held)]
  const identity = checkpoint === undefined ? 'examples' : identityOf(model, [settings, startPrint(start)], rows, held)
  const [result] = await train({
    model,
    runtime,
    settings,
    start,
    rows: [rows],
    held,
    identity,
    checkpoint,
    signal,
    onProgress: progress => request.onProgress?.(progress)
  })
  if (result === undefined) throw new ModelError('tune-empty', 'nothing was trained')
  writeTuned(output, result.adapter, request.model, settings.lora?.dropout)
  if (checkpoint !== undefined) rmSync(checkpoint, { force: true })
  return toResult(result)
}
