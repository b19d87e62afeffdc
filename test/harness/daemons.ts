import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { multiaddr } from '@multiformats/multiaddr'
import type { ApiClient } from '../../daemon/api/contract/index.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { startDaemonProcess } from '../../daemon/local/network/child.ts'
import type { DaemonProcess } from '../../daemon/local/network/child.ts'
import { patientClient } from '../../daemon/local/network/patient.ts'
import type { Role } from '../../daemon/config/index.ts'
import { createChain } from '../../node/chain/index.ts'
import { toHex } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import type { Death } from './faults/die.ts'
import { coin } from './world.ts'
import type { World } from './world.ts'

// Daemons as processes of their own on a chain of a test's: no others than it asks for, and with faults at its word.

const readyMs = 120_000

export interface DaemonOptions {
  readonly roles: readonly Role[]
  /** Of the chain's token. */
  readonly stake?: bigint
  /** Milliseconds that its clock is ahead. */
  readonly ahead?: number
  /** Where its data is; below the world's folder unless given. */
  readonly folder?: string
  readonly config?: Readonly<Record<string, unknown>>
}

export interface TestDaemon {
  readonly name: string
  readonly folder: string
  readonly address: Address
  readonly privateKey: Uint8Array
  /** Waits for a daemon that is being started again. */
  api: ApiClient
  url: string
  token: string
  /** Where others reach it. */
  peer: readonly string[]
  process: DaemonProcess
  options: DaemonOptions
}

export interface Daemons {
  readonly all: readonly TestDaemon[]
  /** A daemon that joins by all others. */
  add(name: string, options: DaemonOptions): Promise<TestDaemon>
  /** Starts one that has ended again on its folder, as it was or otherwise. */
  start(daemon: TestDaemon, options?: Partial<DaemonOptions>): Promise<void>
  /** SIGKILL. */
  kill(daemon: TestDaemon): Promise<void>
  /** It will end itself by SIGKILL at a write, and is not started again. */
  killAt(daemon: TestDaemon, death: Death): Promise<void>
  /** Whether its end was ordered and has not come. */
  isDoomed(daemon: TestDaemon): boolean
  /** From now on no connection is between these and the others; heals with none. */
  part(half: readonly TestDaemon[]): Promise<void>
}

const portOf = ({ peer }: TestDaemon): number => {
  const port = multiaddr(peer[0] ?? '')
    .getComponents()
    .find(({ name }) => name === 'tcp')?.value
  return Number(port)
}
const deathOf = (folder: string): string => join(folder, 'dies-at.json')
const cutOf = (folder: string): string => join(folder, 'cut-off.json')

/** A daemon may look at any moment: it sees all of it or nothing. */
async function order(path: string, what: unknown): Promise<void> {
  await writeFile(`${path}.part`, JSON.stringify(what))
  await rename(`${path}.part`, path)
}

/** Node's option that loads one of the faults into a process. */
function loading(fault: string, parameters: Record<string, string>): string {
  const url = pathToFileURL(join(import.meta.dirname, 'faults', `${fault}.ts`))
  url.search = new URLSearchParams(parameters).toString()
  return `--import=${url.href}`
}

export function startDaemons(world: World): Daemons {
  const all: TestDaemon[] = []
  world.onStop(() => Promise.all(all.map(({ process }) => process.stop())))

  async function startProcess(name: string, folder: string, { ahead = 0 }: DaemonOptions): Promise<DaemonProcess> {
    const faults = [loading('die', { at: deathOf(folder) }), loading('cut', { at: cutOf(folder) })]
    if (ahead !== 0) faults.push(loading('clock', { ahead: String(ahead) }))
    return startDaemonProcess(name, folder, { execArgv: faults })
  }
  async function found(
    folder: string,
    process: DaemonProcess
  ): Promise<Pick<TestDaemon, 'api' | 'url' | 'token' | 'peer'>> {
    const { url, peer } = await process.ready(readyMs)
    const token = (await readFile(join(folder, 'api-token'), 'utf8')).trim()
    return { url, token, peer, api: patientClient(url, token) }
  }
  const writeConfig = (folder: string, { roles, config }: DaemonOptions, listen: string): Promise<void> =>
    writeFile(
      join(folder, 'config.json'),
      JSON.stringify({
        data: folder,
        key: join(folder, 'key.json'),
        roles,
        preset: 'local',
        listen: [listen],
        bootstrap: all.filter(one => one.folder !== folder).flatMap(({ peer }) => peer),
        chain: { rpc: world.anvil.rpcUrl, contracts: world.addresses },
        api: { port: 0 },
        log: 'info',
        ...config
      })
    )

  return {
    all,
    async add(name, options) {
      const folder = options.folder ?? join(world.root, name)
      await mkdir(folder, { recursive: true })
      const passphrase = randomBytes(18).toString('base64url')
      await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
      const { address, privateKey } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
      await world.faucet.tokens.sendGas(address, coin)
      const { stake = 0n } = options
      if (stake > 0n) {
        await world.faucet.tokens.transfer(address, stake)
        const own = await createChain({
          rpcUrl: world.anvil.rpcUrl,
          addresses: world.addresses,
          privateKey: toHex(privateKey)
        })
        await own.nodes.stake(stake)
        await own.stop()
      }
      await writeConfig(folder, options, '/ip4/127.0.0.1/tcp/0')
      const process = await startProcess(name, folder, options)
      const daemon = { name, folder, address, privateKey, process, options, ...(await found(folder, process)) }
      all.push(daemon)
      return daemon
    },
    async start(daemon, changes = {}) {
      const { name, folder } = daemon
      daemon.options = { ...daemon.options, ...changes }
      await writeConfig(folder, daemon.options, `/ip4/127.0.0.1/tcp/${portOf(daemon)}`)
      daemon.process = await startProcess(name, folder, daemon.options)
      Object.assign(daemon, await found(folder, daemon.process))
    },
    async kill(daemon) {
      process.kill(daemon.process.pid, 'SIGKILL')
      await daemon.process.ended
    },
    killAt: ({ folder }, death) => order(deathOf(folder), death),
    isDoomed: ({ folder }) => existsSync(deathOf(folder)),
    async part(half) {
      for (const daemon of all) {
        const isIn = half.includes(daemon)
        const others = half.length === 0 ? [] : all.filter(other => half.includes(other) !== isIn)
        if (others.length === 0) await rm(cutOf(daemon.folder), { force: true })
        else await order(cutOf(daemon.folder), others.map(portOf))
      }
    }
  }
}
