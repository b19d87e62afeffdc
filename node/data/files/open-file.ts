import { isCostly, readFile, sourceOfBytes } from '../../../protocol/data/files/index.ts'
import type { MappingView, ReadFile, ReadOptions } from '../../../protocol/data/files/index.ts'
import { programBeside } from '../../runtime/program.ts'
import { openSandbox } from '../../runtime/sandbox/index.ts'
import { openOnDisk } from './disk.ts'
import type { DiskFile } from './disk.ts'
import type { tasks } from './program.ts'

/** A file on disk, or one that came in a request. */
export type FileContent = { readonly path: string } | { readonly name: string; readonly bytes: Uint8Array }

/** A file that is being read; whoever does not read it to its end closes it. */
export interface OpenFile extends ReadFile {
  /** Bytes of it in all. */
  readonly size: number
  close(): Promise<void>
}

/** Parsers of packed and binary files run where they can be ended, as long and as large as this. */
const limits = {
  program: programBeside(import.meta.url, 'program'),
  beginMs: 60_000,
  heapMb: 384,
  processes: 1,
  queue: 2,
  idleMs: 30_000
}
/** To see what a file is; a document is read whole then. */
const openMs = 120_000
/** For the next rows. */
const nextMs = 60_000

/**
 * Opens a file of rows in any container and layout. Text is read here; what has to be unpacked first, by a process that
 * may read and nothing else, and is ended when it takes too much.
 * @throws InvalidError `file.*` · SandboxError, also while its rows are read
 */
export async function openFile(content: FileContent, options: ReadOptions = {}): Promise<OpenFile> {
  const disk = 'path' in content ? await openOnDisk(content.path) : undefined
  const source = 'path' in content ? (disk as DiskFile) : sourceOfBytes(content.name, content.bytes)
  const close = async (): Promise<void> => {
    await disk?.close()
  }
  try {
    const head = await source.slice(0, Math.min(source.size, 32))
    if (!isCostly(head)) {
      const file = await readFile(source, options)
      return { ...file, size: source.size, close }
    }
  } catch (cause) {
    await close()
    throw cause
  }
  await close()
  return inSandbox(source.name, source.size, content, options)
}

async function inSandbox(
  name: string,
  size: number,
  content: FileContent,
  { said, ...options }: ReadOptions
): Promise<OpenFile> {
  const sandbox = openSandbox<typeof tasks>(limits)
  try {
    const opened = await sandbox.run(name, 'open', { name, content, options }, openMs)
    let mappings: MappingView[] = []
    let fields: string[] = []
    async function* rows(): ReadFile['rows'] {
      try {
        for (let isLast = false; !isLast;) {
          const batch = await sandbox.run(name, 'next', undefined, nextMs)
          ;({ isLast, mappings, fields } = batch)
          said?.(batch.bytes)
          if (batch.rows.length > 0) yield batch.rows
        }
      } finally {
        sandbox.close()
      }
    }
    const close = async (): Promise<void> => sandbox.close()
    return { ...opened, size, rows: rows(), mappings: () => mappings, fields: () => fields, close }
  } catch (cause) {
    sandbox.close()
    throw cause
  }
}
