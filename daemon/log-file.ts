import { chmodSync, copyFileSync, fstatSync, ftruncateSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'

/** Of a log file: bytes of one, and how many older ones are kept beside it. */
export interface LogBounds {
  readonly bytes: number
  readonly keep: number
}

/** What a full disk says: a line less is better than a daemon less. */
const unwritable = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG'])

const ifThere = (work: () => void): void => {
  try {
    work()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** Whether what is written to `fd` ends in the file at `path`. */
function leadsTo(fd: number, path: string): boolean {
  const open = fstatSync(fd)
  const there = statSync(path, { throwIfNoEntry: false })
  return open.isFile() && there?.ino === open.ino && there.dev === open.dev
}

/**
 * A log's destination that keeps the file within bounds: full, it becomes `PATH.1`, that `PATH.2`, and the last one
 * goes. Whoever started this process opened the file for appending and still has it open, as crashes are told through
 * it: so its bytes are copied and cut off where they stand, and no file is put in its place.
 * @param path where standard error may lead · @returns undefined where it leads elsewhere: a terminal, a journal
 */
export function boundedLog(
  path: string,
  { bytes, keep }: LogBounds,
  fd = 2
): { write(line: string): void } | undefined {
  if (!leadsTo(fd, path)) return undefined
  const older = (n: number): string => `${path}.${n}`
  chmodSync(path, 0o600)
  // What more were kept of before.
  for (let n = keep + 1; statSync(older(n), { throwIfNoEntry: false }) !== undefined; n++) rmSync(older(n))
  function turn(): void {
    for (let n = keep - 1; n > 0; n--)
      ifThere(() => {
        renameSync(older(n), older(n + 1))
      })
    if (keep > 0) {
      copyFileSync(path, older(1))
      chmodSync(older(1), 0o600)
    }
    ftruncateSync(fd, 0)
  }
  return {
    write(line) {
      try {
        const { size } = fstatSync(fd)
        if (size > 0 && size + Buffer.byteLength(line) > bytes) turn()
        writeSync(fd, line)
      } catch (error) {
        if (!unwritable.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      }
    }
  }
}
