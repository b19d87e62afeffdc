import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Level } from 'level'
import { StoreError, damagedStore, storeError } from '../errors.ts'
import { isThere, syncPath } from '../whole-file.ts'
import { isHeadless, levelEntries } from './files.ts'
import type { LevelFault } from './files.ts'
import { writeAll } from '../write-all.ts'

/** What a database was found to be. */
export interface Mended {
  /** Its files that held something else than was written, each with why. */
  readonly faults: readonly LevelFault[]
  /** Where it stands now as it was, if another was made of what could be read of it. */
  readonly aside: string | undefined
}

const freshOf = (path: string): string => `${path}.mended`

/** Whether the process that mended it was ended between two renames. */
export const isHalfMended = async (path: string): Promise<boolean> =>
  !(await isThere(path)) && (await isThere(freshOf(path)))

/**
 * [fatal] A database without its head is not opened: it would be made anew, and what is left of it deleted.
 * @param directory the data folder, for errors
 * @throws StoreError `store.corrupt`
 */
export async function requireHead(path: string, directory: string): Promise<void> {
  if ((await isHeadless(path)) || (await isHalfMended(path))) throw damagedStore(directory)
}

/** The newest of what can be read of a database. */
async function* readable(path: string): AsyncGenerator<[Uint8Array, Uint8Array]> {
  const newest = new Map<string, bigint>()
  for await (const { key, sequence } of levelEntries(path)) {
    const name = Buffer.from(key).toString('latin1')
    if (sequence >= (newest.get(name) ?? -1n)) newest.set(name, sequence)
  }
  for await (const { key, value, sequence } of levelEntries(path))
    if (value !== undefined && newest.get(Buffer.from(key).toString('latin1')) === sequence) yield [key, value]
}

/** Writes a database of what can be read of another: LevelDB's own way gives up at the rest. */
async function writeReadable(path: string, fresh: string): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(fresh, { keyEncoding: 'view', valueEncoding: 'view' })
  try {
    await db.open()
    await writeAll(db, readable(path))
  } finally {
    await db.close()
  }
}

async function freeName(path: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = `${path}.damaged${n === 1 ? '' : `-${n}`}`
    if (!(await isThere(name))) return name
  }
}

/** Whether LevelDB opens it. @throws StoreError `store.locked`, `store.disk-full`, `store.failed` */
async function opens(path: string, directory: string): Promise<boolean> {
  const db = new Level(path, { createIfMissing: false })
  try {
    await db.open()
    return true
  } catch (cause) {
    const error = storeError(cause, directory)
    if (!(error instanceof StoreError) || error.code !== 'store.corrupt') throw error
    return false
  } finally {
    await db.close()
  }
}

/**
 * Checks every file of a database that nobody has open, block by block. Of a damaged one what can be read is put in its
 * place, and it is kept beside it as it was.
 * @param directory the data folder, for errors
 * @throws StoreError `store.locked` where a node runs on it
 */
export async function mendLevel(path: string, directory: string): Promise<Mended> {
  const fresh = freshOf(path)
  try {
    if (await isHalfMended(path)) await rename(fresh, path)
    const faults: LevelFault[] = []
    // Before it is opened: what is damaged of a log is gone after that.
    for await (const _ of levelEntries(path, fault => faults.push(fault))) {
      /* reading it is the check */
    }
    if ((await opens(path, directory)) && faults.length === 0) return { faults, aside: undefined }
    await rm(fresh, { recursive: true, force: true })
    await writeReadable(path, fresh)
    const aside = await freeName(path)
    await rename(path, aside)
    await rename(fresh, path)
    await syncPath(dirname(path))
    return { faults, aside }
  } catch (error) {
    throw storeError(error, directory)
  }
}
