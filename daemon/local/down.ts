import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { noteOfAnvil } from '../../node/chain/index.ts'
import { NotFoundError } from '../../protocol/primitives/index.ts'
import { endProcess } from '../../node/runtime/processes.ts'
import type { ProcessMark } from '../../node/runtime/processes.ts'
import { apiNote, runningIn } from '../running.ts'

/** What was ended: its folder, and what it was. */
export interface Ended {
  readonly folder: string
  readonly what: 'daemon' | 'local network or chain'
  readonly pid: number
}

/** A daemon flushes its database, a chain writes its state, a network waits for both. */
const patienceMs = 40_000

interface Found extends Ended {
  readonly mark: ProcessMark
}

async function foundIn(folder: string): Promise<Found[]> {
  const network = await runningIn(folder)
  if (network !== undefined) return [{ folder, what: 'local network or chain', pid: network.pid, mark: network }]
  const daemon = await runningIn(folder, apiNote)
  if (daemon !== undefined) return [{ folder, what: 'daemon', pid: daemon.pid, mark: daemon }]
  // Whose own process was killed is still there.
  const chain = await noteOfAnvil(folder)
  return chain === undefined ? [] : [{ folder, what: 'local network or chain', pid: chain.pid, mark: chain }]
}

/**
 * Ends what runs on a folder: a local network, a chain, a daemon; or on the folders in it, daemons before their chain.
 * @throws NotFoundError `network.none` where nothing runs
 */
export async function down(folder: string): Promise<Ended[]> {
  let found = await foundIn(folder)
  if (found.length === 0) {
    const inside = await readdir(folder, { withFileTypes: true }).catch(() => [])
    const folders = inside.filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name))
    found = (await Promise.all(folders.map(foundIn))).flat()
  }
  if (found.length === 0)
    throw new NotFoundError('network.none', `nothing runs in ${folder}`, {
      help: 'Name the folder of a local network, a daemon or a chain with --data DIR.'
    })
  const end = (what: Ended['what']): Promise<unknown> =>
    Promise.all(found.filter(one => one.what === what).map(({ mark }) => endProcess(mark, patienceMs)))
  await end('daemon')
  await end('local network or chain')
  return found.map(({ folder, what, pid }) => ({ folder, what, pid }))
}
