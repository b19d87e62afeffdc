import type { Clock, Log } from '../../runtime/index.ts'

/** Long enough that a question which follows an answer is on its way, short enough that nobody misses a receipt. */
const gatherMs = 100

/** Has what comes by itself looked at at once, and what comes one after another together, a moment later. */
export interface Gathering {
  came(): void
  /** Until all that came is looked at: for whoever counts on it. */
  now(): Promise<void>
  /** What came since is left to the next start. */
  stop(): Promise<void>
}

/** What is done with a receipt is done on the thread that answers, and nobody waits for it: whoever asks goes first. */
export function createGathering(
  clock: Pick<Clock, 'sleep' | 'now'>,
  log: Pick<Log, 'error'>,
  look: () => Promise<void>
): Gathering {
  const life = new AbortController()
  let soon: Promise<void> | undefined
  let looking: Promise<void> = Promise.resolve()
  let last = -Infinity

  async function lookSoon(): Promise<void> {
    try {
      const early = last + gatherMs - clock.now()
      if (early > 0) await clock.sleep(early, life.signal)
      soon = undefined // what comes from now on may not be seen
      last = clock.now()
      looking = look()
      await looking
    } catch (error) {
      soon = undefined
      if (!life.signal.aborted) log.error('own receipts could not be taken', { error })
    }
  }

  return {
    came() {
      if (!life.signal.aborted) soon ??= Promise.resolve().then(lookSoon)
    },
    async now() {
      await (soon === undefined ? looking.catch(() => undefined) : look())
    },
    async stop() {
      life.abort()
      await Promise.all([soon, looking.catch(() => undefined)]) // it was told of
    }
  }
}
