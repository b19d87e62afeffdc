import { existsSync } from 'node:fs'
import { readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolder } from '../../make-folder.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { readIfThere, writePrivate } from '../../private-file.ts'
import { requireFree, takeFolder } from '../../running.ts'
import { members } from './members.ts'

const layoutVersion = 1
/** Bytes that a whole run needs on disk, with room. */
const diskNeeded = 1_500_000_000

const markerOf = (folder: string): string => join(folder, 'layout.json')
export const networkFileOf = (folder: string): string => join(folder, 'network.json')

/** What the last round through the loop left behind: a model that answers, and a question that it answers well. */
const last = z.object({ model: z.string(), question: z.string() })
const layout = z.object({
  version: z.unknown(),
  last: last.optional().catch(undefined),
  /** What the last round left behind is not known any more: the file was damaged or gone, and its network was not. */
  forgotten: z.boolean().optional().catch(undefined)
})
export type LastRound = z.infer<typeof last>

/** Undefined where there is none, or its bytes are not what was written. */
async function readLayout(folder: string): Promise<z.infer<typeof layout> | undefined> {
  const text = (await readIfThere(markerOf(folder))) ?? ''
  try {
    return layout.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Whether a daemon has ever run in a folder of the local network. */
const hasRun = (folder: string): boolean => members.some(({ name }) => existsSync(join(folder, name, 'store')))

/** Whether something is in a folder that --fresh would throw away. */
export const isTaken = (folder: string): boolean => existsSync(markerOf(folder)) || hasRun(folder)

/** What is in a folder: a network that can be taken up, or none yet. */
export const holdsNetwork = (folder: string): boolean =>
  (existsSync(markerOf(folder)) && existsSync(networkFileOf(folder))) || hasRun(folder)

export const lastRoundIn = async (folder: string): Promise<LastRound | undefined> => (await readLayout(folder))?.last

/** Whether a round has ended in a folder, as far as anybody knows: what only may have is not asked for once more. */
export async function hadRound(folder: string): Promise<boolean> {
  const found = await readLayout(folder)
  return found?.last !== undefined || found?.forgotten === true
}

export async function keepLastRound(folder: string, round: LastRound): Promise<void> {
  await writePrivate(markerOf(folder), JSON.stringify({ version: layoutVersion, last: round }))
}

/** [reject] One network a folder, and only of a layout that this version reads; nothing is deleted unless asked. */
async function requireOurs(folder: string, fresh: boolean): Promise<void> {
  if (existsSync(markerOf(folder)) || hasRun(folder)) {
    await requireFree(folder)
    await requireFree(folder, 'layout.json')
    const found = await readLayout(folder)
    const { version } = found ?? {}
    // One that is damaged says nothing of a version: what is beside it shows whether it can be read.
    if (found !== undefined && version !== layoutVersion && !fresh)
      throw new InvalidError(
        'network.version',
        `${folder} was written by another version of Tilth ` +
          `(layout ${JSON.stringify(version)}, this one writes ${layoutVersion})`,
        { help: 'Move it away, choose another with --folder DIR, or throw it away with --fresh.' }
      )
    return
  }
  // [reject] A file is no folder.
  if (existsSync(folder) && !(await stat(folder)).isDirectory())
    throw new InvalidError('network.folder', `${folder} is no folder`, { help: 'Choose another with --folder DIR.' })
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new InvalidError('network.folder', `${folder} is not empty and was not made by tilth up`, {
      help: 'Choose another with --folder DIR.'
    })
}

/**
 * Makes the folder ready for this process.
 * @returns whether it holds a network, which is then to be taken up
 * @throws InvalidError `network.running`, `network.version`, `network.folder`, `network.disk`
 */
export async function prepareFolder(folder: string, fresh: boolean): Promise<boolean> {
  await requireOurs(folder, fresh)
  const known = holdsNetwork(folder) && !fresh
  try {
    // Where founding was cut short no daemon has run yet: there is nothing in it that anybody was told of.
    if (!known) await rm(folder, { recursive: true, force: true })
    await makeFolder(folder)
  } catch (cause) {
    throw new InvalidError('network.folder', `${folder} cannot be made`, {
      help: 'Check the path and its permissions, or choose another with --folder DIR.',
      cause
    })
  }
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < diskNeeded)
    throw new InvalidError(
      'network.disk',
      `${folder} has ${Math.round((bavail * bsize) / 1e6)} MB left; a run needs about ${diskNeeded / 1e6} MB`,
      { help: 'Free some space, or choose another disk with --folder DIR.' }
    )
  if (!known) await writePrivate(markerOf(folder), JSON.stringify({ version: layoutVersion }))
  else if ((await readLayout(folder)) === undefined)
    await writePrivate(markerOf(folder), JSON.stringify({ version: layoutVersion, forgotten: true }))
  await takeFolder(folder)
  return known
}
