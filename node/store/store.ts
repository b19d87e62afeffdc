import { join } from 'node:path'
import { Level } from 'level'
import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import type { Log as RuntimeLog } from '../runtime/index.ts'
import { createCollection } from './collection.ts'
import type { Base } from './collection.ts'
import { StoreError, storeError } from './errors.ts'
import { checkFormat } from './format.ts'
import { fullKey, sequenceKey, tableName } from './keys.ts'
import { createLog, createSerial } from './log.ts'
import type { LogWriter } from './log.ts'
import type { Batch, Collection, Log, Store } from './types.ts'

type Operation = { type: 'put'; key: string; value: string } | { type: 'del'; key: string }
type Step = (writers: Map<string, number>) => Promise<Operation> | Operation

/**
 * Opens the data folder's database (`DIR/db`), making it if need be. An entry that cannot be read is set aside in the
 * table `quarantine`, with a warning.
 * @throws StoreError `store.version`, `store.locked`, `store.disk-full`, `store.corrupt`, `store.failed`
 */
export async function openStore(directory: string, options: { log?: Pick<RuntimeLog, 'warn'> } = {}): Promise<Store> {
  await checkFormat(directory)
  const db = new Level(join(directory, 'db'), { keyEncoding: 'utf8', valueEncoding: 'utf8' })
  try {
    await db.open()
  } catch (error) {
    throw storeError(error, directory)
  }
  const base: Base = { db, directory, ...options }
  const serial = createSerial()
  const tables = new Map<string, Collection<unknown>>()
  const logs = new Map<string, Log<unknown> & { writer: LogWriter }>()

  function fillBatch(fill: (batch: Batch) => void): Step[] {
    const steps: Step[] = []
    const batch: Batch = {
      put(collection, key, value) {
        const operation: Operation = { type: 'put', key: fullKey(collection.name, key), value: canonicalJson(value) }
        steps.push(() => operation)
        return batch
      },
      delete(collection, key) {
        const operation: Operation = { type: 'del', key: fullKey(collection.name, key) }
        steps.push(() => operation)
        return batch
      },
      append(log, value) {
        const text = canonicalJson(value)
        const writer = logs.get(log.name)?.writer
        if (writer === undefined) throw new StoreError('store.failed', `${log.name} is a log of another store`)
        steps.push(async next => {
          const index = next.get(log.name) ?? (await writer.next())
          next.set(log.name, index + 1)
          return { type: 'put', key: fullKey(log.name, sequenceKey(index)), value: text }
        })
        return batch
      }
    }
    fill(batch)
    return steps
  }

  return {
    collection<T>(name: string, schema: z.ZodType<T>) {
      let table = tables.get(tableName(name))
      if (table === undefined) tables.set(name, (table = createCollection<unknown>(base, name, schema)))
      return table as Collection<T>
    },
    log<T>(name: string, schema: z.ZodType<T>) {
      let log = logs.get(tableName(name))
      if (log === undefined) logs.set(name, (log = createLog<unknown>(base, name, schema, serial)))
      return log as Log<T>
    },
    batch(fill, { sync = true } = {}) {
      const steps = fillBatch(fill)
      return serial(async () => {
        const next = new Map<string, number>()
        const operations: Operation[] = []
        for (const step of steps) operations.push(await step(next))
        try {
          await db.batch(operations, { sync })
        } catch (error) {
          throw storeError(error, directory)
        }
        for (const [name, index] of next) logs.get(name)?.writer.wrote(index)
      })
    },
    async close() {
      await serial(() => db.close())
    }
  }
}
