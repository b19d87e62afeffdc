import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { SandboxError, openSandbox } from '../../runtime/index.ts'
import { programBeside } from '../../runtime/program.ts'
import type { tasks } from './peft.ts'

/** Of the process that reads adapters; their numbers lie outside of it. */
const heapMb = 256
const beginMs = 30_000
/** An adapter of a gigabyte is read in a few seconds. */
const checkMs = 120_000

/** Looks into delivered adapters where a stranger's file holds nobody up, and can be ended. */
export interface DeliveredAdapters {
  /** @throws InvalidError `adapter.layout`, `adapter.settings`, `adapter.numbers`, `adapter.untrained` */
  check(folder: string): Promise<void>
  close(): void
}

/** @param model folder of the base model */
export function openDelivered(model: string, settings: TrainSettings): DeliveredAdapters {
  const program = programBeside(import.meta.url, 'peft')
  const sandbox = openSandbox<typeof tasks>({ program, beginMs, heapMb, processes: 1, queue: 1, idleMs: checkMs })
  return {
    async check(folder) {
      try {
        await sandbox.run(model, 'check', { folder, settings }, checkMs)
      } catch (cause) {
        if (cause instanceof SandboxError && cause.consequence === 'reject')
          throw new InvalidError('adapter.layout', 'the adapter cannot be read', { cause })
        throw cause
      }
    },
    close: () => sandbox.close()
  }
}
