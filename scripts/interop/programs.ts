import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

export interface Ran {
  readonly code: number
  readonly output: string
}

/** Runs a program to its end; what cannot be started ended with 127. */
export const run = (
  command: string,
  args: readonly string[],
  { cwd, env = {}, input }: { cwd: string; env?: Readonly<Record<string, string>>; input?: string }
): Promise<Ran> =>
  new Promise(resolve => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => undefined) // it ended without reading
    child.stdin.end(input)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.on('error', error => {
      resolve({ code: 127, output: error.message })
    })
    child.on('close', code => {
      resolve({ code: code ?? 1, output })
    })
  })

/** The end of what a program said. */
export const lastOf = (output: string): string => output.trim().split('\n').slice(-12).join('\n')

/** One that nothing listens on, for a program that cannot choose its own. */
export const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
