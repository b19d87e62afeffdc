import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { programEntry } from '../../../bin/bundle.js'
import { allocator, heapFlags } from '../../../bin/memory.js'
import { environmentForChildren } from '../../../node/runtime/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { logName, logTail } from '../../log-tail.ts'
import { apiNote, readNote } from '../../running.ts'
import { supervisedEnvironment } from '../../supervised.ts'

/** Sources start the bundle too, if it was made of them: a daemon holds some thirty megabytes less by it. */
const entry = (): string =>
  import.meta.url.endsWith('.ts') ? programEntry() : fileURLToPath(new URL('../../cli/main.js', import.meta.url))
const apiFile = z.object({ url: z.string(), pid: z.int(), peer: z.array(z.string()) })
export type ApiFile = z.infer<typeof apiFile>

/** What the network says in each daemon's file, and variables would win over for all of them alike. */
const decided = new Set(
  ['CONFIG', 'NETWORK', 'DATA', 'KEY', 'RPC', 'CONTRACTS', 'BOOTSTRAP', 'PRESET', 'ROLES', 'LISTEN', 'ANNOUNCE']
    .concat(['UPNP', 'API_PORT', 'API_HOST', 'API_NAMES', 'API_CERT', 'API_CERT_KEY', 'API_PLAIN', 'API_OPEN_METRICS'])
    .map(name => `TILTH_${name}`)
)
const environmentForDaemons = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environmentForChildren()).filter(([name]) => !decided.has(name)))

export interface DaemonProcess {
  readonly name: string
  readonly folder: string
  readonly pid: number
  /** Settles when the process has ended, with what it said last. */
  readonly ended: Promise<TilthError>
  /** Waits until the API answers. @throws TilthError `daemon.start` with the end of its log. */
  ready(timeoutMs: number): Promise<ApiFile>
  stop(): Promise<void>
}

/**
 * Starts `tilth daemon` as a process of its own; its output goes to daemon.log in its folder. `execArgv` are options of
 * Node's, for a profile; `supervised` says that it is started again whenever it ends; `program` is another version's.
 */
export async function startDaemonProcess(
  name: string,
  folder: string,
  {
    execArgv = [],
    supervised = false,
    program = entry()
  }: { execArgv?: readonly string[]; supervised?: boolean; program?: string | undefined } = {}
): Promise<DaemonProcess> {
  const logPath = join(folder, logName)
  await rm(join(folder, apiNote), { force: true })
  const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 })
  await new Promise(resolve => {
    log.once('open', resolve)
  })
  const child: ChildProcess = spawn(
    process.execPath,
    [
      ...heapFlags,
      ...execArgv,
      program,
      'daemon',
      '--config',
      join(folder, 'config.json'),
      '--passphrase-file',
      join(folder, 'passphrase')
    ],
    {
      stdio: ['ignore', log, log],
      env: {
        // Six processes load the same sources: with the cache only the first compiles them.
        ...(program.endsWith('.ts') ? { NODE_COMPILE_CACHE: join(tmpdir(), 'tilth-compile-cache') } : {}),
        ...environmentForDaemons(),
        NODE_OPTIONS: '',
        ...allocator,
        TILTH_PARENT: String(process.pid),
        ...(supervised ? supervisedEnvironment : {})
      }
    }
  )
  let exited = false
  const ended = new Promise<TilthError>(resolve => {
    const end = (how: string, signal: string | null, cause?: unknown) => {
      exited = true
      log.end()
      void logTail(logPath).then(said => {
        resolve(
          new TilthError('daemon.ended', `${name} ended (${how})${said}`, {
            help: `Its whole log is ${logPath}.`,
            cause,
            details: { signal }
          })
        )
      })
    }
    child.once('error', cause => {
      end('could not be started', null, cause)
    })
    child.once('exit', (code, signal) => {
      end(signal ?? `exit code ${code}`, signal)
    })
  })
  return {
    name,
    folder,
    ended,
    pid: child.pid ?? -1,
    async ready(timeoutMs) {
      const deadline = Date.now() + timeoutMs
      while (Date.now() < deadline) {
        if (exited) throw await ended
        const found = apiFile.safeParse(await readNote(folder, apiNote))
        if (found.success && found.data.pid === child.pid) return found.data
        await sleep(100)
      }
      throw new TilthError('daemon.slow', `${name} did not come up within ${timeoutMs / 1000} s`, {
        help: `See ${logPath}.`
      })
    },
    async stop() {
      if (exited) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
      }, 8000)
      await ended
      clearTimeout(timer)
    }
  }
}
