import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from './make-folder.ts'
import { writeWhole } from '../node/store/whole-file.ts'

/** Writes a file that only its owner reads, all of it or nothing, in a folder that is made if need be. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path))
  await writeWhole(path, text, { mode: 0o600 })
}

/** Such a file's text; undefined where it was never written. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
