import { remember } from '../cache.ts'

/** Who broke a limit is refused for this long, twice as long when it does so again, and no longer than the longest. */
const firstMs = 10_000
const longestMs = 3_600_000
/** So long after it was let in again, what it did is forgotten. */
const forgottenMs = 3_600_000
/** Keys that are remembered; of more, those barred longest ago are forgotten. */
const most = 1_000

/** Who is refused for a while, and for how long. */
export interface Bars {
  /** Milliseconds until the key is let in again; 0 when it is. */
  left(key: string): number
  add(key: string): void
}

export function openBars(now: () => number = Date.now): Bars {
  const bars = new Map<string, { until: number; ms: number }>()
  return {
    left: key => Math.max(0, (bars.get(key)?.until ?? 0) - now()),
    add(key) {
      const before = bars.get(key)
      const again = before !== undefined && now() < before.until + forgottenMs
      const ms = again ? Math.min(longestMs, 2 * before.ms) : firstMs
      remember(bars, key, { until: now() + ms, ms }, most)
    }
  }
}
