import { randomUUID } from 'node:crypto'
import { link, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { markOf, runs } from '../../node/runtime/processes.ts'
import { quoted } from '../../node/runtime/quoted.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'

const claim = z.object({ pid: z.int().min(1), born: z.string().optional(), data: z.string() })
type Claim = z.infer<typeof claim>

/** Undefined where the system has none; a number need not have a name. */
const uid = process.getuid?.()

/** Where the daemons of one person of this machine say which keys they run with. */
const claims = (): string => join(tmpdir(), `tilth-${uid ?? userInfo().uid}`)

/** Whether the folder is this person's: in a place that all of a machine write to, another may have made it before. */
async function isOwn(folder: string): Promise<boolean> {
  const found = await lstat(folder)
  return found.isDirectory() && (uid === undefined || found.uid === uid)
}

/** Who claims it and runs; undefined for a claim whose process is gone, or that is none. */
async function claimant(path: string): Promise<Claim | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '')
  try {
    const found = claim.parse(JSON.parse(text))
    return (await runs(found)) ? found : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
  }
}

/**
 * [fatal] One daemon a key, whatever their folders are: two that sign for one account contradict each other, in votes
 * and in channels, and that costs its stake.
 * @returns gives the key back
 * @throws TilthError `key.running`
 */
export async function claimKey(address: Address, data: string): Promise<() => Promise<void>> {
  const folder = claims()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (!(await isOwn(folder))) return async () => undefined
  const path = join(folder, `${address}.json`)
  const own = JSON.stringify({ ...(await markOf(process.pid)), data } satisfies Claim)
  // Of two that start at once, only one makes the file, and it is never there without what it says.
  for (let tries = 0; ; tries++) {
    const made = `${path}.${randomUUID()}`
    try {
      await writeFile(made, own, { mode: 0o600 })
      await link(made, path)
      return () => rm(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries > 3) throw error
    } finally {
      await rm(made, { force: true })
    }
    const other = await claimant(path)
    if (other !== undefined && other.pid !== process.pid)
      throw new TilthError('key.running', `a daemon runs with the key of ${address} already (process ${other.pid})`, {
        help:
          `Its folder is ${other.data}: end it with \`tilth down --data ${quoted(other.data)}\`, ` +
          'or use another key.',
        consequence: 'fatal'
      })
    await takeAside(path)
  }
}

/**
 * Takes away a claim of nobody that runs. Between the look at it and now another daemon may have done so and claimed
 * the key: then it is that claim which was taken, and it is put back.
 */
async function takeAside(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
    const taken = await claimant(aside)
    if (taken !== undefined && taken.pid !== process.pid) await link(aside, path)
  } catch (error) {
    // Another has taken it away, or claimed the key in the moment in which it was not there.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error
  } finally {
    await rm(aside, { force: true })
  }
}
