import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { auditId } from '../../../protocol/contracts/index.ts'
import { segmentEnds } from '../../../protocol/jobs/index.ts'
import type { TrainingLog } from '../../../protocol/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { stateFile } from '../../engine/train/states.ts'
import type { JobsDeps } from '../deps.ts'
import { createKept } from '../kept.ts'
import type { Kept } from '../kept.ts'

export interface States extends Pick<Kept, 'sweep' | 'hasRoom'> {
  /** Where a lot's states are written while it is trained. */
  folder(lotFolder: string): string
  /**
   * By CID, from where auditors fetch them. Undefined where there are not all of them: an owner's command has trained,
   * or a version that wrote none has begun it.
   */
  commit(
    lotFolder: string,
    logs: readonly TrainingLog[],
    of: { readonly builder: Address; readonly job: Hex }
  ): Promise<string[][] | undefined>
}

/** The worker's committed states, pinned for as long as somebody may run its steps again. */
export function createStates(deps: Pick<JobsDeps, 'files' | 'store' | 'clock' | 'chain' | 'statesBytes'>): States {
  const { files, clock } = deps
  const kept = createKept(deps, 'jobs/states')
  const folder = (lotFolder: string): string => join(lotFolder, 'states')
  return {
    folder,
    sweep: () => kept.sweep(),
    hasRoom: () => kept.hasRoom(),
    async commit(lotFolder, logs, { builder, job }) {
      const paths = logs.map(({ steps }, k) => segmentEnds(steps).map(end => stateFile(folder(lotFolder), k, end)))
      if (paths.flat().some(path => !existsSync(path))) return undefined
      const name = `${clock.now()}-${lotFolder.slice(-33)}`
      const audit = auditId(builder, job)
      const all: string[][] = []
      let bytes = 0
      for (const own of paths) {
        const cids: string[] = []
        for (const path of own) {
          bytes += (await stat(path)).size
          cids.push(await files.addFile(path))
        }
        all.push(cids)
        // As they come: what a process that dies in between has pinned goes with the rest.
        await kept.keep(name, { cids: all.flat(), bytes, audit })
      }
      await kept.sweep()
      return all
    }
  }
}
