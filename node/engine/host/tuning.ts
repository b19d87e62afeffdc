import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { adapterScale, newAdapter, writeAdapter } from '../adapters/index.ts'
import { ModelError } from '../graph/errors.ts'
import { labelled, LoraGraph, type Dropout, planSteps, trainAdapters, type Member, type MemberResult } from '../train/index.ts'
import type { SiblingsJob, TrainRow, TrainSettings, TuneJob, TuneResult } from '../types.ts'
import type { Library, OpenModel } from './library.ts'

/** Padded tokens of one pass: enough for fast products, little enough to stay near the caches. */
const tokensPerPass = 1024
const checkpointSeconds = 15

export async function tune(library: Library, job: TuneJob): Promise<TuneResult> {
  const { output, ...rest } = job
  const [result] = await tuneSiblings(library, { ...rest, output: [output], coalitions: [job.rows.map((_, i) => i)] })
  if (result === undefined) throw new ModelError('tune-empty', 'nothing was trained')
  return result
}

/** Trains one adapter per coalition, side by side, all from the same start; writes the folders when all are done. */
export async function tuneSiblings(library: Library, job: SiblingsJob): Promise<TuneResult[]> {
  const { settings, coalitions, output } = job
  checkJob(job)
  const opened = library.open(job.model, settings.method === 'qlora' ? 'nf4' : 'none')
  const rows = prepareRows(opened, job)
  const start = newAdapter(opened.model.config, settings.lora, settings.seed)
  const members: Member[] = coalitions.map((indices) => {
    const own = indices.map((i) => rows[i] as TrainRow)
    const plan = planSteps(own.length, { epochs: settings.epochs, rowsPerStep: settings.batch * settings.accumulation, seed: settings.seed })
    return { start, rows: own, plan }
  })
  const graph = await LoraGraph.create(opened.model, start.modules, start.rank, adapterScale(start), library.options, { dropout: dropoutOf(settings), checkpointing: settings.checkpointing })
  try {
    const results = await trainAdapters({
      graph, members, lr: settings.lr, schedule: settings.schedule, warmupRatio: settings.warmupRatio,
      optimizer: { weightDecay: settings.weightDecay }, clip: settings.clip, ema: settings.ema, tokensPerPass,
      identity: identityOf(opened, settings, rows, coalitions),
      ...(job.checkpoint === undefined ? {} : { checkpoint: { file: job.checkpoint, everySeconds: checkpointSeconds } }),
      ...(job.signal === undefined ? {} : { signal: job.signal }),
      onProgress: (progress) => job.onProgress?.(progress),
    })
    results.forEach(({ adapter }, k) => writeAdapter(output[k] ?? '', adapter, job.model, settings.lora.dropout))
    if (job.checkpoint !== undefined) rmSync(job.checkpoint, { force: true })
    return results.map(toResult)
  } finally {
    await graph.release()
  }
}

/** Undefined where nothing is dropped: the graph without masks is faster. */
function dropoutOf({ lora, seed }: TrainSettings): Dropout | undefined {
  return lora.dropout === 0 ? undefined : { probability: lora.dropout, seed }
}

function checkJob({ settings, coalitions, output, rows }: SiblingsJob): void {
  const refuse = (what: string) => new ModelError('tune-settings', what)
  if (!(settings.lora.dropout >= 0 && settings.lora.dropout < 1)) throw refuse('dropout lies between 0 and 1')
  if (coalitions.length === 0 || coalitions.length !== output.length) throw refuse('there must be one output folder per adapter')
  if (coalitions.some((c) => c.some((i) => rows[i] === undefined))) throw refuse('a coalition names a row that is not there')
  for (const key of ['epochs', 'batch', 'accumulation', 'cutoff'] as const) {
    if (!Number.isInteger(settings[key]) || settings[key] < 1) throw refuse(`${key} must be a positive whole number, not ${settings[key]}`)
  }
  if (!(settings.lr > 0) || !(settings.ema >= 0 && settings.ema < 1)) throw refuse('lr must be positive, and ema between 0 and 1')
}

function prepareRows(opened: OpenModel, { rows, settings }: SiblingsJob): TrainRow[] {
  const cutoff = Math.min(settings.cutoff, opened.model.config.context)
  return rows.map((row, i) => {
    const prepared = opened.chat.trainRow(row, { responseOnly: settings.responseOnly, cutoff })
    if (labelled(prepared) === 0) throw new ModelError('row-empty', `row ${i + 1} has nothing to train on within ${cutoff} tokens`, { help: 'Shorten its prompt, give it an answer, or raise the cut-off.' })
    return prepared
  })
}

/** What makes a checkpoint the checkpoint of this job. */
function identityOf(opened: OpenModel, settings: TrainSettings, rows: readonly TrainRow[], coalitions: unknown): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([opened.model.config, settings, coalitions, rows]))
  for (const { codes } of opened.model.quantized?.values() ?? []) hash.update(codes)
  for (const { data } of opened.model.parameters.values()) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return hash.digest('hex')
}

function toResult({ losses, seconds, tokens }: MemberResult): TuneResult {
  return { losses, seconds, tokens }
}
