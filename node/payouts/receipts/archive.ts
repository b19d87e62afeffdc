import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Log } from '../../runtime/types.ts'
import { openSegment, sequenceKey, StoreError, writeSegment } from '../../store/index.ts'
import type { Segment } from '../../store/index.ts'
import { archived } from './tables.ts'
import type { Archived, ArchiveRow, Tables } from './tables.ts'

/** Files that are kept open: each its sparse index, some 40 KB for 20,000 receipts. */
const maxOpen = 16

interface OpenFile {
  readonly segment: Promise<Segment>
  readers: number
}

/**
 * What is final, in files: one for each pool and epoch. A file is written and named before a row says that it is there,
 * and rows of what it holds go in the same batch as that row comes: a crash between leaves a file that no row names.
 */
export interface Archive {
  /** Removes what a crash left half done; says which files are missing. */
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * Writes a file. It counts once its row is in `archives`, in the batch that removes what it holds.
   * @param entries in the order of their keys
   */
  write(
    pool: Hex | null,
    epoch: number,
    entries: AsyncIterable<readonly [key: string, entry: Archived]>
  ): Promise<{ number: number; row: ArchiveRow }>
  /** Undefined where its file is lost or damaged, which is said once. */
  get(number: number, key: string): Promise<Archived | undefined>
}

export function createArchive(folder: string, { archives }: Pick<Tables, 'archives'>, log: Pick<Log, 'warn'>): Archive {
  const files = new Map<number, OpenFile>()
  const lost = new Set<string>()
  let isStopped = false

  /** Set aside under another name, so that nobody trips over it again. */
  async function setAside(file: string, error: unknown): Promise<void> {
    if (lost.has(file)) return
    if (lost.size < 1000) lost.add(file)
    log.warn('a file of archived receipts cannot be read and is set aside', { file, error })
    await rename(join(folder, file), join(folder, `${file}.damaged`)).catch((cause: unknown) => {
      log.warn('it could not be renamed', { file, error: cause })
    })
  }

  async function close(file: OpenFile): Promise<void> {
    if (file.readers === 0) await file.segment.then(one => one.close()).catch(() => undefined)
  }

  /** Reads in a file, which is not closed meanwhile. */
  async function within<T>(number: number, name: string, read: (segment: Segment) => Promise<T>): Promise<T> {
    const file = files.get(number) ?? { segment: openSegment(join(folder, name)), readers: 0 }
    // What was used last goes last.
    files.delete(number)
    files.set(number, file)
    file.readers++
    const [oldest] = files
    if (files.size > maxOpen && oldest !== undefined) {
      files.delete(oldest[0])
      await close(oldest[1])
    }
    try {
      return await read(await file.segment)
    } finally {
      file.readers--
      if (isStopped) files.delete(number) // who still read while the node stopped leaves nothing open
      if (files.get(number) !== file) await close(file)
    }
  }

  return {
    async start() {
      await mkdir(folder, { recursive: true })
      const found = new Set(await readdir(folder))
      for await (const { file } of archives.values())
        if (!found.delete(file)) log.warn('a file of archived receipts is missing', { file: join(folder, file) })
      for (const file of found) if (!file.endsWith('.damaged')) await rm(join(folder, file), { force: true })
    },
    async stop() {
      isStopped = true
      for (const file of files.values()) await close(file)
      files.clear()
    },
    async write(pool, epoch, entries) {
      let number = 0
      for await (const key of archives.keys({ reverse: true, limit: 1 })) number = Number(key) + 1
      const file = `${sequenceKey(number)}-${pool?.slice(2, 14) ?? 'none'}-${epoch}.receipts`
      const texts = async function* (): AsyncGenerator<[string, string]> {
        for await (const [key, entry] of entries) yield [key, canonicalJson(entry)]
      }
      const { count } = await writeSegment(join(folder, file), texts())
      return { number, row: { pool, epoch, file, count } }
    },
    async get(number, key) {
      const row = await archives.get(sequenceKey(number))
      if (row === undefined || lost.has(row.file)) return undefined
      try {
        const text = await within(number, row.file, segment => segment.get(key))
        return text === undefined ? undefined : decode(text, row.file)
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== 'store.corrupt') throw error
        const file = files.get(number)
        files.delete(number)
        if (file !== undefined) await close(file)
        await setAside(row.file, error)
        return undefined
      }
    }
  }
}

function decode(text: string, file: string): Archived {
  try {
    return archived.parse(JSON.parse(text))
  } catch (cause) {
    throw new StoreError('store.corrupt', `the file ${file} holds what this version does not archive`, { cause })
  }
}
