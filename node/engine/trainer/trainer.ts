import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { silentLog } from '../../runtime/log.ts'
import { programBeside } from '../../runtime/program.ts'
import { openSandbox } from '../../runtime/sandbox/index.ts'
import type { Sandbox } from '../../runtime/sandbox/index.ts'
import type { Log } from '../../runtime/types.ts'
import { readConfig } from '../architecture/config.ts'
import { ModelError } from '../graph/errors.ts'
import { tokensOf, withFaults } from '../host/tokens.ts'
import { labelled } from '../train/labels.ts'
import { planOf } from '../train/plan.ts'
import type { LoraSettings, SetAside, SiblingsJob, TextReader, TrainProgress, TuneJob, TuneResult } from '../types.ts'
import type { tasks } from './check.ts'
import { replaceFile, writeJob } from './folder.ts'
import type { OwnRow } from './folder.ts'
import { stepIn } from './lines.ts'
import type { Step } from './lines.ts'
import { runTrainer } from './run.ts'
import type { JobFile, Trainer, TrainerOptions } from './types.ts'

/** Reading an adapter of some gigabytes. */
const checkMs = 600_000
const beginMs = 30_000

interface Own {
  readonly options: TrainerOptions
  readonly text: TextReader
  readonly log: Log
  readonly sandbox: Sandbox<typeof tasks>
}

export interface TrainerDeps {
  readonly text: TextReader
  readonly log?: Log
}

/**
 * A command of the owner's as what trains adapters.
 * @throws as its methods are called: as runTrainer · InvalidError `trainer-answer`
 */
export function createTrainer(options: TrainerOptions, { text, log = silentLog }: TrainerDeps): Trainer {
  const sandbox = openSandbox<typeof tasks>({
    program: programBeside(import.meta.url, 'check'),
    beginMs,
    heapMb: 4096,
    processes: 1,
    queue: 16,
    idleMs: 60_000
  })
  const own: Own = { options, text, log, sandbox }
  const trainer: Trainer = {
    async tune({ output, ...job }) {
      const coalitions = [job.rows.map((_, i) => i)]
      const [result] = await trainer.tuneSiblings({ ...job, output: [output], coalitions })
      if (result === undefined) throw new ModelError('tune-empty', 'nothing was trained')
      return result
    },
    tuneSiblings: job => trainAll(own, job),
    close: () => sandbox.close()
  }
  return trainer
}

/** One adapter after another: a trainer has the whole machine, or the whole rack. */
async function trainAll(own: Own, job: SiblingsJob): Promise<TuneResult[]> {
  const { model, settings, coalitions, output } = job
  const config = readConfig(model)
  const { rows } = await tokensOf(own.text, job)
  const cutoff = Math.min(settings.cutoff, config.context)
  const cut = rows.map(({ ids, labels }) => ({ ids: ids.slice(0, cutoff), labels: labels.slice(0, cutoff) }))
  const setAside = cut.flatMap((row, i): SetAside[] => (labelled(row) > 0 ? [] : [{ row: i, code: 'too-long' }]))
  if (rows.length > 0 && setAside.length === rows.length)
    throw new ModelError('row-empty', `none of ${rows.length} rows has something to train on`, {
      help: 'Shorten their prompts, give them answers, or raise the cut-off.'
    })
  const folder = job.checkpoint === undefined ? `${output[0]}-job` : `${job.checkpoint}-trainer`
  const results: TuneResult[] = []
  const all = coalitions.map(coalition =>
    coalition.flatMap((i): OwnRow[] => {
      const [row, tokens] = [job.rows[i], cut[i]]
      if (row === undefined || tokens === undefined)
        throw new ModelError('tune-settings', 'a coalition names a row that is not there')
      return labelled(tokens) > 0 ? [{ row, tokens }] : []
    })
  )
  const steps = all.map(({ length }) => planOf(length, settings).length)
  for (const [number, ownRows] of all.entries()) {
    const result = await trainOne(own, job, {
      folder: join(folder, String(number)),
      config,
      rows: ownRows,
      coalition: { number, of: coalitions.length },
      steps: { before: sum(steps.slice(0, number)), all: sum(steps) },
      output: output[number] ?? ''
    })
    results.push(withFaults({ ...result, ...(setAside.length === 0 ? {} : { setAside }) }, rows))
  }
  return results
}

const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)

interface One {
  readonly folder: string
  readonly config: ReturnType<typeof readConfig>
  readonly rows: readonly OwnRow[]
  readonly coalition: JobFile['coalition']
  /** Of the whole lot: those of the adapters before this one, and all. */
  readonly steps: { readonly before: number; readonly all: number }
  readonly output: string
}

async function trainOne(
  { options, log, sandbox }: Own,
  { model, settings, signal, onProgress }: Omit<TuneJob, 'output'>,
  { folder, config, rows, coalition, steps, output }: One
): Promise<TuneResult> {
  await mkdir(dirname(folder), { recursive: true })
  const written = await writeJob(folder, { base: model, config, rows, settings, coalition })
  const { job, plan } = written
  const done = join(folder, 'done.json')
  const tokens = plan.map(step => step.reduce((sum, i) => sum + (rows[i]?.tokens.ids.length ?? 0), 0))
  const result = await readDone(done)
  if (result !== undefined) return result // before a break
  const began = performance.now()
  const losses = await readLosses(join(folder, 'losses.json'))
  let seen = 0
  const hear = ({ step, loss, lr }: Step): void => {
    // [ignore] Steps that the job does not have; after a break it may say some again.
    if (step > plan.length) return
    losses[step - 1] = loss
    seen++
    const seconds = (performance.now() - began) / 1000
    const progress: TrainProgress = {
      step: steps.before + step,
      steps: steps.all,
      loss,
      lr: lr ?? 0,
      tokensPerSecond: sum(tokens.slice(Math.max(0, step - seen), step)) / Math.max(1e-3, seconds),
      secondsLeft: (seconds / seen) * (steps.all - steps.before - step)
    }
    onProgress?.(progress)
  }
  try {
    await runTrainer(
      options,
      resolve(folder),
      line => {
        const step = stepIn(line)
        if (step !== undefined) hear(step)
      },
      { log },
      signal
    )
  } finally {
    // What was said is not said again by a trainer that goes on where it was.
    await replaceFile(join(folder, 'losses.json'), JSON.stringify(losses))
  }
  // [reject] Each step's loss is known: the delivery's log has one for each.
  const missing = plan.findIndex((_, i) => typeof losses[i] !== 'number' || !Number.isFinite(losses[i]))
  if (missing >= 0)
    throw new InvalidError('trainer-answer', `the trainer did not say the loss of step ${missing + 1}`, {
      help: 'It should print a line such as {"step": 1, "loss": 2.5, "lr": 0.001} for every step; see docs/ENGINES.md.'
    })
  if (settings.lora === undefined) throw new ModelError('tune-settings', 'a trainer makes adapters alone')
  await take(sandbox, { model, job, output, lora: settings.lora })
  const own: TuneResult = {
    losses: losses.map(Number),
    seconds: (performance.now() - began) / 1000,
    tokens: sum(tokens)
  }
  await replaceFile(done, JSON.stringify(own))
  return own
}

/**
 * Takes what a trainer left: its numbers under the settings of the job, in the two files that a delivery has. What it
 * wrote about itself, such as where its base lies, stays here.
 * @throws InvalidError `trainer-answer`
 */
async function take(
  sandbox: Own['sandbox'],
  { model, job, output, lora }: { model: string; job: JobFile; output: string; lora: LoraSettings }
): Promise<void> {
  const check = async (folder: string): Promise<void> => {
    await sandbox.run(resolve(model), 'check', { folder, lora }, checkMs)
  }
  await check(job.output)
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  await cp(join(job.start, 'adapter_config.json'), join(output, 'adapter_config.json'))
  await cp(join(job.output, 'adapter_model.safetensors'), join(output, 'adapter_model.safetensors'))
  await check(output)
}

async function readLosses(file: string): Promise<(number | null)[]> {
  const known = (await readIfWhole(file)) as unknown
  return Array.isArray(known) ? known.map(x => (typeof x === 'number' ? x : null)) : []
}

const readDone = async (file: string): Promise<TuneResult | undefined> =>
  (await readIfWhole(file)) as TuneResult | undefined

async function readIfWhole(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}
