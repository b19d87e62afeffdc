import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import { bounds, fullKey, shortKey } from '../../node/store/keys.ts'
import type { Batch, Collection, RangeOptions, Store } from '../../node/store/index.ts'

interface Table {
  /** By full keys. */
  readonly texts: Map<string, string>
  /** What was read of texts that are as they were. */
  readonly values: Map<string, unknown>
  /** Of the keys, where it is known. */
  order: readonly string[] | undefined
}
/** What a disk holds when everything else is gone. */
export interface Disk {
  readonly tables: Map<string, Table>
  /** What puts back each write since the last one that was flushed, oldest first: a cut of power may lose the last. */
  unflushed: (() => void)[]
}
export const emptyDisk = (): Disk => ({ tables: new Map(), unflushed: [] })

/** The power is gone: so many of the last writes that nobody waited for are lost. */
export function loseLast(disk: Disk, writes: number): void {
  for (const undo of disk.unflushed.splice(Math.max(0, disk.unflushed.length - writes)).reverse()) undo()
  disk.unflushed = []
}

/** A process that may be dead: what it began goes on no more, and tells nobody. */
export interface Life {
  readonly isOver: boolean
}

/** What waits for this waits for ever, and goes when nobody holds it. */
export const never = (): Promise<never> => new Promise(() => undefined)

type Change = readonly [table: string, key: string, text: string | undefined]

/**
 * A node's memory on a disk of this test: as `node/store` has it, entries as text and all or nothing. What a dead
 * process asks is never answered, and changes nothing.
 * @param onWrite called before each write; what it throws is thrown, when it ends the life nothing is written
 */
export function simulatedStore(disk: Disk, life: Life, onWrite: () => void): Store {
  const alive = async (): Promise<void> => {
    if (life.isOver) await never()
  }
  async function write(changes: readonly Change[], sync = true): Promise<void> {
    await alive()
    onWrite()
    await alive()
    const before = changes.map(([name, key]) => [name, key, tableOf(name).texts.get(key)] as const)
    apply(changes)
    if (sync) disk.unflushed = []
    else disk.unflushed.push(() => apply(before))
  }
  function apply(changes: readonly Change[]): void {
    for (const [name, key, value] of changes) {
      const table = tableOf(name)
      if (table.texts.has(key) !== (value !== undefined)) table.order = undefined
      table.values.delete(key)
      if (value === undefined) table.texts.delete(key)
      else table.texts.set(key, value)
    }
  }
  function tableOf(name: string): Table {
    const table = disk.tables.get(name) ?? {
      texts: new Map<string, string>(),
      values: new Map<string, unknown>(),
      order: []
    }
    disk.tables.set(name, table)
    return table
  }
  const keysOf = (name: string, { limit = -1, reverse = false, ...range }: RangeOptions = {}): string[] => {
    const { gte, lt } = bounds(name, range)
    const table = tableOf(name)
    table.order ??= [...table.texts.keys()].sort()
    const keys = table.order.filter(key => key >= gte && key < lt)
    if (reverse) keys.reverse()
    return limit < 0 ? keys : keys.slice(0, limit)
  }
  function collection<T>(name: string, schema: z.ZodType<T>): Collection<T> {
    const { texts, values } = tableOf(name)
    function read(key: string, text: string): T {
      const isNow = texts.get(key) === text
      if (isNow && values.has(key)) return values.get(key) as T
      const value = schema.parse(JSON.parse(text))
      if (isNow) values.set(key, value)
      return value
    }
    async function* entries(range?: RangeOptions): AsyncGenerator<[string, T]> {
      await alive()
      // All as it was when this began.
      for (const [key, text] of keysOf(name, range).map(key => [key, texts.get(key)] as const)) {
        if (text !== undefined) yield [shortKey(name, key), read(key, text)]
        await alive()
      }
    }
    return {
      name,
      async get(key) {
        await alive()
        const full = fullKey(name, key)
        const text = texts.get(full)
        return text === undefined ? undefined : read(full, text)
      },
      async has(key) {
        await alive()
        return texts.has(fullKey(name, key))
      },
      put: (key, value, { sync } = {}) => write([[name, fullKey(name, key), canonicalJson(value)]], sync),
      delete: (key, { sync } = {}) => write([[name, fullKey(name, key), undefined]], sync),
      entries,
      async *values(range) {
        for await (const [, value] of entries(range)) yield value
      },
      async *keys(range) {
        await alive()
        for (const key of keysOf(name, range)) yield shortKey(name, key)
      }
    }
  }
  return {
    collection,
    batch(fill, { sync } = {}) {
      const changes: Change[] = []
      const batch: Batch = {
        put(table, key, value) {
          changes.push([table.name, fullKey(table.name, key), canonicalJson(value)])
          return batch
        },
        delete(table, key) {
          changes.push([table.name, fullKey(table.name, key), undefined])
          return batch
        }
      }
      fill(batch)
      return write(changes, sync)
    },
    async *copy() {
      await alive()
      for (const { texts } of disk.tables.values()) yield* texts
    },
    scrub: alive,
    close: async () => undefined
  }
}
