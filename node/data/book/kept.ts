import { createCache } from '../../runtime/index.ts'
import type { Cache, CacheOptions } from '../../runtime/index.ts'

/** What was used lately of a table, in memory. Whoever writes the table sets, or deletes, once that is on disk. */
export interface Kept<K, V> extends Pick<Cache<K, V>, 'get' | 'set' | 'delete'> {
  /** From memory, or else from the disk; what was read while somebody wrote takes the place of nothing. */
  read(key: K, load: (key: K) => Promise<V | undefined>): Promise<V | undefined>
}

export function createKept<K, V>(options: CacheOptions<V>): Kept<K, V> {
  const cache = createCache<K, V>(options)
  let written = 0
  return {
    get: key => cache.get(key),
    set(key, value) {
      written++
      cache.set(key, value)
    },
    delete(key) {
      written++
      cache.delete(key)
    },
    async read(key, load) {
      const known = cache.get(key)
      if (known !== undefined) return known
      const before = written
      const found = await load(key)
      // It may be that what was written meanwhile is gone from memory again, or that it was deleted.
      if (written !== before) return cache.get(key) ?? found
      if (found !== undefined) cache.set(key, found)
      return found
    }
  }
}
