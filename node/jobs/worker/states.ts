import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { auditId } from '../../../protocol/contracts/index.ts'
import { segmentEnds } from '../../../protocol/jobs/index.ts'
import type { TrainingLog } from '../../../protocol/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { stateFile } from '../../engine/train/states.ts'
import type { JobsDeps } from '../deps.ts'
import { createKept, keptStates } from '../kept.ts'
import { DeclinedError } from './declines.ts'

/** What nobody asks for any more is looked for so often. */
const sweepMs = 600_000

export interface States {
  /** Lets go of what nobody asks for any more, now and every so often. */
  start(): Promise<void>
  stop(): void
  /**
   * @param coming lots that are to be trained yet
   * @throws DeclinedError `work.states` where a Datanet's models are audited, and open audits leave no room
   */
  requireRoom(datanet: Hex, coming: number): Promise<void>
  /** Where a lot's states are written while it is trained. */
  folder(lotFolder: string): string
  /**
   * By CID, from where auditors fetch them. Undefined where there are not all of them: an owner's command has trained,
   * or a version that wrote none has begun it.
   */
  commit(
    lotFolder: string,
    logs: readonly TrainingLog[],
    of: { readonly builder: Address; readonly job: Hex; readonly deadline: bigint }
  ): Promise<string[][] | undefined>
}

/** The worker's committed states, pinned for as long as somebody may run its steps again. */
export function createStates(
  deps: Pick<JobsDeps, 'files' | 'store' | 'clock' | 'chain' | 'log' | 'versions' | 'statesBytes'>
): States {
  const { files, clock, log, versions } = deps
  const kept = createKept(deps, deps.store.collection('jobs/states', keptStates))
  let off: (() => void) | undefined
  const late = (error: unknown): void => {
    log.info('states that nobody asks for any more could not be let go', { error })
  }
  const folder = (lotFolder: string): string => join(lotFolder, 'states')
  return {
    folder,
    async start() {
      off = clock.every(sweepMs, () => kept.sweep(), late)
      await kept.sweep().catch(late)
    },
    stop: () => off?.(),
    async requireRoom(datanet, coming) {
      if ((await kept.hasRoom(coming)) || (await versions.auditedSegments(datanet)) === 0) return
      throw new DeclinedError(
        'work.states',
        'the states of trainings whose audits are open take all the room that there is for them',
        'Give more with shelf.statesGib in the configuration, or wait until an audit is over.'
      )
    },
    async commit(lotFolder, logs, { builder, job, deadline }) {
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
        await kept.keep(name, { cids: all.flat(), bytes, audit, deadline })
      }
      await kept.sweep()
      return all
    }
  }
}
