import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createPublicClient, createTestClient, http, publicActions } from 'viem'
import { toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { environmentForChildren } from '../../runtime/environment.ts'
import { endProcess, isAlive } from '../../runtime/processes.ts'
import { keepState, restoreState } from './anvil-state.ts'
import { ChainError } from '../errors/index.ts'

/** The local network's chain. Its accounts are public knowledge: nothing of worth belongs on it. */
export interface Anvil {
  readonly rpcUrl: string
  readonly port: number
  readonly pid: number
  readonly chainId: number
  /** Key of the first development account, which holds coin to give away. */
  readonly faucetKey: Hex
  /** Local tests only: lets time pass and mines a block. */
  advance(seconds: number): Promise<void>
  mine(): Promise<void>
  /** Settles when the process ends, asked or not, with what it said last. */
  readonly exited: Promise<ChainError>
  /** Writes the state and ends the process. */
  stop(): Promise<void>
}

export interface AnvilOptions {
  /** Where the chain is kept: state and the note of the running process. */
  folder: string
  /** Default, and for 0: any free one. */
  port?: number
  /** Default 31337. */
  chainId?: number
}

const noteName = 'anvil.json'
const readyWithinMs = 60_000
const stopWithinMs = 20_000
const mnemonic = 'test test test test test test test test test test test junk'

/** The binary of this platform's npm package. @throws ChainError `anvil.binary` */
export function anvilPath(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'))
    const binary = require.resolve(
      `@foundry-rs/anvil-${process.platform}-${architecture}/bin/anvil${process.platform === 'win32' ? '.exe' : ''}`
    )
    if (existsSync(binary)) return binary
  } catch (cause) {
    throw new ChainError('anvil.binary', `there is no anvil for ${process.platform}-${process.arch}`, {
      help: 'Run npm ci with optional dependencies, or use an EVM chain of your own by its RPC URL.',
      cause
    })
  }
  throw new ChainError('anvil.binary', 'the package of anvil holds no binary', { help: 'Run npm ci again.' })
}

const clientOf = (rpcUrl: string) =>
  createTestClient({ mode: 'anvil', transport: http(rpcUrl, { retryCount: 0, timeout: 30_000 }) }).extend(publicActions)

/**
 * A parent that was killed leaves its chain running: that one is ended, with its state, before another starts on the
 * same folder.
 */
async function endOrphan(folder: string): Promise<void> {
  const note = await noteOfAnvil(folder)
  if (note === undefined) return
  const { pid, rpcUrl } = note
  // Process numbers are used again by others: only one that answers as anvil where it was noted is ended.
  const version = await createPublicClient({ transport: http(rpcUrl, { retryCount: 0, timeout: 5000 }) })
    .request({ method: 'web3_clientVersion' })
    .catch(() => '')
  if (version.startsWith('anvil')) await endProcess({ pid }, stopWithinMs)
}

const portInUse = (port: number): ChainError =>
  new ChainError('anvil.port', `port ${port} of 127.0.0.1 is in use`, {
    help: 'Stop what holds it, or choose another port.'
  })

/**
 * The child's own word for its port, and its end as an error a person can act on. Asking a port who is there would not
 * do: another chain may have taken it, and answers alike.
 */
function listenTo(
  child: ChildProcess,
  wanted: number
): { listening: Promise<number>; died: Promise<ChainError>; hasDied: () => boolean } {
  let said = ''
  let dead = false
  const listening = new Promise<number>(resolve => {
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4000)
      const port = /^Listening on [\d.]+:(\d+)/m.exec(said)?.[1]
      if (port !== undefined) resolve(Number(port))
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
  })
  const died = new Promise<ChainError>(resolve => {
    child.once('error', cause => {
      dead = true
      resolve(new ChainError('anvil.binary', 'anvil does not start', { help: 'Run npm ci again.', cause }))
    })
    child.once('close', (code, signal) => {
      dead = true
      resolve(
        /address already in use/i.test(said)
          ? portInUse(wanted)
          : new ChainError('anvil.died', `the local chain ended (${signal ?? `exit ${code}`})`, {
              help: 'Its state is kept: start again.',
              details: { said: said.trim().slice(-500) }
            })
      )
    })
  })
  return { listening, died, hasDied: () => dead }
}

/** Key of the first development account, which everybody knows: on a chain of one's own it holds what is given away. */
export async function developmentKey(): Promise<Hex> {
  // Only who starts a chain or deploys on one needs word lists; daemons load this file, too.
  const { mnemonicToAccount } = await import('viem/accounts')
  const key = mnemonicToAccount(mnemonic).getHdKey().privateKey
  if (key === null) throw new ChainError('anvil.binary', 'the development account has no key')
  return toHex(key)
}

/** Where the chain of a folder answers, if one has been started there. */
export async function noteOfAnvil(folder: string): Promise<{ pid: number; rpcUrl: string } | undefined> {
  try {
    const { pid, rpcUrl } = JSON.parse(await readFile(join(folder, noteName), 'utf8')) as Record<string, unknown>
    return typeof pid === 'number' && typeof rpcUrl === 'string' && isAlive(pid) ? { pid, rpcUrl } : undefined
  } catch {
    return undefined // none was started, or its note is half written: as good as none
  }
}

/**
 * Starts a chain of its own that keeps its state in `folder`, goes on where it was, and mines each transaction at once.
 * @throws ChainError `anvil.binary`, `anvil.port`, `anvil.died`, `anvil.state`
 */
export async function startAnvil({ folder, port: wanted = 0, chainId = 31337 }: AnvilOptions): Promise<Anvil> {
  const binary = anvilPath()
  await mkdir(folder, { recursive: true })
  const note = join(folder, noteName)
  await endOrphan(folder)
  const state = await restoreState(folder)

  const child = spawn(
    binary,
    [
      '--host',
      '127.0.0.1',
      '--port',
      String(wanted),
      '--chain-id',
      String(chainId),
      '--mnemonic',
      mnemonic,
      '--accounts',
      '1',
      '--balance',
      '1000000',
      '--state',
      state,
      '--state-interval',
      '1',
      '--no-request-size-limit'
    ],
    // Ctrl-C reaches a terminal's whole group: the chain is ended by its parent alone, after those who still need it.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: folder, env: environmentForChildren() }
  )
  const { listening, died, hasDied } = listenTo(child, wanted)
  const port = await ready()
  const rpcUrl = `http://127.0.0.1:${port}`
  const client = clientOf(rpcUrl)
  await client.setLoggingEnabled(false) // a line for each call, and nobody reads them
  const pid = child.pid ?? 0
  await writeFile(note, JSON.stringify({ pid, rpcUrl }))
  const keeping = keepState(folder)
  void died.then(() => keeping.stop())

  async function ready(): Promise<number> {
    let late: NodeJS.Timeout | undefined
    const outcome = await Promise.race([
      listening,
      died,
      new Promise<undefined>(resolve => {
        late = setTimeout(() => {
          resolve(undefined)
        }, readyWithinMs)
      })
    ])
    clearTimeout(late)
    if (typeof outcome === 'number') return outcome
    await stopChild()
    throw (
      outcome ??
      new ChainError('anvil.died', `the local chain did not answer within ${readyWithinMs / 1000} s`, {
        help: 'The machine may be too busy: try again.'
      })
    )
  }

  async function stopChild(): Promise<void> {
    if (hasDied()) return
    child.kill('SIGTERM') // writes the state on its way out
    const stubborn = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await died
    clearTimeout(stubborn)
  }

  return {
    rpcUrl,
    port,
    pid,
    chainId,
    exited: died,
    faucetKey: await developmentKey(),
    async advance(seconds) {
      await client.increaseTime({ seconds })
      await client.mine({ blocks: 1 })
    },
    async mine() {
      await client.mine({ blocks: 1 })
    },
    async stop() {
      await stopChild()
      await keeping.stop()
      await rm(note, { force: true })
    }
  }
}
