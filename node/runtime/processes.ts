import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
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

/** What the system says of a process: when it began, and whose child it is. Undefined where it does not tell. */
export async function lookAt(pid: number): Promise<{ born: string; parent: number } | undefined> {
  try {
    // Linux; containers often have no ps. Names may hold spaces and brackets, so what follows the last one is read.
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
    return { born: `${boot.slice(0, 8)}.${fields[19] ?? ''}`, parent: Number(fields[1]) }
  } catch {
    // No /proc, or no such process: ps knows the rest.
  }
  try {
    const { stdout } = await run('ps', ['-o', 'ppid=,lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C' }
    })
    const found = /^\s*(\d+)\s+(\S.*\S)\s*$/.exec(stdout)
    return found === null ? undefined : { parent: Number(found[1]), born: found[2] ?? '' }
  } catch {
    return undefined // no such process, or no ps: the number alone has to do
  }
}

/** When a process began: numbers are used again by others, but not with the same beginning. */
const bornAt = async (pid: number): Promise<string | undefined> => (await lookAt(pid))?.born

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
    for (let waited = 0; waited < patienceMs && isAlive(mark.pid); waited += 50) await sleep(50)
  }
}
