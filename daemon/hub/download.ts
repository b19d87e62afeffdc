import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidError, LimitError, TilthError } from '../../protocol/primitives/index.ts'
import { fileUrl, headersOf } from './listing.ts'
import type { Hub, HubFile, HubModel } from './listing.ts'

/** Tries of a file that bring nothing new, one after another. */
const mostTries = 5
const firstWaitMs = 500
/** A line that is silent for so long is given up, and taken up again. */
const silentMs = 60_000
/** Bytes of a disk that stay free. */
const spareDisk = 2 ** 29

export interface DownloadOptions {
  /** Folder in which files and parts of them stand. */
  readonly folder: string
  readonly onBytes?: (done: number, of: number) => void
  readonly waitMs?: number
}

/**
 * Brings files of a model, each checked against the hash that the hub's list has. A part that an earlier call left is
 * gone on with; what is there whole is not asked for again.
 * @throws LimitError `hub.disk` · InvalidError `hub.hash` · TilthError `hub.unreachable`
 */
export async function download(
  hub: Hub,
  model: HubModel,
  files: readonly HubFile[],
  { folder, onBytes, waitMs = firstWaitMs }: DownloadOptions
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const total = files.reduce((sum, { size }) => sum + size, 0)
  const there = new Map<string, number>()
  for (const { path } of files)
    there.set(path, (await sizeOf(join(folder, path))) ?? (await sizeOf(part(folder, path))) ?? 0)
  let done = [...there.values()].reduce((sum, size) => sum + size, 0)
  const { bavail, bsize } = await statfs(folder)
  // [reject] What cannot fit is not begun.
  if (total - done > bavail * bsize - spareDisk)
    throw new LimitError('hub.disk', `${total - done} bytes do not fit on the disk of ${folder}`)
  for (const file of files) {
    const target = join(folder, file.path)
    if ((await sizeOf(target)) === file.size && (await isWhole(target, file))) continue
    await rm(target, { force: true })
    // What stood there is no part of it: only what its part has was brought before.
    done += ((await sizeOf(part(folder, file.path))) ?? 0) - (there.get(file.path) ?? 0)
    await bring(hub, model, file, {
      to: part(folder, file.path),
      waitMs,
      moved: bytes => {
        done += bytes
        onBytes?.(done, total)
      }
    })
    // [reject] What came is what the list says.
    if (!(await isWhole(part(folder, file.path), file))) {
      await rm(part(folder, file.path), { force: true })
      throw new InvalidError('hub.hash', `${file.path} of ${model.name} is not what the hub's list says`, {
        help: 'Try again; if it stays so, whoever serves the file serves another one.'
      })
    }
    await rename(part(folder, file.path), target)
  }
}

const part = (folder: string, path: string): string => join(folder, `${path}.part`)

const sizeOf = async (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined // it is not there
  )

async function isWhole(path: string, { size, hash }: HubFile): Promise<boolean> {
  if ((await sizeOf(path)) !== size) return false
  const sum = createHash(hash.kind === 'sha256' ? 'sha256' : 'sha1')
  if (hash.kind === 'git') sum.update(`blob ${size}\0`)
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) sum.update(bytes as Buffer)
  return sum.digest('hex') === hash.hex
}

interface Bringing {
  readonly to: string
  readonly waitMs: number
  readonly moved: (bytes: number) => void
}

/** Fetches a file from where an earlier try stopped, until it has its length. */
async function bring(hub: Hub, model: HubModel, file: HubFile, { to, waitMs, moved }: Bringing): Promise<void> {
  const handle = await open(to, 'a')
  try {
    for (let tries = 0; ;) {
      const { size: before } = await handle.stat()
      if (before > file.size) await handle.truncate(0).then(() => moved(-before))
      else if (before === file.size) break
      let cause: unknown
      try {
        await once(hub, fileUrl(hub, model, file.path), file, { handle, moved })
      } catch (error) {
        if (error instanceof InvalidError) throw error
        cause = error
      }
      const { size: after } = await handle.stat()
      if (after === file.size) break
      tries = after > before ? 0 : tries + 1
      if (tries >= mostTries)
        throw new TilthError('hub.unreachable', `${file.path} of ${model.name} does not come`, {
          cause,
          help: 'The same command goes on where this one stopped.'
        })
      await sleep(waitMs * 2 ** tries)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function once(
  hub: Hub,
  url: string,
  file: HubFile,
  { handle, moved }: { readonly handle: FileHandle; readonly moved: (bytes: number) => void }
): Promise<void> {
  let { size: at } = await handle.stat()
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), silentMs)
  try {
    const response = await fetch(url, {
      headers: { ...headersOf(hub), ...(at === 0 ? {} : { range: `bytes=${at}-` }) },
      signal: silence.signal
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new TilthError('hub.unreachable', `the hub answered ${response.status} for ${file.path}`)
    }
    // A server that knows no ranges sends the whole again.
    if (at > 0 && response.status !== 206) {
      await handle.truncate(0)
      moved(-at)
      at = 0
    }
    for await (const bytes of response.body ?? []) {
      timer.refresh()
      at += bytes.length
      // [reject] No more comes than the list says.
      if (at > file.size) throw new InvalidError('hub.answer', `${file.path} is longer than the hub's list says`)
      await handle.write(bytes)
      moved(bytes.length)
    }
  } finally {
    clearTimeout(timer)
    silence.abort()
  }
}
