import type { Clock, Log } from '../../runtime/index.ts'

/** Long enough that a question which follows an answer is on its way, short enough that nobody misses a receipt. */
const gatherMs = 100
/** After a look that failed: a full disk is full for longer than a receipt is looked at. */
const againMs = 10_000

/** Has what comes by itself looked at at once, and what comes one after another together, a moment later. */
export interface Gathering {
  came(): void
  /** Until all that came is looked at: for whoever counts on it. @throws as the look */
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
  let again: Promise<void> | undefined
  /** Something came that no look has seen from its beginning, or a look failed. */
  let isBehind = false
  let last = -Infinity
  /** The last one, and the end of all of them. */
  let looking: Promise<void> = Promise.resolve()
  let over: Promise<unknown> = looking

  function lookNow(): Promise<void> {
    isBehind = false
    last = clock.now()
    looking = look().catch((error: unknown) => {
      isBehind = true
      again ??= clock.sleep(againMs, life.signal).then(
        () => {
          again = undefined
          if (isBehind) soonLook()
        },
        () => undefined // it stops
      )
      throw error
    })
    over = Promise.allSettled([over, looking]).then(() => undefined)
    return looking
  }

  async function lookSoon(): Promise<void> {
    try {
      const early = last + gatherMs - clock.now()
      if (early > 0) await clock.sleep(early, life.signal)
      soon = undefined // what comes from now on may not be seen
      await lookNow()
    } catch (error) {
      soon = undefined
      if (!life.signal.aborted) log.error('own receipts could not be taken', { error })
    }
  }
  function soonLook(): void {
    if (!life.signal.aborted) soon ??= Promise.resolve().then(lookSoon)
  }

  return {
    came() {
      isBehind = true
      soonLook()
    },
    async now() {
      await (isBehind && !life.signal.aborted ? lookNow() : looking)
    },
    async stop() {
      life.abort()
      await soon // it was told of what fails
      await over
    }
  }
}
