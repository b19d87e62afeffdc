import { systemClock } from './clock.ts'
import type { Clock } from './types.ts'

/** Makes an entry the newest of a bounded map; beyond `max` the oldest is forgotten. */
export function remember<K, V>(entries: Map<K, V>, key: K, value: V, max: number): void {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size <= max) return
  for (const oldest of entries.keys()) {
    entries.delete(oldest)
    return
  }
}

/** A bounded memory: what was not asked for the longest goes first, and nothing is older than `forMs`. */
export interface Cache<K, V> {
  get(key: K): V | undefined
  set(key: K, value: V): void
  delete(key: K): void
  clear(): void
  readonly size: number
}

export interface CacheOptions<V> {
  /** Entries at most. */
  max: number
  /** What entries weigh, and how much all of them may together; the newest stays, whatever it weighs. */
  weight?: { of: (value: V) => number; most: number }
  /** Milliseconds an entry stands; for ever unless given. */
  forMs?: number
  clock?: Pick<Clock, 'now'>
}

export function createCache<K, V>({
  max,
  weight,
  forMs = Infinity,
  clock = systemClock
}: CacheOptions<V>): Cache<K, V> {
  const entries = new Map<K, { value: V; until: number; weighs: number }>() // in the order of last use
  let total = 0
  function remove(key: K): void {
    total -= entries.get(key)?.weighs ?? 0
    entries.delete(key)
  }
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      if (entry.until <= clock.now()) {
        remove(key)
        return undefined
      }
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set(key, value) {
      remove(key)
      const weighs = weight?.of(value) ?? 0
      entries.set(key, { value, until: clock.now() + forMs, weighs })
      total += weighs
      for (const oldest of entries.keys()) {
        if (oldest === key || (entries.size <= max && total <= (weight?.most ?? Infinity))) return
        remove(oldest)
      }
    },
    delete(key) {
      remove(key)
    },
    clear() {
      entries.clear()
      total = 0
    },
    get size() {
      return entries.size
    }
  }
}
