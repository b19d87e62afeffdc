import { join } from 'node:path'
import { bootstrap } from '@libp2p/bootstrap'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import type { Identify, IdentifyPush } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import type { KadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { LevelDatastore } from 'datastore-level'
import type { Helia } from 'helia'
import { Level } from 'level'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { checkFormat, storeError } from '../../store/index.ts'
import { LendingBlocks } from '../blocks/lent.ts'
import { gossipService } from '../gossip/service.ts'
import { createHelia } from '../blocks/helia.ts'
import { hasNodeKey, libp2pKey } from '../identity.ts'
import type { Reputation } from '../limits/reputation.ts'
import { patientRouter } from '../blocks/routing.ts'
import type { TransportOptions } from '../types.ts'

export type Services = { identify: Identify; identifyPush: IdentifyPush; ping: Ping; dht: KadDHT; pubsub: GossipSub }

/** The DHT of this network: its records are none of the public IPFS DHT's business, and the reverse. */
export const dhtProtocol = '/tilth/kad/1'

/** Milliseconds that a busy peer may take for what an idle one does in a hundred. */
const patienceMs = 30_000

/** A started Helia with its libp2p. */
export interface Host {
  readonly helia: Helia
  readonly blocks: LendingBlocks
  readonly libp2p: Libp2p<Services>
  readonly bootstrap: readonly string[]
  stop(): Promise<void>
}

/**
 * A relay serves token streams and adapters, not only hole punching: the library's 2 minutes and 128 KiB cut them off.
 */
const relayLimits = { maxReservations: 128, defaultDurationLimit: 2 * 3_600_000, defaultDataLimit: 1n << 30n }

async function transportsOf({
  listen,
  announce = [],
  bootstrap,
  preset
}: TransportOptions): Promise<Libp2pOptions['transports']> {
  const transports: NonNullable<Libp2pOptions['transports']> = [tcp()]
  // Loaded only where wanted: six daemons start on one small machine.
  if (preset === 'public' || [...listen, ...announce, ...bootstrap].some(address => /\/wss?(\/|$)/.test(address)))
    transports.push((await import('@libp2p/websockets')).webSockets())
  if (preset === 'public') transports.push((await import('@libp2p/circuit-relay-v2')).circuitRelayTransport())
  return transports
}

async function servicesOf(options: TransportOptions, reputation: Reputation): Promise<ServiceFactoryMap<Services>> {
  const { preset, clientMode = false } = options
  const services: ServiceFactoryMap<Services> = {
    identify: identify({ timeout: patienceMs }),
    // Protocols that are handled only after a peer has met us (bitswap starts after libp2p) would stay unknown to it.
    identifyPush: identifyPush({ timeout: patienceMs }),
    ping: ping(),
    dht: kadDHT({
      protocol: dhtProtocol,
      clientMode,
      networkDialTimeout: { minTimeout: patienceMs / 3 },
      pingNewContactTimeout: { minTimeout: patienceMs / 3 },
      pingOldContactTimeout: { minTimeout: patienceMs / 3 },
      peerInfoMapper: preset === 'local' ? passthroughMapper : removePrivateAddressesMapper
    }),
    pubsub: gossipService(preset, reputation)
  }
  if (preset === 'local' || clientMode) return services
  const { circuitRelayServer } = await import('@libp2p/circuit-relay-v2')
  const withRelay = { ...services, relay: circuitRelayServer({ reservations: relayLimits }) }
  return withRelay
}

/**
 * Starts the node's libp2p and Helia on its folder.
 * @throws InvalidError `key.invalid` · StoreError · TilthError `network.listen` when an address cannot be listened on
 */
export async function createHost(options: TransportOptions, reputation: Reputation): Promise<Host> {
  const { directory, listen, announce, preset, clientMode = false } = options
  const privateKey = libp2pKey(options.privateKey)
  await checkFormat(directory)
  // Opened here, because LevelDatastore keeps only the text of why it could not.
  const records = new Level<string, Uint8Array>(join(directory, 'peers'), {
    keyEncoding: 'utf8',
    valueEncoding: 'view'
  })
  const datastore = new LevelDatastore(records)
  const blockstore = new LendingBlocks(join(directory, 'blocks'), datastore)
  try {
    await blockstore.open()
    await records.open()
    await datastore.open()
  } catch (error) {
    throw storeError(error, directory)
  }

  const libp2p = await createLibp2p<Services>({
    start: false,
    privateKey,
    datastore,
    nodeInfo: { name: 'tilth', version: '0.1.0', userAgent: 'tilth/0.1.0' },
    addresses: { listen: [...listen], ...(announce === undefined ? {} : { announce: [...announce] }) },
    transports: await transportsOf(options),
    connectionEncrypters: [noise()],
    // A stream that is not read holds at most what its window lets in: the window must stay below libp2p's read buffer
    // of 4 MiB, beyond which the stream would be reset instead of waiting.
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 2 << 20 } })],
    peerDiscovery: options.bootstrap.length === 0 ? [] : [bootstrap({ list: [...options.bootstrap], timeout: 0 })],
    // The library ends a connection whose ping takes over five seconds. A machine that trains is slow to answer, and a
    // line that carries an adapter has the ping wait behind it: neither is dead.
    connectionMonitor: { pingInterval: 20_000, pingTimeout: { minTimeout: patienceMs, maxTimeout: 2 * patienceMs } },
    connectionManager: {
      maxConnections: 300,
      dialTimeout: patienceMs,
      addressDialTimeout: patienceMs / 2,
      inboundUpgradeTimeout: patienceMs,
      inboundStreamProtocolNegotiationTimeout: patienceMs,
      outboundStreamProtocolNegotiationTimeout: patienceMs,
      // Per host and second; on a local network all nodes are one host.
      inboundConnectionThreshold: preset === 'local' ? 1000 : 10
    },
    connectionGater: {
      // Private addresses are dialled only where they are the network.
      denyDialMultiaddr: () => false,
      denyDialPeer: id => reputation.banned(id.toString()),
      denyInboundEncryptedConnection: id => !hasNodeKey(id) || reputation.banned(id.toString()),
      denyOutboundEncryptedConnection: id => !hasNodeKey(id)
    },
    services: await servicesOf(options, reputation)
  })
  const helia = await createHelia({ datastore, blockstore, routers: [patientRouter(libp2p)] }, libp2p)

  const stop = async (): Promise<void> => {
    try {
      await helia.stop()
    } catch (error) {
      // A disk that is full also fails the last words of a stop; the network must be left all the same.
      await libp2p.stop()
      throw storeError(error, directory)
    } finally {
      await datastore.close()
      await blockstore.close()
    }
  }
  try {
    await helia.start()
  } catch (cause) {
    await datastore.close()
    throw new TilthError('network.listen', `the node could not listen on ${listen.join(', ')}`, {
      consequence: 'fatal',
      cause,
      help: 'Another process may use the port: choose another one, or 0 for any.'
    })
  }
  // Left alone a node is a DHT client until somebody has seen it at a public address; on one host nobody ever would.
  if (!clientMode && (preset === 'local' || announce !== undefined)) await libp2p.services.dht.setMode('server')
  return { helia, blocks: blockstore, libp2p, bootstrap: options.bootstrap, stop }
}
