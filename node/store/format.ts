import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import type { Level } from 'level'
import type { Log } from '../runtime/index.ts'
import { StoreError, storeError } from './errors.ts'
import { bounds } from './keys.ts'
import { isThere, writeWhole } from './whole-file.ts'

/** Grows by one whenever an older program could not read what a newer one wrote, or the reverse. */
export const storeFormat = 2
/** What a folder is taken for that does not say its format: it is brought from there to this one again. */
export const firstFormat = 1

/**
 * Tables that a folder of a format has otherwise than the next one, and that are made again from what is kept: they are
 * emptied when the folder is brought to it.
 */
const madeAgain: Readonly<Record<number, readonly string[]>> = {
  // What was weighed in an epoch, and by whom, stands in the summary of its bundle, too.
  1: ['payouts/summaries']
}

/** Tables that are emptied when a folder is brought from a format to this version's. */
const emptiedFrom = (found: number): string[] =>
  Array.from({ length: Math.max(0, storeFormat - found) }, (_, n) => madeAgain[found + n] ?? []).flat()

/** Those of a folder that is not open: what stands in them is of no use, whatever form it has. */
export async function emptiedAtStart(directory: string): Promise<readonly string[]> {
  if (!(await isThere(markOf(directory)))) return emptiedFrom(firstFormat)
  const text = await readFile(markOf(directory), 'utf8').catch((cause: unknown) => {
    throw storeError(cause, directory)
  })
  return emptiedFrom(Number(text))
}

const markOf = (directory: string): string => join(directory, 'format')

const write = (directory: string, format: number): Promise<void> =>
  writeWhole(markOf(directory), `${format}\n`).catch((cause: unknown) => {
    throw storeError(cause, directory)
  })

/**
 * Marks a new data folder with the format, or makes sure that an old one has it, or one that came before. The mark is a
 * file beside the database, so that it can be read also when the database has changed its kind.
 * @returns the format that it has
 * @throws StoreError `store.version` for one that is newer, or none
 */
export async function checkFormat(directory: string, format: number): Promise<number> {
  try {
    await mkdir(directory, { recursive: true })
  } catch (error) {
    throw storeError(error, directory)
  }
  let text: string
  try {
    text = await readFile(markOf(directory), 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw storeError(error, directory)
    // A database is made after its mark: one without has lost it.
    const given = (await isThere(join(directory, 'db'))) ? firstFormat : format
    await write(directory, given)
    return given
  }
  const found = /^[0-9]{1,6}$/.test(text.trim()) ? Number(text) : NaN
  if (found >= 1 && found <= format) return found
  throw new StoreError(
    'store.version',
    `the data folder ${directory} has format ${text.trim().slice(0, 20) || 'unknown'}, ` +
      `this version of tilth reads ${format}`,
    {
      help: 'Use the version that wrote it, or move the folder away and start with an empty one (keep the key file).'
    }
  )
}

/**
 * Brings the open database of a folder to this version's format. A copy of it as it was is kept beside it, made first;
 * a process that is killed meanwhile does the same again at its next start.
 */
export async function migrate(
  db: Level,
  directory: string,
  found: number,
  log: Pick<Log, 'warn'> | undefined
): Promise<void> {
  if (found === storeFormat) return
  const copy = join(directory, `db-of-format-${found}`)
  try {
    if (!(await isThere(copy))) {
      await rm(`${copy}.new`, { recursive: true, force: true })
      await cp(join(directory, 'db'), `${copy}.new`, {
        recursive: true,
        mode: constants.COPYFILE_FICLONE,
        // Of whoever has it open: nobody has the copy.
        filter: path => !path.endsWith('LOCK')
      })
      await rename(`${copy}.new`, copy)
    }
    for (const table of emptiedFrom(found)) await db.clear(bounds(table))
  } catch (error) {
    await rm(`${copy}.new`, { recursive: true, force: true })
    throw storeError(error, directory)
  }
  await write(directory, storeFormat)
  log?.warn('the data folder was brought to the format of this version; a copy of the database as it was is kept', {
    from: found,
    to: storeFormat,
    copy
  })
}
