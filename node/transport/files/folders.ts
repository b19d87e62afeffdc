import { createReadStream } from 'node:fs'
import type { ReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
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

/** Files that are flushed at once while others are written. */
const mostFlushing = 8

/** Files that go to the disk side by side: one after another, each would wait for the disk by itself. */
interface Writing {
  write(path: string, content: AsyncIterable<Uint8Array>): Promise<void>
  /** What was written is on disk, or this throws; nothing is under way any more in either case. */
  end(): Promise<void>
}

function createWriting(): Writing {
  const flushing = new Set<Promise<void>>()
  let failed: unknown
  async function fewerThan(most: number): Promise<void> {
    while (flushing.size >= most) await Promise.race(flushing)
    if (failed !== undefined) throw failed
  }
  async function flush(file: FileHandle): Promise<void> {
    try {
      await file.sync().finally(() => file.close())
    } catch (error) {
      failed ??= error
    }
  }
  return {
    async write(path, content) {
      await fewerThan(mostFlushing)
      const file = await open(path, 'w')
      try {
        for await (const chunk of content)
          // A disk that is all but full takes a part, and says so only of the next.
          for (let at = 0; at < chunk.length;) at += (await file.write(chunk, at)).bytesWritten
      } catch (error) {
        await file.close()
        throw error
      }
      const flushed = flush(file).finally(() => flushing.delete(flushed))
      flushing.add(flushed)
    },
    end: () => fewerThan(1)
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
  const writing = createWriting()
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
      await writing.write(path, content(entry))
    }
    await writing.end()
    await Promise.all([...folders].map(syncPath))
    await replace(fresh, target)
  } catch (error) {
    await writing.end().catch(() => undefined) // it fails by the first error
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
