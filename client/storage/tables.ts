import type { z } from 'zod'
import { TilthError, canonicalJson } from '../../protocol/primitives/index.ts'
import type { Batch, Collection, RangeOptions, Store } from '../../node/store/types.ts'
import type { Rows } from '../types.ts'

// The tables of a light peer: all of them in memory, since what they hold is bounded, and every change on disk before
// it counts. They have the form of a node's, so that the same code pays by both.

const separator = '\u0000'

/** Tables over rows, and what is in them. @throws as rows */
export async function openTables(rows: Rows): Promise<Pick<Store, 'collection' | 'batch'>> {
  const tables = new Map<string, Map<string, string>>()
  const table = (name: string): Map<string, string> => {
    const known = tables.get(name) ?? new Map<string, string>()
    tables.set(name, known)
    return known
  }
  for (const [key, text] of await rows.all()) {
    const at = key.indexOf(separator)
    table(key.slice(0, at)).set(key.slice(at + 1), text)
  }

  type Change = readonly [name: string, key: string, text: string | null]
  /** In memory at once, so that whoever reads next sees it; whoever wrote it waits for the disk. */
  async function write(changes: readonly Change[]): Promise<void> {
    for (const [name, key, text] of changes)
      if (text === null) table(name).delete(key)
      else table(name).set(key, text)
    await rows.write(changes.map(([name, key, text]) => [`${name}${separator}${key}`, text] as const))
  }

  function keysOf(name: string, { from, to, prefix = '', reverse = false, limit = Infinity }: RangeOptions): string[] {
    const found = [...table(name).keys()]
      .filter(key => key.startsWith(prefix) && (from === undefined || key >= from) && (to === undefined || key < to))
      .sort()
    return (reverse ? found.reverse() : found).slice(0, limit)
  }

  return {
    collection<T>(name: string, schema: z.ZodType<T>): Collection<T> {
      /** @throws TilthError `client.storage`: money that one record tells of must not be out of sight */
      function read(key: string): T | undefined {
        const text = table(name).get(key)
        if (text === undefined) return undefined
        try {
          return schema.parse(JSON.parse(text))
        } catch (cause) {
          throw new TilthError('client.storage', `what was kept cannot be read: ${name} ${key.slice(0, 80)}`, {
            help: 'It may be of another version of this library: close its channels with that one first.',
            cause
          })
        }
      }
      async function* entries(range: RangeOptions = {}): AsyncGenerator<[string, T]> {
        for (const key of keysOf(name, range)) {
          const value = read(key)
          if (value !== undefined) yield [key, value]
        }
      }
      return {
        name,
        get: async key => read(key),
        has: async key => table(name).has(key),
        put: (key, value) => write([[name, key, canonicalJson(value)]]),
        delete: key => write([[name, key, null]]),
        entries,
        async *values(range) {
          for await (const [, value] of entries(range)) yield value
        },
        async *keys(range = {}) {
          yield* keysOf(name, range)
        }
      }
    },
    batch(fill) {
      const changes: Change[] = []
      const batch: Batch = {
        put({ name }, key, value) {
          changes.push([name, key, canonicalJson(value)])
          return batch
        },
        delete({ name }, key) {
          changes.push([name, key, null])
          return batch
        }
      }
      fill(batch)
      return write(changes)
    }
  }
}
