import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those it stands in, one after another. Node's own recursive way tries for ever where the system
 * takes no folders (/proc), so that a mistyped path would hang.
 * @throws as mkdir, at once
 */
export async function makeFolder(path: string, options: { mode?: number } = {}): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); ; at = dirname(at)) {
    const there = await stat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (there?.isDirectory() === true) break
    if (there !== undefined) throw Object.assign(new Error(`${at} is a file, no folder`), { code: 'ENOTDIR' })
    missing.unshift(at)
  }
  for (const folder of missing)
    await mkdir(folder, options).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error // made by another meanwhile
    })
}
