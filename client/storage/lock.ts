import { randomBytes } from 'node:crypto'
import { readFile, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { TilthError } from '../../protocol/primitives/index.ts'
import { markOf, runs } from '../../node/runtime/processes.ts'
import type { ProcessMark } from '../../node/runtime/processes.ts'
import { writeWhole } from '../../node/store/whole-file.ts'

// Each process that wants a file puts a whole note of itself beside it, and only then looks for those of others: of two
// at least one sees the other's, so never do both have it. What a killed process left is known by when it began.

const markForm = z.object({ pid: z.int().positive(), born: z.string().max(200).optional() })

/** Undefined for what is no note, which no process is waiting behind: notes are whole. */
const read = (text: string): ProcessMark | undefined => {
  try {
    return markForm.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const tries = 4
const held = new Set<string>()

/** The notes of processes that run. Those of others are removed. */
async function othersOf(path: string, own: string): Promise<number> {
  const prefix = `${basename(path)}.lock.`
  let count = 0
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{16}$/.test(name.slice(prefix.length))) continue
    const note = join(dirname(path), name)
    if (note === own) continue
    const text = await readFile(note, 'utf8').catch(() => undefined)
    if (text === undefined) continue // it has just been given up
    const mark = read(text)
    if (mark !== undefined && (await runs(mark))) count++
    else await rm(note, { force: true })
  }
  return count
}

/**
 * Two processes that pay from one channel would promise the same money twice.
 * @param path as `resolve` gives it @returns what gives it up @throws TilthError `client.in-use`; as the file system
 */
export async function lock(path: string): Promise<() => Promise<void>> {
  const taken = (): TilthError =>
    new TilthError('client.in-use', `another client has ${path} open`, {
      help: 'End it, or give this one a folder or a key of its own.'
    })
  if (held.has(path)) throw taken()
  held.add(path)
  const own = `${path}.lock.${randomBytes(8).toString('hex')}`
  const release = async (): Promise<void> => {
    held.delete(path)
    await rm(own, { force: true })
  }
  try {
    const mark = JSON.stringify(await markOf(process.pid))
    for (let i = 1; ; i++) {
      await writeWhole(own, mark, { mode: 0o600 })
      if ((await othersOf(path, own)) === 0) return release
      // Two that came at the same moment both step back, and do not come back at the same moment.
      await rm(own, { force: true })
      if (i === tries) throw taken()
      await sleep(20 + Math.random() * 100)
    }
  } catch (error) {
    await release()
    throw error
  }
}
