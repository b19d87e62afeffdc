import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false
  )

/** What stands at a path is on disk: a file's bytes, or a folder's own entries (a new or renamed file in it). */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Writes a file that after a crash is whole, old or new; the new one is on disk when this resolves. */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode }: { mode?: number } = {}
): Promise<void> {
  const fresh = `${path}.${randomBytes(4).toString('hex')}.new`
  try {
    const file = await open(fresh, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, path)
    await syncPath(dirname(path))
  } catch (error) {
    await rm(fresh, { force: true }) // on a full disk the half of a file is space that is missed
    throw error
  }
}
