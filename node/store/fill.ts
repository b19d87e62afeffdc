import { join } from 'node:path'
import { Level } from 'level'
import { storeError } from './errors.ts'
import { checkFormat } from './format.ts'

/** Entries that are written at once. */
const atOnce = 1_000

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
  let count = 0
  try {
    await db.open()
    let batch: { type: 'put'; key: string; value: string }[] = []
    const write = async (sync: boolean): Promise<void> => {
      await db.batch(batch, { sync })
      count += batch.length
      batch = []
    }
    for await (const [key, value] of entries) {
      batch.push({ type: 'put', key, value })
      if (batch.length >= atOnce) await write(false)
    }
    await write(true)
  } catch (error) {
    throw storeError(error, directory)
  } finally {
    await db.close()
  }
  return count
}
