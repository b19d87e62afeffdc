import { createReadStream } from 'node:fs'
import type { ReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import { storeError, syncPath } from '../../store/index.ts'

/**
 * A folder's files with their relative paths, in byte order, so that one folder has one CID whatever order the file
 * system lists it in.
 * @throws InvalidError `files.not-plain` for links, devices and the like
 */
export async function* readTree(root: string, under = ''): AsyncGenerator<{ path: string; content: ReadStream }> {
  const entries = await readdir(join(root, under), { withFileTypes: true })
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  for (const entry of entries) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`
    if (entry.isDirectory()) yield* readTree(root, path)
    else if (entry.isFile()) yield { path, content: createReadStream(join(root, path)) }
    else
      throw new InvalidError('files.not-plain', `${join(root, path)} is neither a file nor a folder`, {
        help: 'Replace links by what they point to.'
      })
  }
}

async function writeFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w')
  try {
    for await (const chunk of content) await file.write(chunk)
    await file.sync()
  } finally {
    await file.close()
  }
}

let writes = 0

/**
 * Writes files under a folder that appears complete and on disk, or not at all; a folder that was there is replaced.
 * @throws InvalidError `files.bad-path` · StoreError · whatever the content throws
 */
export async function writeTree<E extends { path: string }>(
  toPath: string,
  entries: readonly E[],
  content: (entry: E) => AsyncIterable<Uint8Array>
): Promise<void> {
  const target = resolve(toPath)
  const fresh = `${target}.${process.pid}-${writes++}.new`
  try {
    await mkdir(fresh, { recursive: true })
    const folders = new Set([fresh])
    for (const entry of entries) {
      const path = resolve(fresh, ...entry.path.split('/'))
      // [reject] Whatever a folder's names say, nothing is written outside it.
      if (!path.startsWith(fresh + sep))
        throw new InvalidError(
          'files.bad-path',
          `a folder has an entry that leads out of it: ${JSON.stringify(entry.path.slice(0, 80))}`
        )
      await mkdir(dirname(path), { recursive: true })
      folders.add(dirname(path))
      await writeFile(path, content(entry))
    }
    for (const folder of folders) await syncPath(folder)
    await replace(fresh, target)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw error instanceof TilthError || !isSystemError(error) ? error : storeError(error, target)
  }
}

async function replace(fresh: string, target: string): Promise<void> {
  const old = `${fresh}.old`
  try {
    await rename(target, old)
  } catch (error) {
    if (!(isSystemError(error) && error.code === 'ENOENT')) throw error
  }
  await rename(fresh, target)
  await syncPath(dirname(target))
  await rm(old, { recursive: true, force: true })
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error
