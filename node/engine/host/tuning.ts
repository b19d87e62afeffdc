import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { newAdapter, writeAdapter } from '../adapters/index.ts'
import { weightArrays, type LoadedModel, type Quantization } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { labelled } from '../train/index.ts'
import type { SetAside, TrainRow, TrainSettings, TuneJob, TuneResult } from '../types.ts'
import type { Library, OpenModel } from './library.ts'
import type { SiblingsTokens, TuneTokens } from './messages.ts'
import { checkTrainSettings, toResult, train } from './training.ts'

/** What a running job hears and says. */
type Running = Pick<TuneJob, 'signal' | 'onProgress'>

export async function tune(library: Library, job: TuneTokens & Running): Promise<TuneResult> {
  const { output, ...rest } = job
  const [result] = await tuneSiblings(library, { ...rest, output: [output], coalitions: [job.rows.map((_, i) => i)] })
  if (result === undefined) throw new ModelError('tune-empty', 'nothing was trained')
  return result
}

/** Trains one adapter per coalition, side by side, all from the same start; writes the folders when all are done. */
export async function tuneSiblings(library: Library, job: SiblingsTokens & Running): Promise<TuneResult[]> {
  const { settings, coalitions, output } = job
  checkTrainSettings(settings)
  checkCoalitions(job)
  const opened = library.open(job.model, baseForm(settings))
  const { model } = opened
  const rows = cutRows(opened, job.rows, settings)
  const held = job.held && cutRows(opened, job.held, settings).filter(hasLabels)
  const setAside = rows.flatMap((row, i): SetAside[] => (hasLabels(row) ? [] : [{ row: i, code: 'too-long' }]))
  if (rows.length > 0 && setAside.length === rows.length)
    throw new ModelError('row-empty', `none of ${rows.length} rows has something to train on`, {
      help: 'Shorten their prompts, give them answers, or raise the cut-off.'
    })
  if (held?.length === 0)
    throw new ModelError('row-empty', 'none of the rows to evaluate on has something to predict', {
      help: 'Keep more rows back, or give others.'
    })
  // Rows that are only watched change no bit of the run: a checkpoint is the same with and without them.
  const watched = held !== undefined && (settings.evaluation?.patience ?? 0) === 0
  const start =
    job.adapter === undefined
      ? newAdapter(model.config, settings.lora, settings.seed)
      : library.adapter(job.adapter, model)
  const results = await train({
    model,
    runtime: library.options,
    settings,
    start,
    held,
    rows: coalitions.map(indices => indices.map(i => rows[i] as TrainRow).filter(hasLabels)),
    identity:
      job.checkpoint === undefined
        ? 'never resumed'
        : identityOf(
            model,
            [
              watched ? { ...settings, evaluation: undefined } : settings,
              coalitions,
              ...(job.adapter === undefined ? [] : [start.modules.map(({ a, b }) => [[...a], [...b]])])
            ],
            rows,
            watched ? [] : held
          ),
    checkpoint: job.checkpoint,
    signal: job.signal,
    onProgress: progress => job.onProgress?.(progress)
  })
  results.forEach(({ adapter }, k) => writeAdapter(output[k] ?? '', adapter, job.model, settings.lora.dropout))
  if (job.checkpoint !== undefined) rmSync(job.checkpoint, { force: true })
  return results.map(result => ({ ...toResult(result), ...(setAside.length === 0 ? {} : { setAside }) }))
}

/** How the base is held in memory while an adapter is trained over it. */
export function baseForm({ method, doubleQuantization }: TrainSettings): Quantization {
  return method === 'lora' ? 'none' : doubleQuantization === true ? 'nf4-double' : 'nf4'
}

function checkCoalitions({ coalitions, output, rows }: SiblingsTokens): void {
  const refuse = (what: string) => new ModelError('tune-settings', what)
  if (coalitions.length === 0 || coalitions.length !== output.length)
    throw refuse('there must be one output folder per adapter')
  if (coalitions.some(c => c.some(i => rows[i] === undefined)))
    throw refuse('a coalition names a row that is not there')
}

/** Rows as far as the model sees them. */
function cutRows({ model }: OpenModel, rows: readonly TrainRow[], settings: TrainSettings): TrainRow[] {
  const cutoff = Math.min(settings.cutoff, model.config.context)
  return rows.map(({ ids, labels }) => ({ ids: ids.slice(0, cutoff), labels: labels.slice(0, cutoff) }))
}

/**
 * A row without anything to learn is set aside, and the others are trained on: what one contributor brought ends nobody
 * else's training. It is the same for every worker, since base, rows and settings are.
 */
const hasLabels = (row: TrainRow): boolean => labelled(row) > 0

/** What makes a checkpoint the checkpoint of this job: its settings and rows, and the bits of the weights. */
export function identityOf(
  model: LoadedModel,
  job: unknown,
  rows: readonly TrainRow[],
  held: readonly TrainRow[] = []
): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([model.config, job, rows.length, held.length]))
  for (const { ids, labels } of [...rows, ...held]) hash.update(Int32Array.from([ids.length, ...ids, ...labels]))
  for (const { buffer, byteOffset, byteLength } of weightArrays(model))
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  return hash.digest('hex')
}
