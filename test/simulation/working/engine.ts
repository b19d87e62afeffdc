import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TuneJob, TuneResult } from '../../../node/engine/types.ts'
import type { JobsDeps } from '../../../node/jobs/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'

// In the engine's place behind its own interface: an adapter is a file that says what it is worth. How it comes about
// is not looked at here, but who is paid for it.

const stepMs = 200
const file = 'adapter.json'
const baseLoss = 3

/** How a worker trains: well, so that it learns nothing, or so that what it delivers is none. */
export type Skill = 'well' | 'unlearnt' | 'rubbish'

interface Adapter {
  readonly worth: number
  readonly of: string
}
const read = (folder: string): Adapter => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Adapter

/** @param sees whether a builder measures what is there; else it finds everything worse than nothing */
export function tinyEngine(clock: Clock, skill: Skill, sees = true): JobsDeps['engine'] {
  async function train(job: Omit<TuneJob, 'output'>): Promise<TuneResult> {
    const total = Math.ceil(job.rows.length / job.settings.batch) * job.settings.epochs
    const { checkpoint } = job
    let step = checkpoint !== undefined && existsSync(checkpoint) ? Number(readFileSync(checkpoint, 'utf8')) : 0
    while (step < total) {
      await clock.sleep(stepMs, job.signal)
      step++
      const loss = baseLoss - step / total
      job.onProgress?.({ step, steps: total, loss, lr: 0.01, tokensPerSecond: 100, secondsLeft: total - step })
      if (checkpoint !== undefined) writeFileSync(checkpoint, String(step))
    }
    if (checkpoint !== undefined) rmSync(checkpoint, { force: true })
    const losses = Array.from({ length: total }, (_, i) => baseLoss - (i + 1) / total)
    return { losses, seconds: (total * stepMs) / 1000, tokens: total * 10 }
  }
  function write(folder: string, of: string): void {
    mkdirSync(folder, { recursive: true })
    const text = skill === 'rubbish' ? 'rubbish' : JSON.stringify({ worth: skill === 'well' ? 1 : -1, of })
    writeFileSync(join(folder, file), text)
  }
  return {
    open: async folder => ({
      folder,
      architecture: 'LlamaForCausalLM',
      parameters: 1_000,
      layers: 1,
      hidden: 1,
      vocabulary: 1000,
      context: 2048
    }),
    async tune(job) {
      const result = await train(job)
      write(job.output, 'all')
      return result
    },
    async tuneSiblings(job) {
      const result = await train(job)
      for (const [i, output] of job.output.entries()) write(output, (job.coalitions[i] ?? []).join())
      return job.output.map(() => result)
    },
    runPart: async () => ({ steps: 0, distance: Infinity }),
    heldOutLoss: async ({ adapter }) => {
      if (adapter === undefined) return baseLoss
      return sees ? baseLoss - read(adapter).worth : baseLoss + 1
    }
  }
}

/** What a builder's own process finds of an adapter's files. */
export const lookInto: JobsDeps['delivered'] = () => ({
  async check(folder) {
    try {
      read(folder)
    } catch (cause) {
      throw new InvalidError('adapter.layout', 'the adapter cannot be read', { cause })
    }
  },
  close: () => undefined
})

/** Adapters by what they hold, over the files of the network. */
export function tinyShelf(
  folder: string,
  files: Pick<JobsDeps['files'], 'addBytes' | 'fetchBytes'>
): JobsDeps['shelf'] {
  const lease = (cid: string, at: string) => ({ cid, folder: at, bytes: 1, release: () => undefined })
  return {
    sizes: async () => ({ bytes: 1_000, files: 3, paths: ['config.json', 'model.safetensors', 'tokenizer.json'] }),
    async take(cid, { kind, from, signal }) {
      if (kind === 'base') return lease(cid, cid)
      const ask = { maxBytes: 10_000, providers: from, ...(signal === undefined ? {} : { signal }) }
      const bytes = await files.fetchBytes(cid, ask)
      const at = join(folder, cid)
      mkdirSync(at, { recursive: true })
      writeFileSync(join(at, file), bytes)
      return lease(cid, at)
    },
    async put(from) {
      return lease(await files.addBytes(readFileSync(join(from, file))), from)
    }
  }
}
