import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import type { Multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions } from 'libp2p'
import { rareUpdates, wholeFrames } from '../../node/transport/host/fewer-writes.ts'
import { libp2pKey } from '../../node/transport/identity.ts'

/**
 * Milliseconds that a dial may take, and one of the addresses that it tries in turn: some may lead nowhere, and whoever
 * asks waits a few seconds for a worker.
 */
const dialMs = 20_000
const addressMs = 2_000
/** Addresses of one peer that are tried. */
export const mostAddresses = 8
/** Nodes, the workers among them, that this peer is connected to at once. */
const mostConnections = 50

/**
 * A libp2p that listens nowhere and has no part in gossip or the DHT: it dials, asks and pays.
 * @param mayDial of any address, whoever told it
 */
export const createHost = (
  privateKey: Uint8Array,
  transports: NonNullable<Libp2pOptions['transports']>,
  mayDial: (address: Multiaddr) => boolean
): Promise<Libp2p> =>
  createLibp2p({
    privateKey: libp2pKey(privateKey),
    nodeInfo: { name: 'tilth-client', version: '0.1.0', userAgent: 'tilth-client/0.1.0' },
    addresses: { listen: [] },
    transports: [...transports, circuitRelayTransport()],
    connectionEncrypters: [wholeFrames(noise())],
    streamMuxers: [rareUpdates(yamux({ streamOptions: { maxStreamWindowSize: 2 << 20 } }))],
    connectionMonitor: { pingInterval: 20_000, pingTimeout: { minTimeout: 30_000, maxTimeout: 60_000 } },
    connectionManager: {
      maxConnections: mostConnections,
      dialTimeout: dialMs,
      addressDialTimeout: addressMs,
      maxPeerAddrsToDial: mostAddresses
    },
    connectionGater: { denyDialMultiaddr: address => !mayDial(address) },
    services: { identify: identify({ timeout: 30_000 }), ping: ping() }
  })
