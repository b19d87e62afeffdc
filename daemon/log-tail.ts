import { readFile } from 'node:fs/promises'

/** Where a daemon's output goes that was started in the background. */
export const logName = 'daemon.log'

/**
 * The last lines of a process's log, as an error quotes them; nothing where there are none.
 * @param from bytes that were there before the process: another wrote them
 */
export async function logTail(path: string, from = 0): Promise<string> {
  const said = (await readFile(path).catch(() => Buffer.alloc(0))).subarray(from).toString()
  const text = said.trim().split('\n').slice(-8).join('\n')
  return text === '' ? '' : `; it said last:\n${text}`
}
