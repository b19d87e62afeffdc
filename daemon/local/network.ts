import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createChain, deploy, startAnvil } from '../../node/chain/index.ts'
import type { Anvil } from '../../node/chain/index.ts'
import type { Chain } from '../../node/chain/types.ts'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import { InvalidError, TilthError, toHex } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { createApiClient } from '../api/contract/index.ts'
import type { ApiClient } from '../api/contract/index.ts'
import { networkFile } from '../config/index.ts'
import type { NetworkFile } from '../config/index.ts'
import { createKeystore } from '../keys/index.ts'
import { startDaemonProcess } from './child.ts'
import type { DaemonProcess } from './child.ts'
import { members } from './members.ts'
import type { Member } from './members.ts'

const layoutVersion = 1
const gas = 10n ** 18n
const minStake = 100n * 10n ** 18n
/** Bytes that a whole run needs on disk, with room. */
const diskNeeded = 1_500_000_000

export interface LocalDaemon {
  readonly name: string
  readonly address: Address
  readonly api: ApiClient
  readonly url: string
  readonly token: string
  readonly process: DaemonProcess
}
export interface LocalNetwork {
  readonly folder: string
  readonly chain: Chain
  readonly anvil: Anvil
  readonly rpc: string
  daemon(name: string): LocalDaemon
  readonly daemons: readonly LocalDaemon[]
  /** Settles with the reason as soon as the chain or a daemon ends unasked. */
  readonly failed: Promise<TilthError>
  stop(): Promise<void>
}

export interface LocalNetworkOptions {
  folder: string
  /** APIs listen on portBase, portBase + 1, …; 0 takes any free ports. */
  portBase: number
  chainPort: number
  /** Seconds within which an epoch can be challenged. */
  challengeSeconds: number
  fresh: boolean
  onStep: (text: string) => void
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM'
  }
}

/** [reject] One network a folder, and only of a layout that this version reads. */
async function prepareFolder(folder: string, fresh: boolean): Promise<void> {
  const marker = join(folder, 'layout.json')
  if (existsSync(marker)) {
    const { version, pid } = JSON.parse(await readFile(marker, 'utf8')) as { version?: unknown; pid?: unknown }
    if (typeof pid === 'number' && pid !== process.pid && alive(pid)) {
      throw new InvalidError('network.running', `a local network runs in ${folder} already (process ${pid})`, {
        help: 'Stop it with Ctrl-C, or choose another folder with --folder DIR.'
      })
    }
    if (version !== layoutVersion && !fresh) {
      throw new InvalidError(
        'network.version',
        `${folder} was written by another version of Tilth ` +
          `(layout ${JSON.stringify(version)}, this one writes ${layoutVersion})`,
        { help: 'Move it away, choose another with --folder DIR, or throw it away with --fresh.' }
      )
    }
    await rm(folder, { recursive: true, force: true })
  } else if (existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new InvalidError('network.folder', `${folder} is not empty and was not made by tilth up`, {
      help: 'Choose another with --folder DIR.'
    })
  }
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new InvalidError('network.folder', `${folder} cannot be made`, {
      help: 'Check the path and its permissions, or choose another with --folder DIR.',
      cause
    })
  }
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < diskNeeded) {
    throw new InvalidError(
      'network.disk',
      `${folder} has ${Math.round((bavail * bsize) / 1e6)} MB left; a run needs about ${diskNeeded / 1e6} MB`,
      { help: 'Free some space, or choose another disk with --folder DIR.' }
    )
  }
  await writeFile(marker, JSON.stringify({ version: layoutVersion, pid: process.pid }))
}

/** [reject] A port that something else holds is named before anything is started. */
async function requireFreePort(port: number, flag: string): Promise<void> {
  if (port === 0) return
  await new Promise<void>((resolve, reject) => {
    const probe = createServer()
    probe.once('error', cause => {
      reject(
        new InvalidError('network.port', `port ${port} of 127.0.0.1 is in use`, {
          help: `Stop what holds it, or choose another with ${flag} (0 takes any free one).`,
          cause
        })
      )
    })
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        resolve()
      })
    })
  })
}

interface Founded {
  member: Member
  folder: string
  address: Address
  privateKey: Uint8Array
}

async function foundMember(root: string, member: Member): Promise<Founded> {
  const folder = join(root, member.name)
  await mkdir(folder, { recursive: true })
  const passphrase = randomBytes(18).toString('base64url')
  await writeFile(join(folder, 'passphrase'), passphrase, { mode: 0o600 })
  const { address, privateKey } = await createKeystore(join(folder, 'key.json'), passphrase, { strength: 'light' })
  return { member, folder, address, privateKey }
}

export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const { folder: root, onStep } = options
  await prepareFolder(root, options.fresh)
  await requireFreePort(options.chainPort, '--chain-port')
  for (let i = 0; i < members.length; i++)
    await requireFreePort(options.portBase === 0 ? 0 : options.portBase + i, '--port-base')

  const stops: (() => Promise<unknown>)[] = []
  let stopping = false
  const children: DaemonProcess[] = []
  const stopAll = async (): Promise<void> => {
    stopping = true
    const quietly = (end: () => Promise<unknown>) =>
      end().catch((error: unknown) => {
        process.stderr.write(`while stopping: ${String(error)}\n`)
      })
    await Promise.all(children.splice(0).map(child => quietly(() => child.stop())))
    for (const end of stops.splice(0).reverse()) await quietly(end)
  }
  try {
    onStep('starting the chain')
    const anvil = await startAnvil({
      folder: join(root, 'chain'),
      ...(options.chainPort === 0 ? {} : { port: options.chainPort })
    })
    stops.push(() => anvil.stop())
    const rpc = anvil.rpcUrl
    onStep('deploying the contracts')
    const contracts = await deploy({
      rpcUrl: rpc,
      privateKey: anvil.faucetKey,
      challengeSeconds: options.challengeSeconds,
      disputeSeconds: 30,
      minStake
    })
    const chain = await createChain({ rpcUrl: rpc, addresses: contracts, privateKey: anvil.faucetKey })
    stops.push(() => chain.stop())

    onStep('making keys, giving them tokens and stakes')
    const founded = await Promise.all(members.map(member => foundMember(root, member)))
    for (const { address, member, privateKey } of founded) {
      await chain.tokens.sendGas(address, 100n * gas)
      await chain.tokens.transfer(address, member.tokens)
      if (!member.roles.some(role => role === 'validator' || role === 'worker' || role === 'settler')) continue
      const own = await createChain({ rpcUrl: rpc, addresses: contracts, privateKey: toHex(privateKey) })
      await own.nodes.stake(minStake)
      await own.stop()
    }

    const started: DaemonProcess[] = []
    const bootstrap: string[] = []
    const start = async ({ member, folder }: Founded, index: number): Promise<DaemonProcess> => {
      await writeFile(
        join(folder, 'config.json'),
        JSON.stringify(
          {
            data: folder,
            key: join(folder, 'key.json'),
            roles: member.roles,
            preset: 'local',
            listen: ['/ip4/127.0.0.1/tcp/0'],
            bootstrap,
            chain: { rpc, contracts },
            api: { port: options.portBase === 0 ? 0 : options.portBase + index },
            worker: { threads: 1 },
            log: 'info'
          },
          null,
          2
        )
      )
      const child = await startDaemonProcess(member.name, folder)
      children.push(child)
      started.push(child)
      return child
    }
    onStep('starting six daemons')
    const [first, ...others] = founded
    if (first === undefined) throw new TilthError('network.empty', 'a network needs members')
    const seed = await (await start(first, 0)).ready(90_000)
    bootstrap.push(...seed.peer)
    for (const [i, member] of others.entries()) await start(member, i + 1)
    const daemons: LocalDaemon[] = []
    for (const [i, child] of started.entries()) {
      const { url } = await child.ready(120_000)
      const token = (await readFile(join(child.folder, 'api-token'), 'utf8')).trim()
      const one = founded[i]
      if (one !== undefined)
        daemons.push({
          name: child.name,
          address: one.address,
          api: createApiClient(url, token),
          url,
          token,
          process: child
        })
      onStep(`${child.name} answers at ${url}`)
    }
    const file: NetworkFile = {
      version: 1,
      preset: 'local',
      chain: { rpc, chainId: chain.network.chainId, contracts },
      bootstrap,
      daemons: daemons.map(({ name, address, url, process: { folder } }) => ({
        name,
        data: folder,
        address,
        api: url,
        roles: [...(members.find(member => member.name === name)?.roles ?? [])]
      }))
    }
    await writeFile(join(root, 'network.json'), JSON.stringify(networkFile.parse(file), null, 2))

    const failed = new Promise<TilthError>(resolve => {
      const fail = (error: TilthError): void => {
        if (!stopping) resolve(error)
      }
      void anvil.exited.then(fail)
      for (const child of started) void child.ended.then(fail)
    })
    return {
      folder: root,
      chain,
      anvil,
      rpc,
      daemons,
      failed,
      daemon(name) {
        const found = daemons.find(one => one.name === name)
        if (found === undefined) throw new TilthError('network.member', `there is no daemon ${name}`)
        return found
      },
      stop: stopAll
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** The private key of an account that a person would hold: contributors sign with their own, no daemon sees it. */
export async function makePerson(
  folder: string,
  name: string
): Promise<{ name: string; address: Address; privateKey: Uint8Array }> {
  const passphrase = randomBytes(18).toString('base64url')
  await mkdir(join(folder, 'people'), { recursive: true })
  await writeFile(join(folder, 'people', `${name}.passphrase`), passphrase, { mode: 0o600 })
  const { privateKey } = await createKeystore(join(folder, 'people', `${name}.json`), passphrase, { strength: 'light' })
  return { name, address: addressOfKey(privateKey), privateKey }
}
