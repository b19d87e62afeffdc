import { spawn } from 'node:child_process'
import { environmentForChildren } from './environment.ts'

/**
 * Has a child end when this process does, also by a kill that it cannot hear: a shell waits at the other end of a
 * pipe, which the system closes. Where there is no shell, the child stays until somebody looks for it.
 * @returns takes the shell away: to be called when the child has ended, before its number is another's
 */
export function endsWithUs(pid: number): () => void {
  const shell = spawn('sh', ['-c', 'read -r _; kill -9 "$1"', 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: environmentForChildren()
  })
  shell.once('error', () => undefined)
  shell.stdin.once('error', () => undefined)
  return () => {
    shell.kill('SIGKILL')
  }
}
