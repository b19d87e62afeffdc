import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreError, storeError } from './errors.ts'
import { writeWhole } from './whole-file.ts'

/** Grows by one whenever an older program could not read what a newer one wrote, or the reverse. */
export const storeFormat = 1

/**
 * Marks a new data folder with the format, or makes sure that an old one has it. The mark is a file beside the
 * database, so that it can be read also when the database has changed its kind.
 * @throws StoreError `store.version`
 */
export async function checkFormat(directory: string): Promise<void> {
  const path = join(directory, 'format')
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw storeError(error, directory)
  }
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw storeError(error, directory)
    await writeWhole(path, `${storeFormat}\n`).catch((cause: unknown) => {
      throw storeError(cause, directory)
    })
    return
  }
  if (text.trim() !== String(storeFormat)) {
    throw new StoreError(
      'store.version',
      `the data folder ${directory} has format ${text.trim().slice(0, 20) || 'unknown'}, ` +
        `this version of tilth reads ${storeFormat}`,
      {
        help: 'Use the version that wrote it, or move the folder away and start with an empty one (keep the key file).'
      }
    )
  }
}
