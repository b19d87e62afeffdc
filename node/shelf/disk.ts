import { cp, mkdir, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Log } from '../runtime/index.ts'
import { isThere, syncPath, writeWhole } from '../store/index.ts'

/** What a folder's neighbour file says of it. */
const note = z.strictObject({
  kind: z.enum(['base', 'adapter']),
  bytes: z.int().min(0),
  own: z.boolean(),
  asked: z.boolean().optional()
})
export type Note = z.infer<typeof note>

export interface Found extends Note {
  readonly cid: string
  readonly usedAt: number
}

/**
 * The shelf's folders: `CID/files` with `CID/note.json` beside it. A folder has its CID as name only once it is whole
 * and on disk, and loses it before the first of its files goes; whatever else is here was left by a killed process.
 */
export interface Disk {
  /** Everything that is whole; the rest is swept away. */
  load(): Promise<Found[]>
  folderOf(cid: string): string
  /** A place to write to, which `keep` makes the CID's once it has its note. */
  fresh(): Promise<{ readonly path: string; readonly files: string }>
  note(path: string, note: Note): Promise<void>
  keep(path: string, cid: string): Promise<void>
  discard(path: string): Promise<void>
  /** Notes the time of use, for the order of eviction after a restart. */
  used(cid: string, at: number): Promise<void>
  remove(cid: string): Promise<void>
}

/** Copies a folder so that what stands there is on disk. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, dereference: true })
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true }))
    await syncPath(join(entry.parentPath, entry.name))
  await syncPath(to)
}

const noteOf = (path: string): string => join(path, 'note.json')

/** @param path of a folder with its note beside it. @throws ZodError, SyntaxError and what the file system throws */
export async function readNote(path: string): Promise<Note> {
  const found = note.parse(JSON.parse(await readFile(noteOf(path), 'utf8')))
  await stat(join(path, 'files'))
  return found
}

/** A lost note by what the folder holds: as made here, since perhaps nobody else has it. */
export async function writeNoteAnew(path: string): Promise<Note> {
  const files = join(path, 'files')
  const names = (await readdir(files, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile())
  const sizes = await Promise.all(names.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size))
  const kind = names.some(({ name }) => name === 'adapter_config.json') ? 'adapter' : 'base'
  const found: Note = { kind, bytes: sizes.reduce((sum, size) => sum + size, 0), own: true }
  await writeWhole(noteOf(path), JSON.stringify(found))
  return found
}

/** What stands on a shelf by its CID; anything else is of a process that was killed. */
export const isCidName = (name: string): boolean => /^[a-zA-Z0-9]+$/.test(name)

export function createDisk(root: string, log: Log): Disk {
  const run = `${process.pid}-${Date.now().toString(36)}`
  let count = 0
  const aside = (what: string): string => join(root, `${what}.${run}-${count++}`)

  async function read(name: string): Promise<Found | undefined> {
    try {
      const path = join(root, name)
      const found = await readNote(path)
      return { ...found, cid: name, usedAt: (await stat(path)).mtimeMs }
    } catch (error) {
      // A killed process leaves none without a note, or a note without files: of those nobody was told.
      const isLeft = (await isThere(noteOf(join(root, name)))) && (await isThere(join(root, name, 'files')))
      if (!isLeft) {
        log.warn('what stands on the shelf cannot be read and is thrown away: it is fetched again', { name, error })
        return undefined
      }
      // Whether it was made here nobody knows any more, and perhaps nobody else has it.
      const again = await writeNoteAnew(join(root, name))
      log.warn('what the shelf notes of one of its folders could not be read: noted anew by its files', { name, error })
      return { ...again, cid: name, usedAt: Date.now() }
    }
  }

  return {
    async load() {
      await mkdir(root, { recursive: true })
      const found: Found[] = []
      for (const name of await readdir(root)) {
        const entry = isCidName(name) ? await read(name) : undefined
        if (entry === undefined) await rm(join(root, name), { recursive: true, force: true })
        else found.push(entry)
      }
      return found
    },
    folderOf: cid => join(root, cid, 'files'),
    async fresh() {
      const path = aside('new')
      await mkdir(path, { recursive: true })
      return { path, files: join(path, 'files') }
    },
    note: (path, said) => writeWhole(noteOf(path), JSON.stringify(said)),
    async keep(path, cid) {
      await rename(path, join(root, cid))
      await syncPath(root)
    },
    discard: path => rm(path, { recursive: true, force: true }),
    async used(cid, at) {
      await utimes(join(root, cid), at / 1000, at / 1000)
    },
    async remove(cid) {
      const gone = aside('old')
      await rename(join(root, cid), gone)
      await syncPath(root)
      await rm(gone, { recursive: true, force: true })
    }
  }
}
