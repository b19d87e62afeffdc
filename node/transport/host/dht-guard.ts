import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import type { StreamHandler } from '@libp2p/interface'
import { LimitError } from '../../../protocol/primitives/index.ts'
import { dhtLimits } from '../../../protocol/wire/index.ts'
import type { Clock } from '../../runtime/index.ts'
import { createBucket, createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'

// libp2p's DHT answers whoever asks as often as it likes, and keeps on disk for two days whatever a peer says that it
// provides. What it is given is bounded here: its streams by bytes a peer, its provider records by number.

type Datastore = KadDHTComponents['datastore']
type Registrar = KadDHTComponents['registrar']
type Limits = typeof dhtLimits
type Put = Datastore['put']
type Handle = Registrar['handle']

/** Where it keeps who provides what: `/dht/provider/HASH/PEER`. */
const providers = '/dht/provider/'

/** The same object with some methods of its own. */
const withMethods = <T extends object>(whole: T, methods: Partial<T>): T =>
  new Proxy(whole, {
    get(target, name) {
      const own = Reflect.get(methods, name) as unknown
      if (own !== undefined) return own
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    }
  })

/** A datastore that keeps no more of others' provider records than it may. */
export function boundedProviders(
  datastore: Datastore,
  self: string,
  clock: Pick<Clock, 'now'>,
  { eachProvider, allProviders }: Pick<Limits, 'eachProvider' | 'allProviders'> = dhtLimits
): Datastore {
  const [each, all] = [createBuckets(eachProvider, clock), createBucket(allProviders, clock)]
  const put: Put = async (key, value, options) => {
    const name = key.toString()
    const by = name.startsWith(providers) ? name.slice(name.lastIndexOf('/') + 1) : self
    // [ignore] One peer provides so much, and all of them together; what is known is renewed at any time.
    if (by !== self && !(await datastore.has(key)) && !(each(by).take() && all.take())) return key
    return await datastore.put(key, value, options)
  }
  return withMethods(datastore, { put })
}

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
          reputation.charge(peer, 'refused')
          stream.abort(new LimitError('limit.rate', 'more than a peer may ask of the DHT', { consequence: 'retry' }))
          return
        }
      })
      return handled
    }
  const handle: Handle = (protocols, handler, options) => registrar.handle(protocols, bounded(handler), options)
  return withMethods(registrar, { handle })
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
    return make(
      new Proxy(components, {
        get: (target, name) =>
          name === 'datastore' ? datastore : name === 'registrar' ? registrar : (Reflect.get(target, name) as unknown)
      })
    )
  }
