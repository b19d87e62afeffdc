import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { logEntries } from './log.ts'
import { tableEntries } from './table.ts'
import type { LevelEntry } from './table.ts'

/** A file of a database, and what is wrong in it. */
export interface LevelFault {
  readonly file: string
  readonly why: string
}

const isTable = (name: string): boolean => /\.(ldb|sst)$/.test(name)
const isLog = (name: string): boolean => name.endsWith('.log')

/** Files with entries. */
async function filesOf(path: string): Promise<string[]> {
  return (await readdir(path)).filter(name => isTable(name) || isLog(name)).sort()
}

/** Whether a database lost the file which says which of the others are it. */
export async function isHeadless(path: string): Promise<boolean> {
  const names: string[] = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  return names.length > 0 && !names.includes('CURRENT') && names.some(name => isTable(name) || isLog(name))
}

/** Every entry of every file, older ones of a key too, as far as checksums say that it is what was written. */
export async function* levelEntries(
  path: string,
  told: (fault: LevelFault) => void = () => undefined
): AsyncGenerator<LevelEntry> {
  for (const file of await filesOf(path)) {
    const bytes = await readFile(join(path, file))
    const tell = (why: string): void => {
      told({ file, why })
    }
    yield* isTable(file) ? tableEntries(bytes, tell) : logEntries(bytes, tell)
  }
}
