import type { Quota } from '../../../protocol/wire/index.ts'
import { remember } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'

/** Keys with a bucket of their own. */
const maxKeys = 4096

/** A token bucket. */
export interface Bucket {
  /** Takes one if there is one. */
  take(): boolean
  /** Takes so many, whether they are there or not: those that are not are waited for. */
  spend(count: number): void
  /** Milliseconds until one is there; 0 when one is. */
  wait(): number
}

export function createBucket({ perSecond, burst }: Quota, clock: Pick<Clock, 'now'>): Bucket {
  let level = burst
  let at = clock.now()
  const refill = (): void => {
    const now = clock.now()
    level = Math.min(burst, level + (Math.max(0, now - at) * perSecond) / 1000)
    at = now
  }
  return {
    take() {
      refill()
      if (level < 1) return false
      level -= 1
      return true
    },
    spend(count) {
      refill()
      level -= count
    },
    wait() {
      refill()
      return level >= 1 ? 0 : Math.ceil(((1 - level) * 1000) / perSecond)
    }
  }
}

/** A bucket for each key; keys that have not been seen for long are forgotten, so strangers cannot fill the memory. */
export function createBuckets(quota: Quota, clock: Pick<Clock, 'now'>): (key: string) => Bucket {
  const buckets = new Map<string, Bucket>()
  return key => {
    const bucket = buckets.get(key) ?? createBucket(quota, clock)
    remember(buckets, key, bucket, maxKeys)
    return bucket
  }
}
