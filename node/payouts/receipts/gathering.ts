import type { Clock, Log } from '../../runtime/index.ts'

/** Long enough that a question which follows an answer is on its way, short enough that nobody misses a receipt. */
const gatherMs = 100

/** Has what comes one after another looked at together, a moment later. */
export interface Gathering {
  came(): void
  /** What came since is left to the next start. */
  stop(): Promise<void>
}

/** What is done with a receipt is done on the thread that answers, and nobody waits for it: whoever asks goes first. */
export function createGathering(
  clock: Pick<Clock, 'sleep'>,
  log: Pick<Log, 'error'>,
  look: () => Promise<void>
): Gathering {
  const life = new AbortController()
  let soon: Promise<void> | undefined
  let looking: Promise<void> = Promise.resolve()

  async function lookSoon(): Promise<void> {
    try {
      await clock.sleep(gatherMs, life.signal)
      soon = undefined // what comes from now on may not be seen
      looking = look()
      await looking
    } catch (error) {
      soon = undefined
      if (!life.signal.aborted) log.error('own receipts could not be taken', { error })
    }
  }

  return {
    came() {
      if (!life.signal.aborted) soon ??= lookSoon()
    },
    async stop() {
      life.abort()
      await Promise.all([soon, looking.catch(() => undefined)]) // it was told of
    }
  }
}
