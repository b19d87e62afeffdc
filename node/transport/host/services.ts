import type { GossipSub } from '@libp2p/gossipsub'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import { identify, identifyPush } from '@libp2p/identify'
import type { Identify, IdentifyPush } from '@libp2p/identify'
import { serviceCapabilities } from '@libp2p/interface'
import type { PeerInfo } from '@libp2p/interface'
import type { AddressManager, TransportManager } from '@libp2p/interface-internal'
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import type { KadDHT } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import type { ServiceFactoryMap } from 'libp2p'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { dhtLimits, greetingLimits, relayLimits } from '../../../protocol/wire/index.ts'
import { gossipService } from '../gossip/service.ts'
import type { Clock } from '../../runtime/index.ts'
import type { Reputation } from '../limits/reputation.ts'
import { isOwnNetwork } from '../public.ts'
import type { TransportOptions } from '../types.ts'
import { guardedDht } from './dht/guard.ts'
import { saidLittle } from './said-within.ts'

/** The two parts of libp2p that know its addresses. */
export interface Addressing {
  readonly addressManager: AddressManager
  readonly transportManager: TransportManager
}

export type Services = {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  dht: KadDHT
  pubsub: GossipSub
  addressing: Addressing
  relay?: CircuitRelayService
}

/** The DHT of this network: its records are none of the public IPFS DHT's business, and the reverse. */
export const dhtProtocol = '/tilth/kad/1'

/** Milliseconds that a busy peer may take for what an idle one does in a hundred. */
export const patienceMs = 30_000

/** What the DHT tells of a peer, with no more addresses than any needs, and none longer. */
const fewAddresses =
  (mapped: (peer: PeerInfo) => PeerInfo) =>
  (peer: PeerInfo): PeerInfo => {
    const { multiaddrs, ...rest } = mapped(peer)
    const fit = multiaddrs.filter(({ bytes }) => bytes.length <= dhtLimits.address)
    return { ...rest, multiaddrs: fit.slice(0, dhtLimits.addresses) }
  }

/** [reject] The DHT finds peers and files here and keeps no values: nobody's disk is filled with them. */
const refuseValues = (): Promise<never> =>
  Promise.reject(new InvalidError('frame.schema', 'the DHT of this network keeps no values'))

/** What a node speaks with others beside the protocols of this network, by its preset and roles. */
export async function servicesOf(
  options: TransportOptions,
  reputation: Reputation,
  clock: Pick<Clock, 'now' | 'sleep'>
): Promise<ServiceFactoryMap<Services>> {
  const { preset, clientMode = false, relay = false, upnp = false } = options
  const own = isOwnNetwork(options)
  const services: ServiceFactoryMap<Services> = {
    identify: saidLittle(identify({ timeout: patienceMs }), greetingLimits.identify, reputation, clock),
    // Protocols that are handled only after a peer has met us (bitswap starts after libp2p) would stay unknown to it.
    identifyPush: saidLittle(identifyPush({ timeout: patienceMs }), greetingLimits.push, reputation, clock),
    ping: saidLittle(ping(), greetingLimits.ping, reputation, clock),
    dht: guardedDht(
      kadDHT({
        validators: { pk: refuseValues },
        protocol: dhtProtocol,
        // Left alone a node answers for the DHT once it has a public address, since peers could not ask it before.
        ...(clientMode ? { clientMode } : own ? { clientMode: false } : {}),
        networkDialTimeout: { minTimeout: patienceMs / 3 },
        pingNewContactTimeout: { minTimeout: patienceMs / 3 },
        pingOldContactTimeout: { minTimeout: patienceMs / 3 },
        peerInfoMapper: fewAddresses(own ? passthroughMapper : removePrivateAddressesMapper)
      }),
      reputation,
      clock
    ),
    pubsub: gossipService(preset, reputation),
    // Says to libp2p's UPnP that somebody confirms addresses: it is done beside it (reach).
    addressing: ({ addressManager, transportManager }: Addressing) => ({
      addressManager,
      transportManager,
      [serviceCapabilities]: ['@libp2p/autonat']
    })
  }
  const others: Record<string, (components: never) => unknown> = {}
  if (preset === 'public') {
    others['dcutr'] = (await import('@libp2p/dcutr')).dcutr()
    if (upnp) others['upnp'] = (await import('@libp2p/upnp-nat')).uPnPNAT()
  }
  if (relay && !clientMode) {
    others['relay'] = (await import('@libp2p/circuit-relay-v2')).circuitRelayServer({
      maxInboundHopStreams: relayLimits.perPeer,
      maxOutboundStopStreams: relayLimits.perNode,
      reservations: {
        maxReservations: relayLimits.reservations,
        reservationTtl: relayLimits.reservationMs,
        defaultDurationLimit: relayLimits.durationMs,
        defaultDataLimit: BigInt(relayLimits.bytes)
      }
    })
  }
  return { ...services, ...others }
}
