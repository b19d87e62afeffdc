import { join } from 'node:path'
import { Level } from 'level'
import type { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import { decode, quarantineName } from './collection.ts'
import { storeError } from './errors.ts'
import { emptiedAtStart } from './format.ts'
import { fullKey } from './keys.ts'
import { mendLevel } from './level/index.ts'
import type { Mended } from './level/index.ts'

/** An entry that is not as its table has them. */
export interface StoreFault {
  readonly table: string
  readonly key: string
  readonly why: string
}

export interface StoreCheck {
  readonly entries: number
  readonly faults: readonly StoreFault[]
  /** Tables that this version does not have, with how many entries they hold: left as they are. */
  readonly unknown: ReadonlyMap<string, number>
  /** Of the database itself: what is damaged in its files, and where they are, if it was made anew of the rest. */
  readonly files: Mended
}

/**
 * Reads every entry of a data folder's database that nobody has open. What cannot be read is set aside, each under its
 * table and key.
 * @throws StoreError `store.locked` where a node runs on it
 */
export async function checkStore(directory: string, schemas: ReadonlyMap<string, z.ZodType>): Promise<StoreCheck> {
  const emptied = await emptiedAtStart(directory)
  const files = await mendLevel(join(directory, 'db'), directory)
  const db: Level = new Level(join(directory, 'db'), {
    keyEncoding: 'utf8',
    valueEncoding: 'utf8',
    createIfMissing: false
  })
  const faults: StoreFault[] = []
  const unknown = new Map<string, number>()
  let entries = 0
  try {
    await db.open()
    for await (const [name, text] of db.iterator()) {
      const at = name.indexOf('\u0000')
      if (at < 0) continue // a mark around a table
      const [table, key] = [name.slice(0, at), name.slice(at + 1)]
      if (table === quarantineName || emptied.includes(table)) continue
      entries++
      const schema = schemas.get(table)
      if (schema === undefined) {
        unknown.set(table, (unknown.get(table) ?? 0) + 1)
        continue
      }
      const decoded = decode(text, schema)
      if ('value' in decoded) continue
      faults.push({ table, key, why: decoded.why })
      const aside = canonicalJson({ table, key, text, why: decoded.why })
      await db.batch(
        [
          { type: 'put', key: fullKey(quarantineName, `${table}/${key}`.slice(0, 900)), value: aside },
          { type: 'del', key: name }
        ],
        { sync: true }
      )
    }
    // What the chain tells is read from it again, and every part of the node hears all of it once more.
    if (faults.length > 0 || files.aside !== undefined) await db.del(fullKey('chain/cursor', 'at'), { sync: true })
  } catch (error) {
    throw storeError(error, directory)
  } finally {
    await db.close()
  }
  return { entries, faults, unknown, files }
}
