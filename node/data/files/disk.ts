import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FileSource } from '../../../protocol/data/files/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'

/** A file on disk that is open, until it is closed. */
export interface DiskFile extends FileSource {
  close(): Promise<void>
}

/** Opens a file on disk to be read from anywhere in it. @throws InvalidError `file.read` */
export async function openOnDisk(path: string): Promise<DiskFile> {
  let handle
  try {
    handle = await open(path, 'r')
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new InvalidError('file.read', missing ? `there is no file ${path}` : `${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
  const found = await handle.stat()
  // [reject] A file is read, and nothing else: a folder has no rows, a device no end.
  if (!found.isFile()) {
    await handle.close()
    throw new InvalidError('file.read', `${path} is ${found.isDirectory() ? 'a folder' : 'no file'}`, {
      help: 'Name one file of rows.'
    })
  }
  return {
    name: basename(path),
    size: found.size,
    async slice(from, to) {
      const bytes = new Uint8Array(Math.max(0, to - from))
      let at = 0
      while (at < bytes.length) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at)
        if (bytesRead === 0) break
        at += bytesRead
      }
      return at === bytes.length ? bytes : bytes.subarray(0, at)
    },
    close: () => handle.close()
  }
}
