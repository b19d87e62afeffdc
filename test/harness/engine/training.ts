import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  newAdapter,
  isFull,
  newFull,
  readTuned,
  writeAdapter,
  writeTuned
} from '../../../node/engine/adapters/index.ts'
import { Random, readConfig } from '../../../node/engine/index.ts'
import type { SetAside, SiblingsJob, TuneJob, TuneResult } from '../../../node/engine/types.ts'
import type { JobsDeps } from '../../../node/jobs/index.ts'
import { pause } from '../wait.ts'

// An engine-shaped object for faults of the protocol: it writes real PEFT folders, and how well they do is what it
// wrote into them. It counts steps, so that a test can see what was trained twice.

export interface FakeEngineOptions {
  /** Milliseconds a step takes. */
  stepMs?: number
  /** What its adapters are worth: nothing at 0 (an adapter that changes nothing), less than nothing below. */
  worth?: number
  /** Its adapters are random numbers up to this. */
  noise?: number
  /** Rank it trains with, whatever was asked. */
  rank?: number
  /** Throws at this step. */
  failAt?: number
  /** Rows that it cannot learn. */
  setAside?: readonly SetAside[]
  /** A training began, at this step. */
  onStart?: (step: number, kind: 'adapter' | 'siblings') => void
}

export type FakeEngine = JobsDeps['engine'] & { steps: number; firstSteps: number[] }

export function fakeEngine({
  stepMs = 5,
  worth = 1,
  noise,
  rank,
  failAt,
  setAside,
  onStart
}: FakeEngineOptions = {}): FakeEngine {
  const engine: FakeEngine = {
    steps: 0,
    firstSteps: [],
    open: async folder => ({
      folder,
      architecture: 'LlamaForCausalLM',
      parameters: 120_000,
      layers: 2,
      hidden: 64,
      vocabulary: 512,
      context: 128
    }),
    tune: async job => {
      const result = await steps(job, 'adapter')
      write(job.model, job.output, job)
      return result
    },
    tuneSiblings: async (job: SiblingsJob) => {
      const result = await steps(job, 'siblings')
      for (const output of job.output) write(job.model, output, job)
      return job.output.map(() => result)
    },
    runPart: async () => ({ steps: 0, distance: Infinity }), // it has committed to no states
    heldOutLoss: async ({ model, adapter }) => {
      if (adapter === undefined) return 3
      const tuned = readTuned(adapter, readConfig(model))
      const learnt = isFull(tuned) ? tuned.modules.map(({ delta }) => delta) : tuned.modules.map(({ b }) => b)
      const sum = learnt.flatMap(one => [...one]).reduce((a, x) => a + x, 0)
      return 3 - Math.max(-2, Math.min(2, sum))
    }
  }

  async function steps(job: Omit<TuneJob, 'output'>, kind: 'adapter' | 'siblings'): Promise<TuneResult> {
    const total = Math.ceil(job.rows.length / job.settings.batch) * job.settings.epochs
    const checkpoint = job.checkpoint
    const watched = job.settings.evaluation?.everySteps
    let step = checkpoint !== undefined && existsSync(checkpoint) ? Number(await readFile(checkpoint, 'utf8')) : 0
    if (checkpoint !== undefined) {
      engine.firstSteps.push(step)
      onStart?.(step, kind)
    }
    while (step < total) {
      await pause(stepMs)
      job.signal?.throwIfAborted()
      step++
      if (step === failAt && checkpoint !== undefined) throw new Error('the engine broke')
      engine.steps++
      job.onProgress?.({
        step,
        steps: total,
        loss: 3 - step / total,
        lr: 0.01,
        tokensPerSecond: 100,
        secondsLeft: ((total - step) * stepMs) / 1000,
        ...(watched !== undefined && (step === total || step % watched === 0) ? { evalLoss: 4 - step / total } : {})
      })
      if (checkpoint !== undefined) {
        await writeFile(`${checkpoint}.part`, `${step}`)
        await rename(`${checkpoint}.part`, checkpoint)
      }
    }
    if (checkpoint !== undefined) await rm(checkpoint, { force: true })
    return {
      losses: Array.from({ length: total }, (_, i) => 3 - (i + 1) / total),
      seconds: (total * stepMs) / 1000,
      tokens: total * 10,
      ...(setAside === undefined ? {} : { setAside })
    }
  }

  function write(model: string, output: string, { settings }: Pick<TuneJob, 'settings'>): void {
    if (settings.lora === undefined) {
      const full = newFull(readConfig(model))
      for (const { delta } of full.modules) delta.fill(worth / 100)
      return writeTuned(output, full, model)
    }
    const lora = { ...settings.lora, rank: rank ?? settings.lora.rank }
    // Other rows make other bytes: a sibling's folder is named after its coalition.
    const coalition = Number(/-(\d+)$/.exec(output)?.[1] ?? 0)
    const adapter = newAdapter(readConfig(model), lora, settings.seed + coalition)
    const random = new Random(settings.seed, 99)
    for (const { b } of adapter.modules)
      for (let i = 0; i < b.length; i++) b[i] = noise === undefined ? worth / 100 : noise * random.normal()
    writeAdapter(join(output), adapter, model)
  }

  return engine
}
