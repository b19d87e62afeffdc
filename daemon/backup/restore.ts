import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { RepairFinding } from '../../node/repair.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { keystoreAddress } from '../keys/index.ts'
import { halfOf } from '../half-done.ts'
import { makeFolder } from '../make-folder.ts'
import { readArchive } from './check.ts'
import { daemonFiles } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { damaged } from './tar.ts'

export interface Restored {
  readonly manifest: Manifest
  /** Entries of the two databases. */
  readonly entries: { readonly store: number; readonly held: number }
  /** What `tilth doctor --repair` finds in the new folder. */
  readonly findings: readonly RepairFinding[]
}

const isOwn = (path: string): boolean => daemonFiles.some(name => name === path)

/** [reject] Nothing that stands somewhere is written over. @throws InvalidError `backup.folder` */
async function requireNew(folder: string): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    if (error.code === 'ENOTDIR') return ['a file']
    throw error
  })
  if (there !== undefined && there.length > 0)
    throw new InvalidError('backup.folder', `${folder} is not empty: a copy is restored to a new folder only`, {
      help: 'Choose another with --data DIR, or move that one away.'
    })
}

async function writeOwn(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(
    Readable.from(bytes, { objectMode: false }),
    createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  )
}

/**
 * Makes a data folder of a copy: beside its place first, checked there, and moved to it whole.
 * @param aside where it is made
 * @throws InvalidError `backup.folder`, `backup.damaged`, `backup.version`, `backup.path`, `key.file`
 */
export async function restoreFolder(
  archive: string,
  wanted: string,
  onStep: (text: string) => void = () => undefined,
  aside = halfOf(resolve(wanted), 'restoring')
): Promise<Restored> {
  const folder = resolve(wanted)
  await requireNew(folder)
  // Only here: other commands should not wait for all parts of a node to load.
  const [{ createRestoring }, { repairFolder }] = await Promise.all([
    import('../../node/backup/index.ts'),
    import('../../node/repair.ts')
  ])
  await makeFolder(dirname(folder))
  await mkdir(aside, { mode: 0o700 })
  try {
    const parts = createRestoring(aside)
    let bytes = 0
    const manifest = await readArchive(
      archive,
      (path, content) => (isOwn(path) ? writeOwn(join(aside, path), content) : parts.take(path, content)),
      count => {
        bytes += count
        onStep(`${(bytes / 2 ** 20).toFixed(0)} MiB`)
      }
    )
    onStep('making the databases')
    const entries = await parts.finish({ from: manifest.directory, to: folder }, manifest.store)
    const key = await keystoreAddress(join(aside, 'key.json'))
    // [reject] Whose copy it says it is and whose key it holds are one; some keystores do not say.
    if (key !== undefined && key !== manifest.address) throw damaged(`the key in it is that of ${key}`)
    onStep('checking what was restored')
    const findings = await repairFolder(aside)
    await requireNew(folder)
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await rename(aside, folder)
    return { manifest, entries, findings }
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw error
  }
}
