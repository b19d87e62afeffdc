import type { Clock } from '../runtime/index.ts'
import { burstSeconds } from './limits.ts'

/** Waits until so many bytes more are within the bandwidth. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>

/**
 * One token bucket for all that strangers cause: what came is paid for after it came, so a block larger than the bucket
 * only makes the next one wait longer.
 */
export function createPace(bytesPerSecond: number, clock: Pick<Clock, 'now' | 'sleep'>): Pace {
  const burst = bytesPerSecond * burstSeconds
  let level = burst
  let at = clock.now()
  return async (bytes, signal) => {
    const now = clock.now()
    level = Math.min(burst, level + (Math.max(0, now - at) * bytesPerSecond) / 1000) - bytes
    at = now
    if (level < 0) await clock.sleep(Math.ceil((-level * 1000) / bytesPerSecond), signal)
  }
}
