import { join } from 'node:path'
import { streamLimits, topicLimits } from '../../protocol/wire/index.ts'
import type { Protocol, StreamLimits, TopicFamily, TopicLimits } from '../../protocol/wire/index.ts'
import { createMetrics, gauge, silentLog, systemClock } from '../runtime/index.ts'
import type { Clock, Log, Metrics } from '../runtime/index.ts'
import { createFiles } from './files/files.ts'
import type { FetchLimits } from './files/files.ts'
import { heldRecords } from './files/held-records.ts'
import { createGossip } from './gossip/gossip.ts'
import { createHost } from './host/host.ts'
import { addressKey } from './identity.ts'
import { transportCounts } from './metrics.ts'
import { createNeighbours } from './neighbours/neighbours.ts'
import { openLastWord } from './peers/last-word.ts'
import { createPeers, cutOff } from './peers/peers.ts'
import { createProvider } from './peers/provider.ts'
import { watchRuns } from './peers/runs.ts'
import { readDebts, writeDebts } from './limits/debts.ts'
import { createReputation } from './limits/reputation.ts'
import { isOwnNetwork } from './public.ts'
import { reachPolicy } from './reach/policy.ts'
import type { ReachPolicy } from './reach/policy.ts'
import { createReach, localReach } from './reach/reach.ts'
import { offerRelay } from './reach/relays.ts'
import { createStreams } from './streams/streams.ts'
import { reachStates } from './types.ts'
import type { Transport, TransportOptions } from './types.ts'

/** Milliseconds between writings of what peers owe: who restarts a node does not restart his own account. */
const keepDebtsMs = 60_000

export interface TransportDeps {
  clock?: Clock
  log?: Log
  metrics?: Metrics
  /** Somebody else speaks with the node's key: told over and over. */
  onTwin?: (() => void) | undefined
  /** Milliseconds between two questions for somebody else who speaks with it. */
  askTwinMs?: number
  /** Rows instead of the wire tables', for tests that cannot wait for real limits. */
  /** How it is found out whether others can dial this node. */
  reach?: ReachPolicy
  limits?: {
    topics?: Partial<Record<TopicFamily, TopicLimits>>
    streams?: Partial<Record<Protocol, StreamLimits>>
    fetch?: FetchLimits
    relayMemory?: number
    grace?: number
  }
}

/** How often blocks that nothing needs are removed. */
const collectMs = 1_800_000

/**
 * Starts the node's part in the network; it is started when this resolves, and joins by its bootstrap nodes on its own
 * (wait with `peers.ready`).
 * @throws InvalidError `key.invalid` · StoreError · TilthError `network.listen`
 * @example
 * const transport = await createTransport({ privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [], directory,
 * preset: 'local' })
 */
export async function createTransport(options: TransportOptions, deps: TransportDeps = {}): Promise<Transport> {
  const { clock = systemClock, log = silentLog, metrics = createMetrics(), limits } = deps
  const counts = transportCounts(metrics)
  let ban = (_peerId: string): void => undefined
  const debtsFile = join(options.directory, 'debts.json')
  const reputation = createReputation(
    clock,
    peerId => {
      counts.bans.inc()
      log.warn('a peer is cut off for what it did', { peer: peerId })
      ban(peerId)
    },
    await readDebts(debtsFile, log)
  )
  let owing = reputation.debts().length > 0
  /** An idle node among honest peers writes nothing. */
  const keepDebts = async (): Promise<void> => {
    const debts = reputation.debts()
    if (debts.length === 0 && !owing) return
    owing = debts.length > 0
    await writeDebts(debtsFile, debts)
  }
  const unkept = (error: unknown): void => {
    log.warn('what peers owe could not be kept', { error })
  }
  const host = await createHost(options, reputation, { clock, log })
  const { helia, libp2p } = host
  ban = peerId => {
    cutOff(libp2p, peerId).catch((error: unknown) => {
      log.debug('a banned peer could not be hung up', { error })
    })
  }

  const peers = createPeers(host, { clock, log, metrics })
  const provider = createProvider(libp2p, { clock, log })
  const lastWord = await openLastWord(join(options.directory, 'last-word'), clock, log)
  const gossip = createGossip({
    pubsub: libp2p.services.pubsub,
    key: options.privateKey,
    reputation,
    clock,
    log,
    counts,
    limits: { ...topicLimits, ...limits?.topics },
    spokenBefore: lastWord.before,
    ...(deps.onTwin === undefined ? {} : { onTwin: deps.onTwin })
  })
  const streams = createStreams({
    libp2p,
    peers,
    reputation,
    clock,
    log,
    counts,
    limits: { ...streamLimits, ...limits?.streams }
  })
  const neighbours = createNeighbours({ libp2p, streams, clock, log }, [...(options.roles ?? [])])
  const onTwin = deps.onTwin ?? (() => undefined)
  const stopAsking = watchRuns(
    { key: options.privateKey, peers, streams, clock, log, lastWord, onTwin },
    deps.askTwinMs
  )
  const files = createFiles({
    helia,
    blocks: host.blocks,
    peers,
    provider,
    directory: options.directory,
    clock,
    log,
    limits: limits?.fetch,
    grace: limits?.grace
  })
  const collecting = clock.every(
    collectMs,
    async () => {
      await files.collect()
    },
    error => {
      log.warn('blocks that nothing needs could not be removed', { error })
    }
  )
  const reach =
    options.preset === 'local' || (options.bootstrap.length > 0 && isOwnNetwork(options) && deps.reach === undefined)
      ? localReach(() => peers.listening())
      : createReach(
          { libp2p, addressing: libp2p.services.addressing, streams, provider, clock, log },
          options,
          deps.reach ?? reachPolicy
        )
  gauge(metrics, 'tilth_reach', '1 for whether and how others can reach this node, 0 for the rest', ['state'], self => {
    const now = reach.view().state
    for (const state of reachStates) self.set({ state }, state === now ? 1 : 0)
  })
  // Loaded by relays only.
  const stopGuarding =
    options.relay === true
      ? (await import('./host/relay-guard.ts')).guardRelay(libp2p, { clock, log }, limits?.relayMemory)
      : () => undefined
  if (options.relay === true) void offerRelay(provider)
  const stopKeeping = clock.every(keepDebtsMs, keepDebts, unkept)
  // So that others find this account's peer by its address alone.
  void provider.provide(addressKey(peers.self.address))

  return {
    peers,
    gossip,
    streams,
    files,
    reach,
    neighbours,
    clockSkew: gossip.skew,
    heldRecords: () => heldRecords(helia.datastore),
    async stop() {
      stopKeeping()
      await keepDebts().catch(unkept)
      collecting()
      stopGuarding()
      reach.stop()
      await neighbours.stop()
      await stopAsking()
      peers.stop()
      files.stop()
      provider.stop()
      await host.stop()
    }
  }
}
