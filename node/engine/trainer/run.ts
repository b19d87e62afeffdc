import { spawn } from 'node:child_process'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import { endsWithUs } from '../../runtime/ends-with-us.ts'
import { environmentForChildren } from '../../runtime/environment.ts'
import type { Log } from '../../runtime/types.ts'
import { CancelledError } from '../graph/errors.ts'
import { createLines } from './lines.ts'
import type { TrainerOptions } from './types.ts'

/** How long a trainer that is to end may put away what it has done, before it and all that it started is killed. */
const patienceMs = 10_000

export interface RunDeps {
  readonly log: Pick<Log, 'warn'>
  readonly graceMs?: number
}

/**
 * Runs a trainer on a job's folder to its end. It leads a group of its own: whatever it starts ends with it, and with
 * this process, but for what leaves the group (by setsid, say) or runs as another user, whom this one may not signal.
 * @throws CancelledError · InvalidError `trainer-command` · TilthError `trainer-failed`, `trainer-silent`
 */
export function runTrainer(
  { command, silenceMs }: TrainerOptions,
  folder: string,
  onLine: (line: string) => void,
  { log, graceMs = patienceMs }: RunDeps,
  signal?: AbortSignal
): Promise<void> {
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new CancelledError('training was cancelled'))
    const child = spawn(program, [...args, folder], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // It needs no key of this node's.
      env: { ...environmentForChildren(), TILTH_JOB: folder }
    })
    const { pid } = child
    const letGo = pid === undefined ? undefined : endsWithUs(-pid)
    let why: Error | undefined
    let hard: NodeJS.Timeout | undefined
    const end = (error: Error): void => {
      why ??= error
      signalGroup(pid, 'SIGTERM', log)
      hard ??= setTimeout(() => {
        if (signalGroup(pid, 'SIGKILL', log)) return // its exit is heard of
        // Nobody here can end it: the job is over, and waits for it no longer.
        for (const stream of [child.stdout, child.stderr]) stream.destroy()
        child.unref()
        over(() => reject(error))
      }, graceMs)
    }
    const silent = (): void =>
      end(
        new TilthError('trainer-silent', `the trainer said nothing for ${Math.round(silenceMs / 1000)} s`, {
          consequence: 'retry',
          help: 'See whether it hangs; worker.trainer takes a longer silenceSeconds.'
        })
      )
    let quiet = setTimeout(silent, silenceMs)
    const lines = createLines(onLine)
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        clearTimeout(quiet)
        quiet = setTimeout(silent, silenceMs)
        lines.push(text)
      })
    const cancel = (): void => end(new CancelledError('training was cancelled'))
    signal?.addEventListener('abort', cancel, { once: true })

    let isOver = false
    const over = (outcome: () => void): void => {
      if (isOver) return
      isOver = true
      clearTimeout(quiet)
      clearTimeout(hard)
      signal?.removeEventListener('abort', cancel)
      // What it started and left behind.
      signalGroup(pid, 'SIGKILL', log)
      letGo?.()
      outcome()
    }
    child.once('error', cause => {
      over(() =>
        reject(
          new InvalidError('trainer-command', `the trainer ${program} cannot be started`, {
            cause,
            help: 'See worker.trainer in the configuration: its command is a program and its arguments.'
          })
        )
      )
    })
    // Not `close`: what it left behind may hold its output open.
    child.once('exit', (code, killedBy) => {
      over(() => {
        if (why !== undefined) reject(why)
        else if (code === 0) resolve()
        else
          reject(
            new TilthError(
              'trainer-failed',
              `the trainer ended with ${killedBy ?? `exit code ${code}`}: ${lines.tail()}`,
              { consequence: 'retry' }
            )
          )
      })
    })
  })
}

/** @returns whether it was told, or nothing is left of it */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals, log: RunDeps['log']): boolean {
  if (pid === undefined) return true
  try {
    process.kill(-pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true // all of it is gone
    // Thrown from a timer it would end the daemon.
    log.warn('a trainer cannot be signalled: it may run on', { pid, signal, error })
    return false
  }
}
