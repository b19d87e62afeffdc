import { copyFile, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ChainError } from '../errors/index.ts'

// anvil writes its state every second, over the old file: a kill in the middle leaves half a file. So whole ones are
// copied aside as they appear, and a start takes the newest that is whole.

const names = { state: 'state.json', kept: 'state.kept.json', copying: 'state.copying.json' } as const
const everyMs = 1000

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** Whether a file is JSON to its end; false if it is not there. */
async function isWhole(path: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(path, 'utf8'))
    return true
  } catch (error) {
    if (error instanceof SyntaxError || missing(error)) return false
    throw error
  }
}

/**
 * Puts the newest whole state in place.
 * @returns the path anvil is to use; there is no file yet for a new chain
 * @throws ChainError `anvil.state` if there are states and none is whole
 */
export async function restoreState(folder: string): Promise<string> {
  const state = join(folder, names.state)
  const kept = join(folder, names.kept)
  if (await isWhole(state)) return state
  if (await isWhole(kept)) {
    await copyFile(kept, state)
    return state
  }
  for (const path of [state, kept]) {
    const size = await stat(path).then(
      ({ size }) => size,
      (error: unknown) => {
        if (missing(error)) return undefined
        throw error
      }
    )
    if (size !== undefined)
      throw new ChainError('anvil.state', `the local chain's state ${path} cannot be read`, {
        help: 'Move the folder away and start with a fresh chain.'
      })
  }
  return state
}

/** Cheap sign that a file was written to its end: it closes with a brace and did not change while it was copied. */
async function copyWhole(state: string, copying: string, kept: string, seen: number): Promise<number> {
  const before = await stat(state)
  if (before.mtimeMs === seen || before.size === 0) return seen
  await copyFile(state, copying)
  const file = await open(copying)
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, before.size - 1)).finally(() => file.close())
  const after = await stat(state)
  if (buffer.toString() !== '}' || after.mtimeMs !== before.mtimeMs || after.size !== before.size) return seen
  await rename(copying, kept)
  return before.mtimeMs
}

/** Keeps a whole copy beside the state while anvil runs. */
export function keepState(folder: string): { stop(): Promise<void> } {
  const [state, copying, kept] = [join(folder, names.state), join(folder, names.copying), join(folder, names.kept)]
  let seen = 0
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running
      .then(() => copyWhole(state, copying, kept, seen))
      .then(
        mtime => {
          seen = mtime
        },
        (error: unknown) => {
          if (!missing(error)) seen = 0
        } // a full disk or the like: the next second tries again
      )
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await running
    }
  }
}
