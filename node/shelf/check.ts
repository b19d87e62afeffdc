import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describeError } from '../../protocol/primitives/index.ts'
import type { LentFolders } from '../transport/index.ts'
import { isCidName, readNote, writeNoteAnew } from './disk.ts'

interface Checked {
  readonly checked: number
  readonly damaged: readonly { readonly name: string; readonly why: string }[]
}

/**
 * Every model and adapter on a shelf against its CID, while no node runs on it. One that differs leaves the shelf: what
 * was fetched goes, and is fetched again when it is wanted; what was made here is set aside in `aside`, since perhaps
 * nobody else has it.
 */
export async function checkShelf(
  { shelf, aside }: { readonly shelf: string; readonly aside: string },
  lent: Pick<LentFolders, 'changed' | 'takeBack'>
): Promise<Checked> {
  const damaged: { name: string; why: string }[] = []
  let checked = 0
  for (const cid of await readdir(shelf)) {
    if (!isCidName(cid)) continue // swept away at the next start, and told in the log
    const path = join(shelf, cid)
    let note = await readNote(path).catch(() => undefined)
    if (note === undefined) {
      note = await writeNoteAnew(path).catch(() => undefined)
      if (note === undefined) continue // as above: it has no files
      damaged.push({ name: `${cid}/note.json`, why: 'it could not be read; written anew, as of something made here' })
    }
    checked++
    const fault = await lent.changed(cid, join(shelf, cid, 'files')).then(
      paths => (paths.length === 0 ? undefined : `${paths.slice(0, 5).join(', ')} not as it was`),
      (error: unknown) => describeError(error).split('\n')[0] ?? ''
    )
    if (fault === undefined) continue
    await lent.takeBack(cid)
    if (note.own) {
      await mkdir(aside, { recursive: true })
      await rm(join(aside, cid), { recursive: true, force: true })
      await rename(join(shelf, cid), join(aside, cid))
    } else await rm(join(shelf, cid), { recursive: true, force: true })
    const what = note.kind === 'base' ? 'model' : 'adapter'
    const then = note.own ? `made here: set aside as ${join(aside, cid)}` : 'fetched: thrown away, and fetched again'
    damaged.push({ name: `${what} ${cid}`, why: `${fault}; ${then}` })
  }
  return { checked, damaged }
}
