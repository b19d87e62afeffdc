import type { Clock } from '../../runtime/index.ts'

/** Messages whose last passing on is remembered for a topic; beyond it the oldest are forgotten. */
const maxRemembered = 20_000

/**
 * When content was last passed on. A statement is for ever and may be said again by anybody at any time, for those who
 * came late; but the same content goes on only once in a while, however often it is said and by however many keys.
 */
export interface Repeats {
  /** Whether it was passed on within the interval. */
  recent(content: string): boolean
  passedOn(content: string): void
}

export function createRepeats(repeatMs: number, clock: Pick<Clock, 'now'>, max = maxRemembered): Repeats {
  const last = new Map<string, number>() // in the order of time

  function forget(now: number): void {
    for (const [content, at] of last) {
      if (last.size <= max && Math.abs(now - at) < repeatMs) return
      last.delete(content)
    }
  }
  return {
    recent(content) {
      const at = last.get(content)
      // A clock that was set back must not silence what was said in its future.
      return at !== undefined && Math.abs(clock.now() - at) < repeatMs
    },
    passedOn(content) {
      const now = clock.now()
      last.delete(content)
      last.set(content, now)
      forget(now)
    }
  }
}
