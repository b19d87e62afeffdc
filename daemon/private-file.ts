import { dirname } from 'node:path'
import { makeFolder } from './make-folder.ts'
import { writeWhole } from '../node/store/whole-file.ts'

/** Writes a file that only its owner reads, all of it or nothing, in a folder that is made if need be. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path))
  await writeWhole(path, text, { mode: 0o600 })
}
