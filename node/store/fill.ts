import { join } from 'node:path'
import { Level } from 'level'
import { storeError } from './errors.ts'
import { checkFormat } from './format.ts'
import { writeAll } from './write-all.ts'

/**
 * A new folder's database from a copy of another's entries (`Store.copy`), on disk when this resolves.
 * @param format of that one: the new one is brought to this version's when it is opened
 * @returns how many they were
 * @throws StoreError where there is a database already
 */
export async function fillStore(
  directory: string,
  entries: AsyncIterable<[string, string]>,
  format: number
): Promise<number> {
  await checkFormat(directory, format)
  const db = new Level(join(directory, 'db'), { keyEncoding: 'utf8', valueEncoding: 'utf8', errorIfExists: true })
  try {
    await db.open()
    return await writeAll(db, entries)
  } catch (error) {
    throw storeError(error, directory)
  } finally {
    await db.close()
  }
}
