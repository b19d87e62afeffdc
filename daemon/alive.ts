import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Whether a process has this number now. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * When a process began, as the system has it: numbers are used again by others, but not with the same beginning.
 * Undefined where there is none, or the system does not tell.
 */
export async function bornAt(pid: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { ...process.env, LC_ALL: 'C' } })
    return stdout.trim() === '' ? undefined : stdout.trim()
  } catch {
    return undefined // no such process, or no ps: the number alone has to do
  }
}

/** A process, so that it is known again: what notes about running processes hold. */
export interface ProcessMark {
  readonly pid: number
  readonly born?: string | undefined
}

export const markOf = async (pid: number): Promise<ProcessMark> => ({ pid, born: await bornAt(pid) })

/** Whether the process of a note still runs, and is not another one with its number. */
export async function runs({ pid, born }: ProcessMark): Promise<boolean> {
  if (!isAlive(pid)) return false
  const now = born === undefined ? undefined : await bornAt(pid)
  return now === undefined || now === born
}

/** Ends a process in order, by force after `patienceMs`. */
export async function endProcess(mark: ProcessMark, patienceMs: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await runs(mark))) return
    process.kill(mark.pid, signal)
    for (let waited = 0; waited < patienceMs && isAlive(mark.pid); waited += 50)
      await new Promise(resolve => {
        setTimeout(resolve, 50)
      })
  }
}

/**
 * Calls `end` when the process that started this one is gone, however that one ended: nothing is left behind. Of what
 * npm starts that is npm itself, with a shell between.
 */
export async function watchParent(end: () => void): Promise<void> {
  const named = Number(process.env['TILTH_PARENT'] ?? 0)
  const watched: number[] = named > 1 ? [named] : []
  if (process.env['npm_lifecycle_event'] !== undefined && process.ppid > 1) {
    watched.push(process.ppid)
    const above = await parentOf(process.ppid)
    if (above !== undefined && above > 1) watched.push(above)
  }
  if (watched.length === 0) return
  const timer = setInterval(() => {
    if (watched.every(isAlive)) return
    clearInterval(timer)
    end()
  }, 1000)
  timer.unref()
}

async function parentOf(pid: number): Promise<number | undefined> {
  try {
    const { stdout } = await run('ps', ['-o', 'ppid=', '-p', String(pid)])
    const found = Number(stdout.trim())
    return Number.isInteger(found) ? found : undefined
  } catch {
    return undefined // it is gone already, or there is no ps
  }
}
