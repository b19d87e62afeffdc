import { readFile } from 'node:fs/promises'

/** Where a daemon's output goes that was started in the background. */
export const logName = 'daemon.log'

/** The last lines of a process's log, as an error quotes them; nothing where there are none. */
export async function logTail(path: string): Promise<string> {
  const text = (await readFile(path, 'utf8').catch(() => '')).trim().split('\n').slice(-8).join('\n')
  return text === '' ? '' : `; it said last:\n${text}`
}
