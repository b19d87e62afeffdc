import { remember } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'

/**
 * Failures of what may go through later (a worker that is not reached, a chain that is away) before a step is given up.
 */
const patience = 20
const longestWaitMs = 15_000
/** Steps whose failures are remembered: of a job that ended meanwhile nobody asks again. */
const mostFailures = 4_096

/** Steps by name: each runs at most once at a time, and after a failure again, later and later. */
export interface Steps {
  /** Starts a step unless it runs already or waits after a failure. */
  attempt(
    name: string,
    step: () => Promise<void>,
    then?: {
      /** After a success. */ done?: () => void
      /** After too many failures. */ exhausted?: (() => Promise<void>) | undefined
    }
  ): void
  /** Waits until a step of this name does not run; it may fail. */
  settled(name: string): Promise<void>
  /** Starts nothing more, and waits for what runs. */
  stop(): Promise<void>
}

export function createSteps(clock: Clock, log: Log): Steps {
  const busy = new Map<string, Promise<void>>()
  const failures = new Map<string, { count: number; notBefore: number }>()
  let stopped = false

  async function failed(name: string, error: unknown, exhausted?: () => Promise<void>): Promise<void> {
    if (stopped) return
    const count = (failures.get(name)?.count ?? 0) + 1
    const notBefore = clock.now() + Math.min(longestWaitMs, 250 * 2 ** count)
    remember(failures, name, { count, notBefore }, mostFailures)
    log.warn('a step of a job failed; it is tried again', { step: name, count, error })
    if (count < patience || exhausted === undefined) return
    failures.delete(name)
    await exhausted()
  }

  return {
    attempt(name, step, { done, exhausted } = {}) {
      if (stopped || busy.has(name) || (failures.get(name)?.notBefore ?? 0) > clock.now()) return
      const run = async (): Promise<boolean> => {
        try {
          await step()
          failures.delete(name)
          return true
        } catch (error) {
          await failed(name, error, exhausted)
          return false
        }
      }
      busy.set(
        name,
        run().then(
          succeeded => {
            busy.delete(name)
            if (succeeded) done?.()
          },
          (error: unknown) => {
            busy.delete(name)
            log.error('a step of a job failed', { step: name, error })
          }
        )
      )
    },
    settled: async name => busy.get(name),
    async stop() {
      stopped = true
      await Promise.all(busy.values())
    }
  }
}
