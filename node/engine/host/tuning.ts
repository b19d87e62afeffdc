import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { isFull, refuseDora, writeTuned, type Tuned } from '../adapters/index.ts'
import { weightArrays, type LoadedModel, type Quantization } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { labelled } from '../train/index.ts'
import type { SetAside, TrainRow, TrainSettings, TuneJob, TuneResult } from '../types.ts'
import type { Library, OpenModel } from './library.ts'
import type { SiblingsTokens, TuneTokens } from './messages.ts'
import { filesOf, groupsOf, noteDone, progressOf, readDone, removeFiles } from './groups.ts'
import { checkTrainSettings, freshStart, toResult, train } from './training.ts'

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
      ? freshStart(model.config, settings)
      : mustMatch(library.adapter(job.adapter, model), settings)
  const groups = groupsOf(coalitions.length, start, model.config, settings, library.options.togetherBytes)
  const identity =
    job.checkpoint === undefined
      ? 'never resumed'
      : identityOf(
          model,
          [
            watched ? { ...settings, evaluation: undefined } : settings,
            coalitions,
            ...(job.adapter === undefined ? [] : [startPrint(start)])
          ],
          rows,
          watched ? [] : held
        )
  const results: TuneResult[] = []
  for (const [g, group] of groups.entries()) {
    const files = job.checkpoint === undefined ? undefined : filesOf(job.checkpoint, groups.length, g)
    const stopsEarly = (settings.evaluation?.patience ?? 0) > 0
    const known = files === undefined ? undefined : readDone(files.done, identity, stopsEarly)
    if (known !== undefined) {
      results.push(...known)
      continue
    }
    const trained = await train({
      model,
      runtime: library.options,
      settings,
      start,
      held,
      rows: group.map(k => (coalitions[k] ?? []).map(i => rows[i] as TrainRow).filter(hasLabels)),
      identity,
      checkpoint: files?.running,
      states: job.states && { folder: job.states.folder, numbers: group },
      signal: job.signal,
      onProgress: progress => job.onProgress?.(progressOf(groups, g, progress))
    })
    trained.forEach(({ adapter }, i) => {
      writeTuned(output[group[i] ?? -1] ?? '', adapter, job.model, settings.lora?.dropout)
    })
    const own = trained.map(toResult)
    if (files !== undefined && groups.length > 1) {
      noteDone(files.done, identity, own)
      rmSync(files.running, { force: true })
    }
    results.push(...own)
  }
  if (job.checkpoint !== undefined) removeFiles(job.checkpoint, groups.length)
  return results.map(result => ({ ...result, ...(setAside.length === 0 ? {} : { setAside }) }))
}

/**
 * @throws ModelError `tune-settings` where an adapter was to be trained on as new weights, or the other way round ·
 * `adapter-unsupported` for DoRA
 */
export function mustMatch(start: Tuned, { method }: TrainSettings): Tuned {
  refuseDora(start, 'nothing is tuned on from it')
  if (isFull(start) === (method === 'full')) return start
  throw new ModelError(
    'tune-settings',
    isFull(start)
      ? `what it starts from was fully trained: the method ${method} goes on from an adapter`
      : 'what it starts from is an adapter: full training goes on from what was fully trained'
  )
}

/** What distinguishes one start from another. */
export const startPrint = (start: Tuned): unknown =>
  isFull(start)
    ? start.modules.map(({ delta }) => createHash('sha256').update(delta).digest('hex'))
    : start.modules.map(({ a, b }) => [[...a], [...b]])

/** How the base is held in memory while an adapter is trained over it. */
export function baseForm({ method, doubleQuantization }: TrainSettings): Quantization {
  return method !== 'qlora' ? 'none' : doubleQuantization === true ? 'nf4-double' : 'nf4'
}

function checkCoalitions({ coalitions, output, rows }: SiblingsTokens): void {
  const refuse = (what: string) => new ModelError('tune-settings', what)
  if (coalitions.length === 0 || coalitions.length !== output.length)
    throw refuse('there must be one output folder per adapter')
  if (coalitions.some(c => c.some(i => rows[i] === undefined)))
    throw refuse('a coalition names a row that is not there')
}

/** Rows as far as the model sees them. */
export function cutRows({ model }: OpenModel, rows: readonly TrainRow[], settings: TrainSettings): TrainRow[] {
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
