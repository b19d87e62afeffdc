import type { Clock, Log } from '../runtime/index.ts'

/** Failures of what may go through later (a worker that is not reached, a chain that is away) before a step is given up. */
const patience = 20
const longestWaitMs = 15_000

/** Steps by name: each runs at most once at a time, and after a failure again, later and later. */
export interface Steps {
  /** Starts a step unless it runs already or waits after a failure. `exhausted` is what is done after too many of them. */
  attempt(name: string, step: () => Promise<void>, exhausted?: () => Promise<void>): void
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
    failures.set(name, { count, notBefore: clock.now() + Math.min(longestWaitMs, 250 * 2 ** count) })
    log.warn('a step of a job failed; it is tried again', { step: name, count, error })
    if (count < patience || exhausted === undefined) return
    failures.delete(name)
    await exhausted()
  }

  return {
    attempt(name, step, exhausted) {
      if (stopped || busy.has(name) || (failures.get(name)?.notBefore ?? 0) > clock.now()) return
      const run = step().then(() => { failures.delete(name) }, (error: unknown) => failed(name, error, exhausted))
        .catch((error: unknown) => { log.error('a step of a job failed', { step: name, error }) })
        .finally(() => { busy.delete(name) })
      busy.set(name, run)
    },
    async stop() {
      stopped = true
      await Promise.all(busy.values())
    }
  }
}
