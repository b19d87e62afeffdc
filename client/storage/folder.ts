import { createReadStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { TilthError } from '../../protocol/primitives/index.ts'
import { writeWhole } from '../../node/store/whole-file.ts'
import type { Rows, Storage } from '../types.ts'
import { lock } from './lock.ts'

// A journal of lines, each a change that was whole when it was written: what a cut-off last line said was promised to
// nobody yet. It is written anew, without what was overwritten, each time it is opened and when it is mostly that.

/** Bytes to which a journal may grow that was so long without what was overwritten. */
const mostBytes = (live: number): number => 4 * live + (1 << 20)

const lineForm = z.array(z.tuple([z.string(), z.string().nullable()]))

const failed = (path: string, cause: unknown): TilthError =>
  new TilthError('client.storage', `what was signed cannot be kept in ${path}`, {
    help: 'See that the disk has room and the folder belongs to you: without that nothing can be paid safely.',
    cause
  })

type Change = readonly [key: string, value: string | null]

function apply(rows: Map<string, string>, changes: readonly Change[]): void {
  for (const [key, value] of changes)
    if (value === null) rows.delete(key)
    else rows.set(key, value)
}

/** Line by line: together they may be longer than a text can be. What comes after the last end was cut off. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/** @throws TilthError `client.storage` where a line within it cannot be read */
async function readRows(path: string): Promise<Map<string, string>> {
  const rows = new Map<string, string>()
  try {
    for await (const line of linesOf(path)) apply(rows, lineForm.parse(JSON.parse(line)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw failed(path, error)
  }
  return rows
}

/** The journal without what was overwritten. @returns its bytes */
async function writeAnew(path: string, rows: ReadonlyMap<string, string>): Promise<number> {
  const text = [...rows].map(row => `${JSON.stringify([row])}\n`).join('')
  await writeWhole(path, text, { mode: 0o600 })
  return Buffer.byteLength(text)
}

/** What was signed, in a file of a folder for each account and network. */
export const folderStorage = (folder: string): Storage => ({
  async open(name) {
    const path = resolve(folder, `${name.replaceAll(/[^\w.-]+/g, '-')}.jsonl`)
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw failed(folder, error)
    })
    const release = await lock(path).catch((error: unknown) => {
      throw error instanceof TilthError ? error : failed(path, error)
    })
    try {
      const rows = await readRows(path)
      const bytes = await writeAnew(path, rows)
      return rowsIn(path, rows, { file: await open(path, 'a'), bytes }, release)
    } catch (error) {
      await release()
      throw error instanceof TilthError ? error : failed(path, error)
    }
  }
})

function rowsIn(
  path: string,
  rows: Map<string, string>,
  { file, bytes }: { file: FileHandle; bytes: number },
  release: () => Promise<void>
): Rows {
  let most = mostBytes(bytes)
  let waiting: { changes: readonly Change[]; done: () => void; failed: (error: unknown) => void }[] = []
  let running: Promise<void> | undefined
  let broken: TilthError | undefined

  async function shorten(): Promise<void> {
    await file.close()
    bytes = await writeAnew(path, rows)
    most = mostBytes(bytes)
    file = await open(path, 'a')
  }

  /** What is written at the same time goes to the disk together. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const now = waiting
      waiting = []
      try {
        if (broken !== undefined) throw broken
        const text = now.map(({ changes }) => `${JSON.stringify(changes)}\n`).join('')
        await file.appendFile(text)
        await file.datasync()
        for (const { changes } of now) apply(rows, changes)
        bytes += Buffer.byteLength(text)
        if (bytes > most) await shorten()
        for (const { done } of now) done()
      } catch (error) {
        // After half a line nothing that follows could be read: no more is promised until it was opened anew.
        broken ??= failed(path, error)
        for (const one of now) one.failed(broken)
      }
    }
    running = undefined
  }

  return {
    all: async () => rows,
    write: changes =>
      new Promise((done, failed) => {
        waiting.push({ changes, done, failed })
        running ??= flush()
      }),
    async close() {
      await running
      await file.close() // again, where it failed while it was written anew: that does nothing
      await release()
    }
  }
}
