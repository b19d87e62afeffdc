import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InvalidError } from '../protocol/primitives/index.ts'
import { markOf, runs } from '../node/runtime/processes.ts'
import type { ProcessMark } from '../node/runtime/processes.ts'
import { quoted } from '../node/runtime/quoted.ts'
import { writePrivate } from './private-file.ts'

/** Who runs on a folder: what `tilth down` ends. */
const noteName = 'process.json'
/** What a daemon leaves in its folder. */
export const apiNote = 'api.json'
const noteForm = z.object({ pid: z.int().min(1), born: z.string().optional() })

/** What a note in a folder says; undefined where there is none, or its bytes are no JSON. */
export async function readNote(folder: string, name: string): Promise<unknown> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => '')
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** The process that a note names, if it runs now. */
export async function runningIn(folder: string, name: string = noteName): Promise<ProcessMark | undefined> {
  const note = noteForm.safeParse(await readNote(folder, name))
  return note.success && (await runs(note.data)) ? note.data : undefined
}

/** [reject] One process a folder. @throws InvalidError `network.running` */
export async function requireFree(folder: string, name?: string): Promise<void> {
  const other = await runningIn(folder, name)
  if (other === undefined) return
  throw new InvalidError(
    'network.running',
    `a local network or chain runs in ${folder} already (process ${other.pid})`,
    {
      help: `End it with \`tilth down --data ${quoted(folder)}\`, or choose another folder.`
    }
  )
}

/** Says that this process runs there now. */
export async function takeFolder(folder: string): Promise<void> {
  await writePrivate(join(folder, noteName), JSON.stringify(await markOf(process.pid)))
}

/** Nothing runs there any more. */
export async function leaveFolder(folder: string): Promise<void> {
  await rm(join(folder, noteName), { force: true })
}
