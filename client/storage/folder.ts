import { mkdir, open, readFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { TilthError } from '../../protocol/primitives/index.ts'
import { writeWhole } from '../../node/store/whole-file.ts'
import type { Rows, Storage } from '../types.ts'
import { lock } from './lock.ts'

// A journal of lines, each a change that was whole when it was written: what a cut-off last line said was promised to
// nobody yet. It is written anew, without what was overwritten, each time it is opened.

const lineForm = z.array(z.tuple([z.string(), z.string().nullable()]))

const failed = (path: string, cause: unknown): TilthError =>
  new TilthError('client.storage', `what was signed cannot be kept in ${path}`, {
    help: 'See that the disk has room and the folder belongs to you: without that nothing can be paid safely.',
    cause
  })

/** @throws TilthError `client.storage` where a line within it cannot be read */
async function readRows(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw failed(path, error)
  })
  const rows = new Map<string, string>()
  const lines = text.split('\n')
  for (const [i, line] of lines.entries()) {
    // What comes after the last line's end was cut off by a crash.
    if (i === lines.length - 1) break
    try {
      for (const [key, value] of lineForm.parse(JSON.parse(line)))
        if (value === null) rows.delete(key)
        else rows.set(key, value)
    } catch (cause) {
      throw failed(path, cause)
    }
  }
  return rows
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
      await writeWhole(path, rows.size === 0 ? '' : `${JSON.stringify([...rows])}\n`, { mode: 0o600 })
      return rowsIn(path, rows, await open(path, 'a'), release)
    } catch (error) {
      await release()
      throw error instanceof TilthError ? error : failed(path, error)
    }
  }
})

function rowsIn(
  path: string,
  before: ReadonlyMap<string, string>,
  file: FileHandle,
  release: () => Promise<void>
): Rows {
  let waiting: { text: string; done: () => void; failed: (error: unknown) => void }[] = []
  let running: Promise<void> | undefined
  let broken: TilthError | undefined

  /** What is written at the same time goes to the disk together. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const now = waiting
      waiting = []
      try {
        if (broken !== undefined) throw broken
        await file.appendFile(now.map(({ text }) => text).join(''))
        await file.datasync()
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
    all: async () => before,
    write: changes =>
      new Promise((done, failed) => {
        waiting.push({ text: `${JSON.stringify(changes)}\n`, done, failed })
        running ??= flush()
      }),
    async close() {
      await running
      await file.close()
      await release()
    }
  }
}
