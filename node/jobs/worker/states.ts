import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { segmentEnds } from '../../../protocol/jobs/index.ts'
import type { TrainingLog } from '../../../protocol/jobs/index.ts'
import { cidText } from '../../../protocol/primitives/index.ts'
import { stateFile } from '../../engine/train/states.ts'
import type { JobsDeps } from '../deps.ts'

/** States of a lot are kept for its auditors for so long, whatever becomes of the job. */
const keptMs = 45 * 86_400_000
/** Lots whose states are kept; of more, the oldest go. */
const mostLots = 256

const keptStates = z.strictObject({ cids: z.array(cidText).max(1024), until: z.int().min(0) })

export interface States {
  /** Where a lot's states are written while it is trained. */
  folder(lotFolder: string): string
  /**
   * By CID, from where auditors fetch them. Undefined where there are not all of them: an owner's command has trained,
   * or a version that wrote none has begun it.
   */
  commit(lotFolder: string, logs: readonly TrainingLog[]): Promise<string[][] | undefined>
}

/** The worker's committed states, pinned for as long as somebody may run its steps again. */
export function createStates({ files, store, clock }: Pick<JobsDeps, 'files' | 'store' | 'clock'>): States {
  const table = store.collection('jobs/states', keptStates)
  const folder = (lotFolder: string): string => join(lotFolder, 'states')
  return {
    folder,
    async commit(lotFolder, logs) {
      const paths = logs.map(({ steps }, k) => segmentEnds(steps).map(end => stateFile(folder(lotFolder), k, end)))
      if (paths.flat().some(path => !existsSync(path))) return undefined
      await sweep()
      const all: string[][] = []
      for (const own of paths) {
        const cids: string[] = []
        for (const path of own) cids.push(await files.addFile(path))
        all.push(cids)
      }
      const at = clock.now()
      await table.put(`${at}-${lotFolder.slice(-33)}`, { cids: all.flat(), until: at + keptMs })
      return all
    }
  }

  /** Lets go of those that nobody will ask for any more. */
  async function sweep(): Promise<void> {
    const names: string[] = []
    for await (const name of table.keys()) names.push(name)
    const over = new Set(names.slice(0, Math.max(0, names.length - mostLots)))
    const needed = new Set<string>()
    const going: [string, readonly string[]][] = []
    for await (const [name, { cids, until }] of table.entries())
      if (over.has(name) || until < clock.now()) going.push([name, cids])
      else for (const cid of cids) needed.add(cid)
    for (const [name, cids] of going) {
      for (const cid of cids) if (!needed.has(cid)) await files.unpin(cid)
      await table.delete(name)
    }
  }
}
