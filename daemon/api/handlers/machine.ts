import { statfs } from 'node:fs/promises'
import { cpus, freemem, release, totalmem, type } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { chooseProvider, findHardware } from '../../../node/engine/providers/index.ts'
import type { ProviderRequest } from '../../../node/engine/graph/provider.ts'
import type { Node } from '../../../node/node.ts'
import type { MachineView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** Models of the shelf that one answer shows. */
const mostModels = 200
/** A driver that is still being asked is waited for so long; the next look has its answer. */
const patienceMs = 1_500

interface Ticks {
  readonly busy: number
  readonly all: number
}
function ticks(): Ticks {
  let [busy, all] = [0, 0]
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.irq + times.idle
    busy += sum - times.idle
    all += sum
  }
  return { busy, all }
}

export interface MachineDeps {
  /** The data folder: whose disk is looked at. */
  readonly folder: string
  readonly provider: ProviderRequest
}

export function machineHandlers(
  { shelf, models, jobs, self }: Pick<Node, 'shelf' | 'models' | 'jobs' | 'self'>,
  { folder, provider }: MachineDeps
): Pick<Handlers, 'machine'> {
  let before = ticks()
  let share = 0

  function load(): number {
    const now = ticks()
    // Two looks at once have nothing between them.
    if (now.all > before.all) {
      share = (now.busy - before.busy) / (now.all - before.all)
      before = now
    }
    return Math.min(1, Math.max(0, share))
  }
  async function engine(): Promise<MachineView['hardware']['engine']> {
    const found = await Promise.race([
      chooseProvider(provider).catch((error: unknown) => ({
        provider: 'cpu' as const,
        reason: error instanceof Error ? error.message : String(error),
        help: 'Another worker.provider in the settings takes what the machine has.'
      })),
      sleep(patienceMs, undefined)
    ])
    return found === undefined
      ? null
      : { provider: found.provider, reason: found.reason, help: 'help' in found ? (found.help ?? null) : null }
  }
  async function disk(): Promise<{ free: number | null; total: number | null }> {
    try {
      const { bavail, blocks, bsize } = await statfs(folder)
      return { free: bavail * bsize, total: blocks * bsize }
    } catch {
      return { free: null, total: null } // a kind of disk that does not say
    }
  }
  const own = () => jobs.jobs().flatMap(({ awards }) => awards.filter(({ worker }) => worker === self))

  return {
    async machine() {
      const { quota, bytes, held, fetching, entries } = shelf.status()
      const all = models.models()
      const [{ gpus }, found, room] = await Promise.all([findHardware(), engine(), disk()])
      const largest = entries.toSorted((a, b) => b.bytes - a.bytes)
      const { fees, earned, seconds, requests, tokens } = models.activity()
      const trainings = own()
      return {
        hardware: {
          processors: cpus().length,
          model: cpus()[0]?.model ?? 'unknown',
          memory: totalmem(),
          system: `${type()} ${release()}, ${process.arch}`,
          gpus,
          engine: found
        },
        load: { processors: load(), memoryFree: freemem(), memoryOwn: process.memoryUsage.rss() },
        queue: {
          ...models.queue(),
          training: trainings.filter(({ state }) => state === 'training').length,
          trainingsWaiting: trainings.filter(({ state }) => state === 'awarded').length,
          fetching
        },
        lately: { seconds, answers: requests, tokens, fees: fees.toString(), earned: earned.toString() },
        disk: { ...room, shelf: { quota, bytes, held } },
        models: largest.slice(0, mostModels).map(entry => ({
          ...entry,
          of: all
            .filter(({ base, adapter }) => base === entry.cid || adapter === entry.cid)
            .slice(0, 20)
            .map(({ id, name }) => ({ id, name }))
        })),
        leftOut: Math.max(0, largest.length - mostModels)
      }
    }
  }
}
