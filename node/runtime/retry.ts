import { TilthError } from '../../protocol/primitives/index.ts'
import { systemClock } from './clock.ts'
import type { Clock } from './types.ts'

export interface RetryOptions {
  /** Tries in all. */
  attempts: number
  /**
   * Milliseconds before the second try; each later wait is twice as long, up to maxMs, of which a random half is taken
   * off.
   */
  baseMs?: number
  maxMs?: number
  signal?: AbortSignal
  clock?: Clock
  /**
   * Whether another try makes sense; unless given: what is not typed, and what is typed with the consequence `retry`.
   */
  when?: (error: unknown) => boolean
}

const worthIt = (error: unknown): boolean => !(error instanceof TilthError) || error.consequence === 'retry'

/** Runs a task until it succeeds. @throws the last try's error, or the signal's reason */
export async function retry<T>(task: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, baseMs = 200, maxMs = 10_000, signal, clock = systemClock, when = worthIt } = options
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await task(attempt)
    } catch (error) {
      if (attempt >= attempts || !when(error)) throw error
    }
    // Half of the wait is random, so that peers that failed together do not come back together.
    await clock.sleep(Math.min(maxMs, baseMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2), signal)
  }
}
