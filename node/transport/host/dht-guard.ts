import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import type { StreamHandler } from '@libp2p/interface'
import { LimitError } from '../../../protocol/primitives/index.ts'
import { dhtLimits } from '../../../protocol/wire/index.ts'
import type { Clock } from '../../runtime/index.ts'
import { createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'
import { boundedProviders } from './dht-providers.ts'
import { withMethods } from './with-methods.ts'

// libp2p's DHT answers whoever asks as often as it likes, and keeps on disk for two days whatever a peer says that it
// provides, and for an hour every address that it says with it. What it is given is bounded: its streams by bytes a
// peer, and its peers' addresses by number and time, here; its provider records by number, in `dht-providers.ts`.

type PeerStore = KadDHTComponents['peerStore']
type Registrar = KadDHTComponents['registrar']
type Handle = Registrar['handle']

/** What handles the DHT's streams, for a peer that says no more than it may. */
function boundedStreams(
  registrar: Registrar,
  reputation: Pick<Reputation, 'charge'>,
  clock: Pick<Clock, 'now'>
): Registrar {
  const shares = createBuckets(dhtLimits.said, clock)
  const bounded =
    (whole: StreamHandler): StreamHandler =>
    (stream, connection) => {
      const peer = connection.remotePeer.toString()
      const share = shares(peer)
      const handled = whole(stream, connection)
      stream.addEventListener('message', ({ data }) => {
        for (let left = data.byteLength; left > 0; left -= dhtLimits.piece) {
          if (share.take()) continue
          // [reject] No honest peer has so much to ask of one other.
          reputation.charge(peer, 'rate')
          stream.abort(new LimitError('limit.rate', 'more than a peer may ask of the DHT', { consequence: 'retry' }))
          return
        }
      })
      return handled
    }
  const handle: Handle = (protocols, handler, options) => registrar.handle(protocols, bounded(handler), options)
  return withMethods(registrar, { handle })
}

/**
 * A peer store to which the DHT adds few addresses of a peer, and seldom: each is held against all that are known, so
 * one peer that says another with each record takes time with the square of them.
 */
export function boundedAddresses(peerStore: PeerStore, clock: Pick<Clock, 'now'>): PeerStore {
  const shares = createBuckets(dhtLimits.addressed, clock)
  const merge: PeerStore['merge'] = async (peer, data, options) => {
    const { multiaddrs } = data
    if (multiaddrs === undefined) return await peerStore.merge(peer, data, options)
    // [ignore] What it says of itself as it connects is known besides.
    if (!shares(peer.toString()).take() && (await peerStore.has(peer, options)))
      return await peerStore.get(peer, options)
    return await peerStore.merge(peer, { ...data, multiaddrs: multiaddrs.slice(0, dhtLimits.addresses) }, options)
  }
  return withMethods(peerStore, { merge })
}

/** A DHT whose parts are bounded so. */
export const guardedDht =
  (
    make: (components: KadDHTComponents) => KadDHT,
    reputation: Pick<Reputation, 'charge'>,
    clock: Pick<Clock, 'now'>
  ): ((components: KadDHTComponents) => KadDHT) =>
  components => {
    const datastore = boundedProviders(components.datastore, components.peerId.toString(), clock)
    const registrar = boundedStreams(components.registrar, reputation, clock)
    const peerStore = boundedAddresses(components.peerStore, clock)
    return make(withMethods(components, { datastore, registrar, peerStore }))
  }
