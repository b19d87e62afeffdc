import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createChain, startAnvil } from '../../../node/chain/index.ts'
import type { Anvil } from '../../../node/chain/index.ts'
import type { Chain } from '../../../node/chain/types.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { endProcess } from '../../../node/runtime/processes.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import type { NetworkFile } from '../../config/index.ts'
import { startDaemonProcess } from './child.ts'
import type { DaemonProcess } from './child.ts'
import { prepareFolder } from './folder.ts'
import { foundNetwork, writeNetworkFile } from './founding.ts'
import { knownNetwork } from './known.ts'
import { apiNote, leaveFolder, runningIn } from '../../running.ts'
import { patientClient } from './patient.ts'
import { choosePorts, portOfUrl } from './ports.ts'
import { settle } from './settings.ts'
import { supervise, superviseDaemon } from './supervisor.ts'
import type { Supervised, SupervisedDaemon } from './supervisor.ts'

export interface LocalDaemon {
  readonly name: string
  readonly address: Address
  /** Waits for a daemon that is being started again. */
  readonly api: ApiClient
  readonly url: string
  readonly token: string
  readonly process: SupervisedDaemon
}
export interface LocalNetwork {
  readonly folder: string
  /** Whether it was there before. */
  readonly resumed: boolean
  readonly chain: Chain
  /** The chain's process, as it runs now. */
  readonly anvil: Anvil
  readonly rpc: string
  daemon(name: string): LocalDaemon
  readonly daemons: readonly LocalDaemon[]
  /** Settles with the reason when the chain or a daemon ended and starting it again did not help. */
  readonly failed: Promise<TilthError>
  stop(): Promise<void>
}

export interface LocalNetworkOptions {
  folder: string
  /** APIs listen on portBase, portBase + 1, …; 0 takes any free ones. Unless given those of before, or free ones. */
  portBase?: number | undefined
  /** 0 takes any free one. Unless given that of before, or a free one. */
  chainPort?: number | undefined
  /** Seconds within which an epoch can be challenged; a network that is taken up keeps its own. */
  challengeSeconds: number
  /** Replaces what is in the folder. */
  fresh: boolean
  onStep: (text: string) => void
  /** Whether a process that ends is started again; it is unless this is false. */
  keepUp?: boolean
  /** The program that a daemon is started from, if it is not this version's. */
  programOf?: (name: string) => string | undefined
  /** Hears that a process ended and is started again. */
  onRestart?: (text: string) => void
  /** Hears what was found damaged in the folder, and what became of it. */
  onNote?: (text: string) => void
}

/** Milliseconds a daemon may take to come up: many start at once, and one that is taken up has much to read. */
const upMs = 120_000

/** Daemons of an earlier run whose starter was killed end by themselves a moment later: nothing may start before. */
async function endLeftovers(folders: readonly string[]): Promise<void> {
  await Promise.all(
    folders.map(async folder => {
      const left = await runningIn(folder, apiNote)
      if (left !== undefined) await endProcess(left, 10_000)
    })
  )
}

/**
 * Starts the network of a folder: takes up the one that is in it, or founds one.
 * @throws InvalidError `network.*` (`network.version` for contracts of another version, too), `flag.number` ·
 * ChainError · TilthError `daemon.ended`, `daemon.slow`
 */
export async function startLocalNetwork(options: LocalNetworkOptions): Promise<LocalNetwork> {
  const { folder: root, onStep, keepUp = true, onRestart = () => undefined, onNote = () => undefined } = options
  const resumed = await prepareFolder(root, options.fresh)
  const before = resumed ? await knownNetwork(root, onNote) : undefined
  if (before !== undefined) await endLeftovers(before.daemons.map(({ name }) => join(root, name)))

  const stops: (() => Promise<unknown>)[] = [() => leaveFolder(root)]
  const children: SupervisedDaemon[] = []
  const stopEach = async (): Promise<void> => {
    const quietly = (end: () => Promise<unknown>) =>
      end().catch((error: unknown) => {
        process.stderr.write(`while stopping: ${String(error)}\n`)
      })
    await Promise.all(children.splice(0).map(child => quietly(() => child.stop())))
    for (const end of stops.splice(0).reverse()) await quietly(end)
  }
  // Asked by several, who all wait for the same end.
  let stopping: Promise<void> | undefined
  const stopAll = (): Promise<void> => (stopping ??= stopEach())
  try {
    const ports = await choosePorts(options, before)
    onStep(resumed ? 'taking up the chain' : 'starting the chain')
    const anvil = await superviseChain(join(root, 'chain'), ports.chain, onRestart)
    stops.push(() => anvil.stop())
    const rpc = anvil.current.rpcUrl
    const file = before ?? (await foundNetwork(root, anvil.current, options))
    const { contracts } = file.chain
    const { faucetKey: privateKey } = anvil.current
    const chain = await createChain({ rpcUrl: rpc, addresses: contracts, privateKey }).catch((error: unknown) => {
      throw ofAnotherVersion(error, root)
    })
    stops.push(() => chain.stop())

    onStep(`starting ${file.daemons.length} daemons`)
    const members = file.daemons.map((daemon, i) => ({
      ...daemon,
      data: join(root, daemon.name),
      apiPort: ports.api[i] ?? 0
    }))
    const shared = { rpc, contracts, bootstrap: [] as string[] }
    const start = async (member: (typeof members)[number]): Promise<SupervisedDaemon> => {
      const { name, data } = member
      await settle(member, shared, onNote)
      const again = (): Promise<DaemonProcess> =>
        startDaemonProcess(name, data, { supervised: keepUp, program: options.programOf?.(name) })
      const child = await superviseDaemon(name, data, again, { keepUp, onRestart })
      children.push(child)
      return child
    }
    const [first, ...others] = members
    if (first === undefined) throw new TilthError('network.empty', 'a network needs members')
    const running = [await start(first)]
    const told = (await running[0]?.ready(upMs))?.peer ?? []
    shared.bootstrap = withoutPages(told)
    for (const member of others) running.push(await start(member))
    const daemons: LocalDaemon[] = []
    const peers: string[][] = []
    for (const [i, process] of running.entries()) {
      const { url, peer } = await process.ready(upMs)
      const token = (await readFile(join(process.folder, 'api-token'), 'utf8')).trim()
      const address = members[i]?.address as Address
      daemons.push({ name: process.name, address, api: patientClient(url, token), url, token, process })
      peers.push(peer)
      onStep(`${process.name} answers at ${url}`)
    }
    // From now on each is found where it is, whoever of them is started again.
    for (const [i, member] of members.entries())
      await settle(
        { ...member, apiPort: portOfUrl(daemons[i]?.url) },
        { ...shared, bootstrap: withoutPages(peers.filter((_, other) => other !== i).flat()) },
        onNote,
        peers[i]
      )
    const now: NetworkFile = {
      ...file,
      // Pages of other origins are answered by WebSocket alone.
      chain: { ...file.chain, rpc, pageRpc: rpc.replace(/^http/, 'ws') },
      bootstrap: told,
      daemons: members.map(({ name, data, roles, address }, i) => ({
        name,
        data,
        roles,
        address,
        api: daemons[i]?.url ?? ''
      }))
    }
    await writeNetworkFile(root, now)

    return {
      folder: root,
      resumed,
      chain,
      get anvil() {
        return anvil.current
      },
      rpc,
      daemons,
      failed: Promise.race([anvil.lost, ...running.map(({ lost }) => lost)]),
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

/** Daemons find each other by TCP; the rest is for pages. */
const withoutPages = (addresses: readonly string[]): string[] => addresses.filter(address => !/\/wss?\//.test(address))

/** [reject] A chain whose contracts another version deployed stays that version's: nothing here can read on it. */
function ofAnotherVersion(cause: unknown, root: string): unknown {
  if (!(cause instanceof TilthError && cause.code === 'chain.version')) return cause
  return new InvalidError(
    'network.version',
    `the network in ${root} is of another version of Tilth: ${cause.message}`,
    {
      help:
        'Take it up with the version that made it; or start another beside it with --folder DIR, ' +
        'or throw it away with --fresh.',
      cause
    }
  )
}

/** The chain, started again on its folder and where everybody knows it: its blocks are the same ones. */
async function superviseChain(
  folder: string,
  wanted: number,
  onRestart: (text: string) => void
): Promise<Supervised<Anvil & { readonly ended: Promise<TilthError> }>> {
  let port = wanted
  return supervise(
    'the chain',
    async () => {
      const anvil = await startAnvil({ folder, ...(port === 0 ? {} : { port }) })
      ;({ port } = anvil)
      return { ...anvil, ended: anvil.exited }
    },
    onRestart
  )
}
