import { join } from 'node:path'
import { Level } from 'level'
import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import type { Log as RuntimeLog } from '../runtime/index.ts'
import { createAnew } from './anew.ts'
import { createCollection } from './collection.ts'
import type { Base } from './collection.ts'
import { createCommits } from './commits.ts'
import type { Operation } from './commits.ts'
import { watchEmpties } from './empties.ts'
import { storeError } from './errors.ts'
import { checkFormat, migrate, storeFormat } from './format.ts'
import { around, fullKey, isEntry, tableName } from './keys.ts'
import { levelRoom, requireHead } from './level/index.ts'
import type { Batch, Collection, Store } from './types.ts'

/** In Node the database is a ClassicLevel, which has this as well. */
type Compacting = Level & { compactRange(start: string, end: string): Promise<void> }

/**
 * Opens the data folder's database (`DIR/db`), making it if need be, and bringing an older one to this version's format
 * with a copy kept. An entry that cannot be read is set aside in the table `quarantine`, with a warning.
 * @throws StoreError `store.version`, `store.locked`, `store.disk-full`, `store.corrupt`, `store.failed`
 */
export async function openStore(directory: string, options: { log?: Pick<RuntimeLog, 'warn'> } = {}): Promise<Store> {
  const found = await checkFormat(directory, storeFormat)
  const path = join(directory, 'db')
  await requireHead(path, directory)
  const db = new Level(path, { keyEncoding: 'utf8', valueEncoding: 'utf8', ...levelRoom })
  try {
    await db.open()
  } catch (error) {
    throw storeError(error, directory)
  }
  try {
    await migrate(db, directory, found, options.log)
  } catch (error) {
    await db.close()
    throw error
  }
  const anew = createAnew(db, directory, error => {
    options.log?.warn('a write had failed; the database was opened anew, and goes on', { error })
  })
  const { commit: write, idle } = createCommits(db, anew, directory)
  const { commit, empties } = watchEmpties(write)
  const base: Base = { db, anew, directory, commit, empties, ...options }
  const tables = new Map<string, Collection<unknown>>()

  function operationsOf(fill: (batch: Batch) => void): Operation[] {
    const operations: Operation[] = []
    const batch: Batch = {
      put(collection, key, value) {
        operations.push({ type: 'put', key: fullKey(collection.name, key), value: canonicalJson(value) })
        return batch
      },
      delete(collection, key) {
        operations.push({ type: 'del', key: fullKey(collection.name, key) })
        return batch
      }
    }
    fill(batch)
    return operations
  }

  return {
    collection<T>(name: string, schema: z.ZodType<T>) {
      let table = tables.get(tableName(name))
      if (table === undefined) tables.set(name, (table = createCollection<unknown>(base, name, schema)))
      return table as Collection<T>
    },
    batch: (fill, { sync = true } = {}) => commit(operationsOf(fill), sync),
    async scrub(tables) {
      await idle()
      try {
        for (const { name } of tables) {
          const [first, last] = around(name)
          const compact = (): Promise<void> => anew.read(() => (db as Compacting).compactRange(first, last))
          // What is in memory is written down as it is, and the lowest level is not looked at unless something lies
          // above it: so two entries of no table are laid around this one, and pressed down with all that is between.
          await compact()
          await anew.write(() => db.batch([first, last].map(key => ({ type: 'put', key, value: '' }))))
          await compact()
        }
      } catch (error) {
        throw storeError(error, directory)
      }
    },
    async *copy() {
      await idle()
      try {
        // One iterator sees the database as it was when it was made; it is made when nothing is being opened anew.
        await anew.since(anew.times())
        for await (const [key, text] of db.iterator()) if (isEntry(key)) yield [key, text]
      } catch (error) {
        throw storeError(error, directory)
      }
    },
    async close() {
      await idle()
      await anew.end()
    }
  }
}
