import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { followChain } from '../../node/chain/index.ts'
import type { FollowedChain } from '../../node/chain/index.ts'
import { createAutomations, createEvents, systemClock } from '../../node/runtime/index.ts'
import type { AutomationEvents, Automations, Clock, Events, Log } from '../../node/runtime/index.ts'
import { createShelf } from '../../node/shelf/index.ts'
import type { Shelf } from '../../node/shelf/index.ts'
import { openStore } from '../../node/store/index.ts'
import type { Store } from '../../node/store/index.ts'
import type { Transport } from '../../node/transport/index.ts'
import type { Network } from '../../protocol/crypto/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { logOf } from './log.ts'
import { startNode } from './nodes.ts'
import type { TestNode } from './nodes.ts'
import { pause } from './wait.ts'
import type { Account, AccountOptions, World } from './world.ts'

// Peers of one phase: real libp2p, a real store and a real chain in one process; the phase says how its service is
// made.

/** What every phase's service is given. */
export interface CommonDeps<E extends object> extends Pick<Transport, 'gossip' | 'streams' | 'peers' | 'files'> {
  readonly key: Uint8Array
  readonly self: Address
  readonly network: Network
  readonly chain: FollowedChain
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly events: Events<E>
  readonly shelf: Shelf
  readonly automations: Automations
}

interface PhaseService {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Somebody with a name and a folder, whose peer may run, here or elsewhere. */
export interface Resident extends Account {
  readonly name: string
  readonly folder: string
}

export interface Peer<S, E extends object, O> extends Resident {
  readonly options: O
  service: S
  /** Its chain with the ledger that it follows. */
  followed: FollowedChain
  events: Events<E>
  node: TestNode
  store: Store
}

/** How a phase's service is made from what all have in common. */
export type Make<S, E extends object, O> = (common: CommonDeps<E>, peer: Resident, options: O) => S

type Running<S, E extends object> = Pick<Peer<S, E, unknown>, 'service' | 'followed' | 'events' | 'node' | 'store'>

async function serviceOn<S extends PhaseService, E extends object, O>(
  peer: Resident,
  { node, store }: Pick<Running<S, E>, 'node' | 'store'>,
  options: O,
  make: Make<S, E, O>
): Promise<Running<S, E>> {
  const log = logOf(peer.name)
  const events = createEvents<E>(log)
  const { gossip, streams, peers, files } = node
  const { key, address: self } = peer
  const chain = await followChain(peer.chain, { store, clock: systemClock, log, pollMs: 50 })
  const { network } = chain
  const shelf = createShelf({ files, folder: join(peer.folder, 'shelf'), clock: systemClock, log, quota: 1e9 })
  await shelf.start()
  const automations = createAutomations({
    clock: systemClock,
    log,
    events: events as unknown as Events<AutomationEvents>,
    store
  })
  const infrastructure = { gossip, streams, peers, files, shelf, automations }
  const common = { key, self, network, chain, clock: systemClock, log, store, events, ...infrastructure }
  const service = make(common, peer, options)
  await service.start()
  chain.ledger.start()
  return { service, followed: chain, events, node, store }
}

/** Starts a peer on its folder, in this process. */
export async function startPeer<S extends PhaseService, E extends object, O>(
  peer: Resident,
  bootstrap: readonly string[],
  options: O,
  make: Make<S, E, O>,
  listen?: readonly string[]
): Promise<Running<S, E>> {
  const directory = join(peer.folder, 'net')
  const node = await startNode({ privateKey: peer.key, directory, bootstrap, ...(listen && { listen }) })
  const store = await openStore(join(peer.folder, 'store'))
  // A connection is enough: the DHT's table of a node that comes back may take minutes to fill on a busy machine.
  for (let i = 0; bootstrap.length > 0 && i < 600 && node.peers.connected().length === 0; i++) await pause(100)
  return serviceOn(peer, { node, store }, options, make)
}

export interface Peers<S, E extends object, O> {
  /** Who runs now, in the order of their start. */
  readonly running: readonly Peer<S, E, O>[]
  /** An account with money and a folder, for a peer that starts later or that somebody else runs. */
  resident(name: string, account?: AccountOptions): Promise<Resident>
  /** Starts a peer that joins by all others. */
  start(resident: Resident, options: O): Promise<Peer<S, E, O>>
  add(name: string, options: O, account?: AccountOptions): Promise<Peer<S, E, O>>
  /** Ends a peer in order; its folder stays. */
  end(peer: Peer<S, E, O>): Promise<void>
  /** Ends a peer as `kill -9` would, as far as that goes within a process: nothing is said to anybody. */
  kill(peer: Peer<S, E, O>): Promise<void>
  /** Starts a peer that was ended or killed again on its folder, with its old options unless given. */
  revive(peer: Peer<S, E, O>, options?: O): Promise<void>
  /** A new service on the same node and store: what was only in memory is forgotten. */
  forget(peer: Peer<S, E, O>): Promise<void>
}

/** @param seeds nodes besides the peers by which everybody joins @param listen where peers do, if not by TCP alone */
export function peersOf<S extends PhaseService, E extends object, O>(
  world: World,
  make: Make<S, E, O>,
  seeds: readonly Transport[] = [],
  listen?: readonly string[]
): Peers<S, E, O> {
  const running: Peer<S, E, O>[] = []
  const bootstrap = (): string[] =>
    [...seeds, ...running.map(({ node }) => node)].flatMap(({ peers }) => peers.listening())

  const leave = (peer: Peer<S, E, O>): void => void running.splice(running.indexOf(peer), 1)
  async function end(peer: Peer<S, E, O>): Promise<void> {
    leave(peer)
    await peer.service.stop()
    await peer.followed.ledger.stop()
    await peer.node.stop()
    await peer.store.close()
  }
  world.onStop(async () => {
    for (const peer of [...running].reverse()) await end(peer)
  })

  const peers: Peers<S, E, O> = {
    running,
    async resident(name, account) {
      const folder = join(world.root, name)
      await mkdir(folder, { recursive: true })
      return { name, folder, ...(await world.account(account)) }
    },
    async start(resident, options) {
      const peer = { ...resident, options, ...(await startPeer(resident, bootstrap(), options, make, listen)) }
      running.push(peer)
      return peer
    },
    add: async (name, options, account) => peers.start(await peers.resident(name, account), options),
    end,
    async kill(peer) {
      leave(peer)
      // The connections go first, so that nothing the service does on its way out reaches anybody. A service held at
      // a write never stops, and one without a network may complain on its way out.
      const gone = peer.node.stop()
      const stopped = peer.service.stop().catch(() => undefined)
      await gone
      await Promise.race([stopped, pause(500)])
      await peer.followed.ledger.stop()
      await peer.store.close()
    },
    async revive(peer, options = peer.options) {
      Object.assign(peer, await startPeer(peer, bootstrap(), options, make, listen))
      running.push(peer)
    },
    async forget(peer) {
      await peer.service.stop()
      await peer.followed.ledger.stop()
      Object.assign(peer, await serviceOn(peer, peer, peer.options, make))
    }
  }
  return peers
}
