import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { logName, logTail } from './log-tail.ts'
import { makeFolder } from './make-folder.ts'
import { TilthError } from '../protocol/primitives/index.ts'

/** What a process that was started in the background says once it is of use. */
interface Up {
  readonly text: string
  readonly facts: unknown
}

/** Says that this process is up: on standard output, and to whoever started it in the background. */
export function sayUp(up: Up, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(up.facts) : up.text}\n`)
  if (process.send === undefined) return
  process.send(up, () => {
    process.disconnect()
  })
}

export interface DetachOptions {
  /** Where its output goes. */
  folder: string
  /** Over this process's environment. */
  env?: Record<string, string>
  timeoutMs: number
}

/**
 * Starts this command line again, without --detach, as a process that outlives this one, and waits until it is up.
 * @throws TilthError `daemon.ended`, `daemon.slow` with the end of what it said
 */
export async function startDetached({ folder, env = {}, timeoutMs }: DetachOptions): Promise<Up & { pid: number }> {
  await makeFolder(folder, { mode: 0o700 })
  const path = join(folder, logName)
  const log = await open(path, 'a', 0o600)
  const { size: before } = await log.stat()
  const [, entry = '', ...args] = process.argv
  const child = spawn(
    process.execPath,
    [...process.execArgv, entry, ...args.filter(arg => arg !== '--detach' && arg !== '--json')],
    // It ends with nobody: neither with this process, nor with the terminal.
    {
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...process.env, TILTH_PARENT: '', npm_lifecycle_event: undefined, ...env }
    }
  )
  await log.close()
  let late: NodeJS.Timeout | undefined
  const outcome = await new Promise<Up | { ended: string }>(resolve => {
    child.once('message', message => {
      resolve(message as Up)
    })
    child.once('error', error => {
      resolve({ ended: error.message })
    })
    child.once('exit', (code, signal) => {
      resolve({ ended: signal ?? `exit code ${code}` })
    })
    late = setTimeout(() => {
      resolve({ ended: '' })
    }, timeoutMs)
  })
  clearTimeout(late)
  if ('facts' in outcome) {
    child.unref()
    return { ...outcome, pid: child.pid ?? 0 }
  }
  if (outcome.ended === '') {
    child.kill('SIGTERM')
    throw new TilthError(
      'daemon.slow',
      `it did not come up within ${timeoutMs / 1000} s${await logTail(path, before)}`,
      {
        help: `Its whole log is ${path}.`
      }
    )
  }
  throw new TilthError('daemon.ended', `it ended while it started (${outcome.ended})${await logTail(path, before)}`, {
    help: `Its whole log is ${path}.`
  })
}
