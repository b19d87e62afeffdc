import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { programEntry } from '../../bin/bundle.js'
import { InvalidError, foreignCode } from '../../protocol/primitives/index.ts'
import type { RouteName } from '../../daemon/api/contract/index.ts'
import { routes } from '../../daemon/api/contract/index.ts'
import { mcpEndpoint, startApiServer } from '../../daemon/api/server/index.ts'
import type { Handlers } from '../../daemon/api/server/index.ts'
import { scratch } from '../harness/index.ts'

// The command line as a process of its own, before an API whose answers are the test's.

/** As people start it: what was bundled, unless a source is newer. */
export const main = programEntry()
const token = 'a-token-of-this-test'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly folder: string
  /** What leads a command to the API. */
  readonly flags: readonly string[]
  readonly url: string
  readonly token: string
  /** Calls that reached the API, in order. */
  readonly calls: RouteName[]
  run(...words: string[]): Promise<Ended>
  /** The same, with something piped into it. */
  runWith(input: string, ...words: string[]): Promise<Ended>
  stop(): Promise<void>
}

/** Runs a command to its end. */
export const runCommand = (words: readonly string[], input?: string): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.end(input ?? '')
    const out = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        out[name] += text
      })
    child.on('error', reject)
    child.on('close', code => {
      resolve({ code, ...out })
    })
  })

/** @param answers what the API says; a route that is not among them fails */
export async function startCommandLine(answers: Partial<Handlers>, host = '127.0.0.1'): Promise<CommandLine> {
  const folder = await scratch('command-line')
  const calls: RouteName[] = []
  const handlers = Object.fromEntries(
    (Object.keys(routes) as RouteName[]).map(name => [
      name,
      (input: never): unknown => {
        calls.push(name)
        const answer = (answers as Record<string, ((input: never) => unknown) | undefined>)[name]
        return answer === undefined
          ? Promise.reject(new InvalidError(foreignCode('test.unused'), `${name} is not answered here`))
          : answer(input)
      }
    ])
  ) as unknown as Handlers
  const server = await startApiServer({
    host,
    names: [host],
    port: 0,
    token,
    origins: [],
    version: '0.0.0',
    handlers,
    extend: api => mcpEndpoint(api, '0.0.0', host),
    metrics: async () => ({ contentType: 'text/plain', text: '' })
  })
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, token)
  const flags = ['--api', server.url, '--token-file', tokenFile]
  return {
    folder,
    calls,
    flags,
    url: server.url,
    token,
    runWith: (input, ...words) => runCommand([...words, ...flags], input),
    run: (...words) => runCommand([...words, ...flags]),
    stop: () => server.stop()
  }
}
