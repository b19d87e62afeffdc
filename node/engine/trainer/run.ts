import { spawn } from 'node:child_process'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import { endsWithUs } from '../../runtime/ends-with-us.ts'
import { environmentForChildren } from '../../runtime/environment.ts'
import { CancelledError } from '../graph/errors.ts'
import { createLines } from './lines.ts'
import type { TrainerOptions } from './types.ts'

/** How long a trainer that is to end may put away what it has done, before it and all that it started is killed. */
const graceMs = 10_000

/**
 * Runs a trainer on a job's folder to its end. It leads a group of its own: whatever it starts ends with it, and with
 * this process.
 * @throws CancelledError · InvalidError `trainer-command` · TilthError `trainer-failed`, `trainer-silent`
 */
export function runTrainer(
  { command, silenceMs }: TrainerOptions,
  folder: string,
  onLine: (line: string) => void,
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
      killGroup(pid, 'SIGTERM')
      hard ??= setTimeout(() => killGroup(pid, 'SIGKILL'), graceMs)
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

    const over = (outcome: () => void): void => {
      clearTimeout(quiet)
      clearTimeout(hard)
      signal?.removeEventListener('abort', cancel)
      // What it started and left behind.
      killGroup(pid, 'SIGKILL')
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

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // all of it is gone
  }
}
