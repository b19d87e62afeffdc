import { randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAlive } from '../node/runtime/processes.ts'

// What is long in the making stands beside its place until it is whole, under a name that says which process makes it:
// so whatever one left that was killed is told from what is under way.

type Kind = 'part' | 'restoring'

/** Where this process makes what is to stand at a path. */
export const halfOf = (path: string, kind: Kind): string =>
  `${path}.${process.pid}-${randomBytes(4).toString('hex')}.${kind}`

/**
 * Removes halves for the same place whose processes are gone: they would stay for ever, as large as what was made.
 * @returns where they stood
 */
export async function removeLeftHalves(path: string, kind: Kind): Promise<string[]> {
  const folder = dirname(path)
  const name = basename(path)
  const removed: string[] = []
  for (const one of await readdir(folder).catch(() => [])) {
    if (!one.startsWith(`${name}.`)) continue
    const [, pid] = new RegExp(`^([1-9][0-9]{0,9})-[0-9a-f]{8}\\.${kind}$`).exec(one.slice(name.length + 1)) ?? []
    if (pid === undefined || isAlive(Number(pid))) continue
    const half = join(folder, one)
    await rm(half, { recursive: true, force: true })
    removed.push(half)
  }
  return removed
}
