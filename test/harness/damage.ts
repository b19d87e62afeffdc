import { join } from 'node:path'
import { Level } from 'level'

/** Values that an older version, a flipped bit or a half-written page may have left. */
const garbage = ['', '{', '{"of":"another version"}', '[1,2,3]', '"text"', '-1', 'null']

/**
 * Puts garbage into every table of a store that nobody has open: over its first entry (or its last), and under keys
 * that no table has.
 * @returns the tables
 */
export async function damageStore(folder: string, { keys = true }: { keys?: boolean } = {}): Promise<string[]> {
  const db = new Level(join(folder, 'db'), { keyEncoding: 'utf8', valueEncoding: 'utf8' })
  await db.open()
  const first = new Map<string, string>()
  for await (const key of db.keys()) {
    const [table = ''] = key.split('\u0000')
    if (table !== 'quarantine' && key.includes('\u0000') && !first.has(table)) first.set(table, key)
  }
  let turn = 0
  const next = (): string => garbage[turn++ % garbage.length] ?? ''
  for (const [table, key] of first) {
    await db.put(key, next())
    if (!keys) continue
    for (const odd of ['', '!', '0', '0xff', 'zzz/zzz/zzz'])
      if (odd !== '') await db.put(`${table}\u0000${odd}`, next())
  }
  await db.close()
  return [...first.keys()]
}

/** The same of a datastore, whose values are bytes. @returns how many entries it has damaged */
export async function damageDatastore(folder: string): Promise<number> {
  const db = new Level<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await db.open()
  const keys: string[] = []
  for await (const key of db.keys()) keys.push(key)
  for (const key of keys) await db.put(key, Uint8Array.of(255, 254, 1, 2, 3))
  await db.close()
  return keys.length
}
