import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { newAdapter } from '../adapters/adapter.ts'
import { writeAdapter } from '../adapters/peft.ts'
import type { ModelConfig } from '../architecture/config.ts'
import { ModelError } from '../graph/errors.ts'
import { planOf } from '../train/plan.ts'
import { learningRate } from '../train/schedule.ts'
import type { Row, TrainRow, TrainSettings } from '../types.ts'
import type { JobFile } from './types.ts'

/** Rows of one adapter, as text and as what its base reads. */
export interface OwnRow {
  readonly row: Row
  readonly tokens: TrainRow
}

export interface JobRequest {
  readonly base: string
  readonly config: ModelConfig
  readonly rows: readonly OwnRow[]
  readonly settings: TrainSettings
  readonly coalition: JobFile['coalition']
}

export interface WrittenJob {
  readonly job: JobFile
  readonly plan: readonly (readonly number[])[]
}

/** All of a file or what was there: one that a power cut damages is made again. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

const exactly = (x: number): number => Number(x.toPrecision(17))

/**
 * Writes a job's folder for a trainer. One that holds the same job stays, with what its trainer has left there; another
 * is written anew.
 * @throws ModelError `tune-settings`
 */
export async function writeJob(folder: string, request: JobRequest): Promise<WrittenJob> {
  const { config, rows, settings, base, coalition } = request
  const { lora, method, seed, ema, clip, weightDecay, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = settings
  if (lora === undefined || method === 'full') throw new ModelError('tune-settings', 'a trainer makes adapters alone')
  const plan = planOf(rows.length, settings)
  const warmup = Math.ceil(settings.warmupRatio * plan.length)
  const lr = plan.map((_, step) =>
    exactly(learningRate({ kind: settings.schedule, lr: settings.lr, steps: plan.length, warmup }, step))
  )
  const at = (name: string): string => join(resolve(folder), name)
  const job: JobFile = {
    format: 1,
    base: resolve(base),
    method,
    start: at('start'),
    rows: at('rows.jsonl'),
    plan: at('plan.json'),
    output: at('output'),
    checkpoint: at('checkpoint'),
    settings: {
      ...lora,
      targets: [...lora.targets],
      rslora: lora.rslora ?? false,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      clip,
      ema,
      seed,
      cutoff: settings.cutoff,
      epochs: settings.epochs,
      batch: settings.batch,
      accumulation: settings.accumulation,
      schedule: settings.schedule,
      warmupRatio: settings.warmupRatio,
      lr: settings.lr,
      steps: plan.length
    },
    coalition
  }
  const lines = rows.map(({ row, tokens }) =>
    JSON.stringify({ ids: [...tokens.ids], labels: [...tokens.labels], messages: row.messages })
  )
  const text = `${lines.join('\n')}\n`
  const mark = createHash('sha256').update(JSON.stringify(job)).update(text).digest('hex')
  if ((await readFile(at('mark'), 'utf8').catch(() => '')) === mark) return { job, plan } // none yet, or torn
  await rm(folder, { recursive: true, force: true })
  await mkdir(job.checkpoint, { recursive: true })
  writeAdapter(job.start, newAdapter(config, lora, seed), base, lora.dropout)
  await writeFile(job.rows, text)
  await writeFile(job.plan, JSON.stringify({ rows: plan, lr }))
  await writeFile(at('job.json'), `${JSON.stringify(job, null, 2)}\n`)
  // Last: a folder with it is whole.
  await replaceFile(at('mark'), mark)
  return { job, plan }
}
