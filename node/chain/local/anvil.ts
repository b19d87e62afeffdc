import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { environmentForChildren } from '../../runtime/environment.ts'
import { endsWithUs } from '../../runtime/ends-with-us.ts'
import { endProcess, markOf, runs } from '../../runtime/processes.ts'
import type { ProcessMark } from '../../runtime/processes.ts'
import { ChainError } from '../errors/index.ts'
import { openBlockLog } from './block-log.ts'
import type { BlockLog } from './block-log.ts'
import { listenAtDoor } from './door.ts'
import type { Door } from './door.ts'
import { createKeeper } from './keeper.ts'
import { rpcOf } from './rpc.ts'

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

/** A parent that was killed may leave its chain running: that one is ended before another starts on its folder. */
async function endOrphan(folder: string): Promise<void> {
  const note = await noteOfAnvil(folder)
  if (note !== undefined) await endProcess(note, stopWithinMs)
}

/** @throws ChainError `anvil.state` if there is a state, and it cannot be read */
async function stateIn(folder: string): Promise<{ path: string; exists: boolean }> {
  const path = join(folder, 'state.json')
  if (!existsSync(path)) return { path, exists: false }
  try {
    JSON.parse(await readFile(path, 'utf8'))
    return { path, exists: true }
  } catch (cause) {
    throw new ChainError('anvil.state', `the local chain's state ${path} cannot be read`, {
      help: 'Move the folder away and start with a fresh chain.',
      cause
    })
  }
}

/**
 * The child's own word for its port, and its end as an error a person can act on. Asking a port who is there would not
 * do: another chain may have taken it, and answers alike.
 */
function listenTo(child: ChildProcess): {
  listening: Promise<number>
  died: Promise<ChainError>
  hasDied: () => boolean
} {
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
        new ChainError('anvil.died', `the local chain ended (${signal ?? `exit ${code}`})`, {
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

const noteForm = z.object({ pid: z.int().min(1), born: z.string().optional(), rpcUrl: z.string() })

/** Where the chain of a folder answers, if one has been started there and runs. */
export async function noteOfAnvil(folder: string): Promise<(ProcessMark & { rpcUrl: string }) | undefined> {
  const text = await readFile(join(folder, noteName), 'utf8').catch(() => '')
  try {
    const note = noteForm.parse(JSON.parse(text))
    return (await runs(note)) ? note : undefined
  } catch {
    return undefined // none was started, or its note is half written: as good as none
  }
}

/**
 * Starts a chain of its own that mines each transaction at once, and whose folder holds at any moment all that it has
 * told anybody: ended in order or killed, it goes on where it was. It ends with the process that started it.
 * @throws ChainError `anvil.binary`, `anvil.port`, `anvil.died`, `anvil.state`
 */
export async function startAnvil({ folder, port: wanted = 0, chainId = 31337 }: AnvilOptions): Promise<Anvil> {
  const binary = anvilPath()
  await mkdir(folder, { recursive: true })
  await endOrphan(folder)
  const state = await stateIn(folder)
  const door = await listenAtDoor(wanted)
  try {
    return await startBehind(door, { binary, folder, chainId, state })
  } catch (error) {
    await door.close()
    throw error
  }
}

async function startBehind(
  door: Door,
  {
    binary,
    folder,
    chainId,
    state
  }: { binary: string; folder: string; chainId: number; state: { path: string; exists: boolean } }
): Promise<Anvil> {
  // In a block as they came: so they come again when it is made once more.
  const order = 'fifo'
  const named = { host: '127.0.0.1', port: 0, 'chain-id': chainId, mnemonic, accounts: 1, balance: 1_000_000, order }
  const child = spawn(
    binary,
    [
      ...Object.entries(named).flatMap(([name, value]) => [`--${name}`, String(value)]),
      '--no-request-size-limit',
      ...(state.exists ? ['--load-state', state.path] : [])
    ],
    // Ctrl-C reaches a terminal's whole group: the chain is ended by its parent alone, after those who still need it.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true, cwd: folder, env: environmentForChildren() }
  )
  const { listening, died, hasDied } = listenTo(child)
  const { pid = 0 } = child
  const free = pid === 0 ? () => undefined : endsWithUs(pid)
  const rpcUrl = `http://127.0.0.1:${door.port}`
  let log: BlockLog | undefined
  const exited = died.then(async error => {
    free()
    await door.close()
    await log?.close()
    return error
  })
  const stopChild = async (): Promise<void> => {
    if (!hasDied()) child.kill('SIGKILL') // nothing is asked of it any more: what it knew is on disk
    await exited
  }

  try {
    const port = await ready(listening, died)
    const rpc = rpcOf(`http://127.0.0.1:${port}`)
    await rpc('anvil_setLoggingEnabled', false) // a line for each call, and nobody reads them
    log = await openBlockLog(folder)
    const keeper = createKeeper({ rpc, log, state: state.path })
    await keeper.restore()
    await writeFile(join(folder, noteName), JSON.stringify({ ...(await markOf(pid)), rpcUrl }))
    door.open({ port, change: keeper.change })
    const outside = rpcOf(rpcUrl)
    return {
      rpcUrl,
      port: door.port,
      pid,
      chainId,
      exited,
      faucetKey: await developmentKey(),
      async advance(seconds) {
        await outside('evm_increaseTime', seconds)
        await outside('evm_mine')
      },
      async mine() {
        await outside('evm_mine')
      },
      async stop() {
        if (!hasDied()) await keeper.checkpoint()
        await stopChild()
        await rm(join(folder, noteName), { force: true })
      }
    }
  } catch (error) {
    await stopChild()
    await log?.close() // it may have been opened after the process ended
    throw hasDied() && !(error instanceof ChainError) ? await died : error
  }
}

/** @throws ChainError `anvil.binary`, `anvil.died` */
async function ready(listening: Promise<number>, died: Promise<ChainError>): Promise<number> {
  const late = new AbortController()
  const outcome = await Promise.race([
    listening,
    died,
    sleep(readyWithinMs, undefined, { signal: late.signal }).catch(() => undefined)
  ])
  late.abort()
  if (typeof outcome === 'number') return outcome
  throw (
    outcome ??
    new ChainError('anvil.died', `the local chain did not answer within ${readyWithinMs / 1000} s`, {
      help: 'The machine may be too busy: try again.'
    })
  )
}
