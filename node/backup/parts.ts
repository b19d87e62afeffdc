import { open, readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { Store } from '../store/index.ts'
import type { Transport } from '../transport/index.ts'
import { contentFolders, entryFolders, ownFolders } from './paths.ts'

/** One file of a copy of a data folder: where it goes, and its bytes, as many as it says. */
export interface BackupPart {
  readonly path: string
  readonly size: number
  readonly bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Bytes of entries that are one part: what is held in memory at once. */
const mostOfPart = 1 << 20
const pieceBytes = 1 << 18

/** Entries as lines of JSON, in parts of some size. */
async function* entryParts(folder: string, entries: AsyncIterable<[string, string]>): AsyncGenerator<BackupPart> {
  let lines: string[] = []
  let length = 0
  let count = 0
  const part = (): BackupPart => {
    const bytes = Buffer.from(lines.join(''))
    lines = []
    length = 0
    return { path: `${folder}/${String(++count).padStart(8, '0')}.jsonl`, size: bytes.length, bytes: [bytes] }
  }
  for await (const entry of entries) {
    const line = `${JSON.stringify(entry)}\n`
    lines.push(line)
    length += line.length
    if (length >= mostOfPart) yield part()
  }
  if (lines.length > 0) yield part()
}

async function* asText(records: AsyncIterable<[string, Uint8Array]>): AsyncGenerator<[string, string]> {
  for await (const [key, value] of records) yield [key, Buffer.from(value).toString('base64')]
}

/** The files below a folder, each as long as it was when it was opened; one that goes meanwhile is none. */
async function* fileParts(directory: string, folder: string): AsyncGenerator<BackupPart> {
  const top = join(directory, folder)
  for (const entry of await readdir(top, { recursive: true, withFileTypes: true }).catch(() => [])) {
    // What is being written has a name of its own until it is whole.
    if (!entry.isFile() || /\.(new|part|damaged)$/.test(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const file = await open(path).catch(() => undefined)
    if (file === undefined) continue
    try {
      const { size } = await file.stat()
      async function* bytes(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < size;) {
          const { bytesRead, buffer } = await file!.read(Buffer.alloc(Math.min(pieceBytes, size - at)), {
            position: at
          })
          if (bytesRead === 0) throw new TypeError(`${path} became shorter while it was copied`)
          at += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
      }
      yield { path: relative(directory, path).split(sep).join('/'), size, bytes: bytes() }
    } finally {
      await file.close()
    }
  }
}

/**
 * A consistent copy of a running node's folder, part after part, each to be read before the next. The database is as it
 * was at one moment; files that it refers to are read after that, and are never changed once they are whole. `whole`:
 * blocks and models as well, which otherwise are fetched from peers again when they are wanted. Neither trainings under
 * way are in it nor what is known of peers.
 */
export async function* backupParts(
  { store, transport }: { store: Pick<Store, 'copy'>; transport: Pick<Transport, 'heldRecords'> },
  directory: string,
  { whole }: { whole: boolean }
): AsyncGenerator<BackupPart> {
  yield* entryParts(entryFolders.store, store.copy())
  for (const folder of ownFolders) yield* fileParts(directory, folder)
  if (!whole) return
  yield* entryParts(entryFolders.held, asText(transport.heldRecords()))
  for (const folder of contentFolders) yield* fileParts(directory, folder)
}
