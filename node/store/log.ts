import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import { createCollection } from './collection.ts'
import type { Base } from './collection.ts'
import { storeError } from './errors.ts'
import { fullKey, sequenceKey } from './keys.ts'
import type { Log } from './types.ts'

/** The writing side of a log, which a batch shares with `append`: numbers are given one after another. */
export interface LogWriter {
  /** The number the next entry gets. */
  next(): Promise<number>
  /** Called when entries up to (not including) `next` are on disk. */
  wrote(next: number): void
}

/** Runs tasks one after another; a number is given only when the entry before it is on disk, so logs have no gaps. */
export type Serial = <R>(task: () => Promise<R>) => Promise<R>

export function createSerial(): Serial {
  let chain: Promise<unknown> = Promise.resolve()
  return task => {
    const run = chain.then(task, task)
    chain = run.catch(() => undefined)
    return run
  }
}

export function createLog<T>(
  base: Base,
  name: string,
  schema: z.ZodType<T>,
  serial: Serial
): Log<T> & { writer: LogWriter } {
  const table = createCollection(base, name, schema)
  let known: number | undefined

  const last = async (): Promise<{ index: number; value: T } | undefined> => {
    for await (const [key, value] of table.entries({ reverse: true, limit: 1 })) return { index: Number(key), value }
    return undefined
  }
  const writer: LogWriter = {
    async next() {
      if (known === undefined) {
        let length = 0
        for await (const key of table.keys({ reverse: true, limit: 1 })) length = Number(key) + 1
        known = length
      }
      return known
    },
    wrote(next) {
      known = next
    }
  }

  return {
    name,
    writer,
    append: (value, { sync = true } = {}) =>
      serial(async () => {
        const index = await writer.next()
        try {
          await base.db.put(fullKey(name, sequenceKey(index)), canonicalJson(value), { sync })
        } catch (error) {
          throw storeError(error, base.directory)
        }
        writer.wrote(index + 1)
        return index
      }),
    get: index => table.get(sequenceKey(index)),
    last,
    length: () => serial(() => writer.next()),
    async *entries(from = 0) {
      for await (const [key, value] of table.entries({ from: sequenceKey(from) })) yield [Number(key), value]
    }
  }
}
