import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { LimitError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { ShelfDeps } from '../../../node/shelf/index.ts'

/** A CID that stands for a name. */
export const cidOf = async (name: string): Promise<string> =>
  CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(name))).toString()

export interface FakeFiles {
  readonly files: ShelfDeps['files']
  /** Folders that somebody has, by CID: their size; what is not here is nobody's. */
  readonly had: Map<string, number>
  /** Every fetch that began, by CID. */
  readonly fetched: string[]
  /** Awaited in the middle of each fetch. */
  gate: () => Promise<void>
}

/** Content by CID without a network: folders of one file, of the size that they are said to have. */
export function fakeFiles(): FakeFiles {
  const had = new Map<string, number>()
  const lent = new Map<string, string>()
  const fetched: string[] = []
  const sizeOf = (cid: string): number => {
    const size = had.get(cid)
    if (size === undefined) throw new NotFoundError('files.unavailable', `nobody had ${cid}`, { consequence: 'retry' })
    return size
  }
  const fake: FakeFiles = {
    had,
    fetched,
    gate: async () => undefined,
    files: {
      async list(cid, { maxBytes, signal }) {
        signal?.throwIfAborted()
        const size = sizeOf(cid)
        if (size > maxBytes) throw new LimitError('files.too-large', 'too large')
        return [{ path: 'model', size }]
      },
      async fetchDirectory(cid, to, { maxBytes, admit, signal, onBytes, pace }) {
        const [listed] = await fake.files.list(cid, { maxBytes, ...(signal === undefined ? {} : { signal }) })
        const { size } = listed ?? { size: 0 }
        await admit?.([{ path: 'model', size }])
        fetched.push(cid)
        await mkdir(to, { recursive: true })
        await writeFile(join(to, 'model'), new Uint8Array(Math.floor(size / 2)))
        signal?.throwIfAborted()
        await Promise.race([
          fake.gate(),
          new Promise<never>((_, reject) => {
            signal?.addEventListener('abort', () => {
              reject(signal.reason as Error)
            })
          })
        ])
        signal?.throwIfAborted()
        onBytes?.(size)
        await pace?.(size, signal ?? new AbortController().signal)
        await writeFile(join(to, 'model'), new Uint8Array(size))
      },
      async addDirectory(path) {
        const name = (await readdir(path))[0] ?? ''
        const cid = await cidOf(name)
        had.set(cid, (await stat(join(path, name))).size)
        return cid
      },
      async lend(cid, folder) {
        lent.set(cid, folder)
      },
      lentFrom: async cid => lent.get(cid),
      async takeBack(cid) {
        lent.delete(cid)
      }
    }
  }
  return fake
}

/** A folder with one file of that name and size. */
export async function folderWith(root: string, name: string, size: number): Promise<string> {
  const path = join(root, `source-${name}`)
  await mkdir(path, { recursive: true })
  await writeFile(join(path, name), new Uint8Array(size))
  return path
}
