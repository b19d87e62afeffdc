import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../protocol/primitives/index.ts'
import { keystoreAddress } from '../keys/index.ts'
import { openPins } from '../names/index.ts'
import { apiNote } from '../running.ts'
import { readSpending } from '../spending/file.ts'

/** What of the daemon's own small files was found, and what became of it. */
export interface FilesFinding {
  readonly part: 'files'
  readonly checked: number
  readonly damaged: readonly { readonly name: string; readonly why: string }[]
  /** Those that nobody but their owner can put right. */
  readonly left: readonly string[]
}

const isJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'))

interface Look {
  readonly name: string
  readonly read: (path: string) => Promise<unknown>
  /** What becomes of a damaged one: it goes, it is set aside, or it stays for its owner to put right. */
  readonly fate: 'gone' | 'aside' | 'left'
  readonly next: string
}

const looks: readonly Look[] = [
  { name: apiNote, read: isJson, fate: 'gone', next: 'a daemon writes it anew at its start' },
  { name: 'sessions.json', read: isJson, fate: 'gone', next: 'browsers sign in anew' },
  { name: 'pins.json', read: openPins, fate: 'aside', next: 'names that were pinned have to be pinned anew' },
  { name: 'api-keys.json', read: readSpending, fate: 'aside', next: 'keys of the API have to be made anew' },
  { name: 'config.json', read: isJson, fate: 'left', next: 'mend it, or move it away: flags can say what it said' },
  { name: 'key.json', read: keystoreAddress, fate: 'left', next: 'put back a copy of it' }
]

/** Checks the small files of a folder that no daemon runs on: none of them comes from chain or peers. */
export async function repairFiles(folder: string): Promise<FilesFinding> {
  const damaged: { name: string; why: string }[] = []
  const left: string[] = []
  let checked = 0
  for (const { name, read, fate, next } of looks) {
    const path = join(folder, name)
    if ((await readFile(path).catch(() => undefined)) === undefined) continue
    checked++
    try {
      await read(path)
    } catch (error) {
      const aside = `${path}.damaged`
      if (fate === 'gone') await rm(path)
      else if (fate === 'aside') await rename(path, aside)
      else left.push(name)
      const became = { gone: 'thrown away', aside: `set aside as ${aside}`, left: 'left as it is' }[fate]
      damaged.push({ name, why: `${describeError(error).split('\n')[0] ?? ''}; ${became}: ${next}` })
    }
  }
  return { part: 'files', checked, damaged, left }
}
