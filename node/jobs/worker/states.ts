import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { segmentEnds } from '../../../protocol/jobs/index.ts'
import type { TrainingLog } from '../../../protocol/jobs/index.ts'
import { stateFile } from '../../engine/train/states.ts'
import type { JobsDeps } from '../deps.ts'
import { createKept, keptStates } from '../kept.ts'

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
export function createStates(deps: Pick<JobsDeps, 'files' | 'store' | 'clock'>): States {
  const { files, clock } = deps
  const kept = createKept(deps, deps.store.collection('jobs/states', keptStates))
  const folder = (lotFolder: string): string => join(lotFolder, 'states')
  return {
    folder,
    async commit(lotFolder, logs) {
      const paths = logs.map(({ steps }, k) => segmentEnds(steps).map(end => stateFile(folder(lotFolder), k, end)))
      if (paths.flat().some(path => !existsSync(path))) return undefined
      await kept.sweep()
      const all: string[][] = []
      for (const own of paths) {
        const cids: string[] = []
        for (const path of own) cids.push(await files.addFile(path))
        all.push(cids)
      }
      await kept.keep(`${clock.now()}-${lotFolder.slice(-33)}`, all.flat())
      return all
    }
  }
}
