// Trains the base model with this project's engine. The number of steps is fixed at the start, from --steps or from
// --minutes and the speed of a few trial steps, so that the learning rate comes down to its floor in time. Interrupt it
// and start it again with the same arguments: it goes on from its checkpoint, to the same bits.
//
//   node scripts/base-model/train.ts --data D/train.bin --held-out D/held-out.bin --out daemon/assets/seedling
// --checkpoint D/checkpoint --minutes 90
//
// --start FOLDER trains a folder's weights further; with --steps 0 it only writes them again as --dtype (BF16, F32).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  parameterCount,
  parseConfig,
  trainFull,
  writeConfig,
  type EvaluationModel,
  type FullTrainJob,
  type TrainRow
} from '../../node/engine/index.ts'
import { ROLES, SPECIAL_TOKENS, TEXT, PAD } from './documents.ts'
import { CONFIG, GENERATION } from './model.ts'
import { readWindows } from './pack.ts'
import { Random } from './random.ts'

const IGNORED = -100
/** Nothing in the text before a document tells how the next one starts, so that is not asked. */
const NOT_PREDICTED = [PAD, TEXT, ROLES.user].map(token => (SPECIAL_TOKENS as readonly string[]).indexOf(token))

export const toRow = (window: Uint16Array): TrainRow => {
  const padding = window.indexOf(0)
  const ids = Int32Array.from(padding < 0 ? window : window.subarray(0, padding))
  return { ids, labels: ids.map(id => (NOT_PREDICTED.includes(id) ? IGNORED : id)) }
}

/** Which windows a step takes: a new shuffle for each pass over the data, a pure function of the step. */
export function dataOrder(windows: number, batch: number, seed: number): (step: number) => number[] {
  const orders = new Map<number, Uint32Array>()
  const order = (pass: number): Uint32Array => {
    let known = orders.get(pass)
    if (known === undefined) {
      known = Uint32Array.from(new Random(seed + pass).shuffle(Array.from({ length: windows }, (_, i) => i)))
      orders.clear()
      orders.set(pass, known)
    }
    return known
  }
  return step =>
    Array.from({ length: batch }, (_, i) => {
      const at = step * batch + i
      return order(Math.floor(at / windows))[at % windows] ?? 0
    })
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: '.cache/base-model/train.bin' },
      'held-out': { type: 'string', default: '.cache/base-model/held-out.bin' },
      out: { type: 'string', default: 'daemon/assets/seedling' },
      checkpoint: { type: 'string', default: '.cache/base-model/checkpoint' },
      start: { type: 'string' },
      window: { type: 'string', default: '256' },
      batch: { type: 'string', default: '16' },
      'micro-batch': { type: 'string', default: '8' },
      minutes: { type: 'string', default: '90' },
      steps: { type: 'string' },
      lr: { type: 'string', default: '0.003' },
      floor: { type: 'string', default: '0.02' },
      warmup: { type: 'string', default: '100' },
      schedule: { type: 'string', default: 'cosine' },
      ema: { type: 'string', default: '0.99' },
      seed: { type: 'string', default: '1' },
      threads: { type: 'string', default: '2' },
      every: { type: 'string', default: '200' },
      dtype: { type: 'string', default: 'BF16' }
    }
  })
  const number = (name: Exclude<keyof typeof values, 'start' | 'steps'>): number => Number(values[name])
  const windows = readWindows(values.data, number('window'))
  const heldOut = readWindows(values['held-out'], 256).slice(0, 48).map(toRow)
  const pick = dataOrder(windows.length, number('batch'), number('seed'))
  const config = parseConfig(CONFIG)
  const job: Omit<FullTrainJob, 'steps'> = {
    config,
    start: values.start === undefined ? { seed: number('seed') } : { folder: values.start },
    batch: step => pick(step).map(i => toRow(windows[i] ?? new Uint16Array())),
    microBatch: number('micro-batch'),
    lr: number('lr'),
    warmupSteps: number('warmup'),
    schedule: values.schedule as FullTrainJob['schedule'],
    floor: number('floor'),
    optimizer: { beta2: 0.95, weightDecay: 0.1 },
    clip: 1,
    ema: values.steps === '0' ? 0 : number('ema'),
    threads: number('threads')
  }
  mkdirSync(values.checkpoint, { recursive: true })
  const plan = join(values.checkpoint, 'steps')
  if (!existsSync(plan)) writeFileSync(plan, values.steps ?? String(await stepsFor(job, number('minutes') * 60)))
  const steps = Number(readFileSync(plan, 'utf8'))
  console.log(
    `seedling: ${parameterCount(config)} parameters, ${windows.length} windows, ` +
      `${steps} steps of ${values.batch} × ${values.window} tokens`
  )

  const dtype = values.dtype === 'F32' ? 'F32' : 'BF16'
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stop.abort()
    })
  let told = 0
  const result = await trainFull({
    ...job,
    steps,
    signal: stop.signal,
    checkpoint: { file: join(values.checkpoint, 'state.safetensors'), every: 50 },
    onProgress: ({ step, loss, lr, gradientNorm, tokensPerSecond, secondsLeft }) => {
      if (Date.now() - told < 10_000 && step !== steps) return
      told = Date.now()
      console.log(
        `${new Date().toISOString().slice(11, 19)} step ${step}/${steps} loss ${loss.toFixed(3)} ` +
          `lr ${lr.toExponential(2)} norm ${gradientNorm.toFixed(2)} ${Math.round(tokensPerSecond)} tokens/s, ` +
          `${Math.round(secondsLeft / 60)} min left`
      )
    },
    evaluation: {
      every: number('every'),
      run: async (model, step) => {
        console.log(`step ${step}: held-out loss ${(await model.loss(heldOut)).toFixed(4)}`)
        save(model, values.out, dtype)
      }
    }
  })
  save(result.model, values.out, dtype)
  if (!result.finished) console.log(`interrupted at step ${result.step}; the same command goes on from there`)
  const { step, tokens, seconds, finished } = result
  writeFileSync(
    join(values.checkpoint, 'result.json'),
    `${JSON.stringify({ steps: step, tokens, seconds, finished })}\n`
  )
}

/** Steps that fit into `seconds`, by the speed of the last of a few trial steps. */
async function stepsFor(job: Omit<FullTrainJob, 'steps'>, seconds: number): Promise<number> {
  const trial = await trainFull({ ...job, steps: 8 })
  return Math.max(job.warmupSteps + 1, Math.floor(seconds / (trial.seconds / trial.step)))
}

/** Everything a Hugging Face folder needs but the tokenizer, which has its own script. */
function save(model: EvaluationModel, folder: string, dtype: 'F32' | 'BF16'): void {
  mkdirSync(folder, { recursive: true })
  writeConfig(folder, CONFIG)
  writeFileSync(join(folder, 'generation_config.json'), `${JSON.stringify(GENERATION, null, 2)}\n`)
  model.save(folder, dtype)
}
