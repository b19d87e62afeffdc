import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { fillStore } from '../store/index.ts'
import { writeHeldRecords } from '../transport/index.ts'
import { entryFolders, isPartPath } from './paths.ts'

/** A new data folder that is being made of a copy's parts. */
export interface Restoring {
  /** Writes one part. @throws InvalidError `backup.path` */
  take(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void>
  /**
   * Makes the databases of what was taken.
   *
   * @param moved the data folder that was copied, and where this one will stand
   * @param format of the copied database
   * @returns how many entries each has
   */
  finish(moved: { from: string; to: string }, format: number): Promise<{ store: number; held: number }>
}

async function* linesIn(folder: string): AsyncGenerator<[string, string]> {
  for (const name of (await readdir(folder).catch(() => [])).toSorted((a, b) => (a < b ? -1 : 1))) {
    const lines = createInterface({ input: createReadStream(join(folder, name)), crlfDelay: Infinity })
    for await (const line of lines) {
      const entry: unknown = JSON.parse(line)
      if (!Array.isArray(entry) || typeof entry[0] !== 'string' || typeof entry[1] !== 'string')
        throw new InvalidError('backup.entry', `${name} holds something that is no entry`)
      yield [entry[0], entry[1]]
    }
  }
}

async function* asBytes(entries: AsyncIterable<[string, string]>): AsyncGenerator<[string, Uint8Array]> {
  for await (const [key, text] of entries) yield [key, Buffer.from(text, 'base64')]
}

/** @param directory of its own, and empty */
export function createRestoring(directory: string): Restoring {
  return {
    async take(path, bytes) {
      if (!isPartPath(path))
        throw new InvalidError('backup.path', `${JSON.stringify(path.slice(0, 80))} in it is no part of a copy`, {
          help: 'Name a file that `tilth backup` wrote.'
        })
      const to = join(directory, ...path.split('/'))
      await mkdir(dirname(to), { recursive: true, mode: 0o700 })
      const file = createWriteStream(to, { flags: 'wx', mode: 0o600, flush: true })
      await pipeline(Readable.from(bytes, { objectMode: false }), file)
    },
    async finish(moved, format) {
      const folderOf = (what: keyof typeof entryFolders): string => join(directory, ...entryFolders[what].split('/'))
      const store = await fillStore(join(directory, 'store'), linesIn(folderOf('store')), format)
      const ipfs = join(directory, 'ipfs')
      await mkdir(ipfs, { recursive: true, mode: 0o700 })
      const held = await writeHeldRecords(ipfs, asBytes(linesIn(folderOf('held'))), moved)
      await rm(join(directory, 'entries'), { recursive: true, force: true })
      return { store, held }
    }
  }
}
