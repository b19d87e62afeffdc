import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Clock, Log } from '../../runtime/index.ts'

/**
 * Seconds that a word of the run before counts for at most, by this run's clock: one that was years ahead once does not
 * blind the node for years. Whoever heard it has long forgotten it.
 */
const farthest = 86_400

/** Until when words of this key may be of a run before: a clock that was set back comes by them once more. */
export interface LastWord {
  /** Seconds since 1970. */
  readonly before: number
  /** Notes, before they are said, that words of this run may be of up to then. */
  keep(until: number): Promise<void>
}

/** Kept in a file; losing it costs nothing where the clock was not set back, so no disk is waited for. */
export async function openLastWord(path: string, clock: Pick<Clock, 'now'>, log: Log): Promise<LastWord> {
  let before = 0
  try {
    const until = Number(await readFile(path, 'utf8'))
    if (Number.isSafeInteger(until) && until > 0) before = Math.min(until, Math.ceil(clock.now() / 1000) + farthest)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn('when this node spoke last could not be read', { path, error })
  }
  async function write(until: number): Promise<void> {
    try {
      await writeFile(`${path}.new`, `${Math.max(before, until)}\n`)
      await rename(`${path}.new`, path)
    } catch (error) {
      log.warn('when this node spoke last could not be kept', { path, error })
    }
  }
  let turn: Promise<void> = Promise.resolve()
  return { before, keep: until => (turn = turn.then(() => write(until))) }
}
