import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { TilthError } from '../../protocol/primitives/index.ts'
import { writeWhole } from '../../node/store/whole-file.ts'
import type { Rows, Storage } from '../types.ts'

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

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const held = new Set<string>()

/** Two processes that pay from one channel would promise the same money twice. */
async function lock(path: string): Promise<() => Promise<void>> {
  const taken = (): TilthError =>
    new TilthError('client.in-use', `another client has ${path} open`, {
      help: 'End it, or give this one a folder or a key of its own.'
    })
  if (held.has(path)) throw taken()
  for (let tries = 0; ; tries++) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' })
      held.add(path)
      return async () => {
        held.delete(path)
        await rm(path, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw failed(path, error)
      const pid = Number(await readFile(path, 'utf8').catch(() => '0'))
      if (tries > 0 || (pid !== process.pid && pid > 0 && isAlive(pid))) throw taken()
      await rm(path, { force: true }) // of a process that was killed
    }
  }
}

/** What was signed, in a file of a folder for each account and network. */
export const folderStorage = (folder: string): Storage => ({
  async open(name) {
    const path = join(folder, `${name.replaceAll(/[^\w.-]+/g, '-')}.jsonl`)
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw failed(folder, error)
    })
    const release = await lock(`${path}.lock`)
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
