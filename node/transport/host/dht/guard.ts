import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import type { Connection, Stream } from '@libp2p/interface'
import { LimitError } from '../../../../protocol/primitives/index.ts'
import { dhtLimits } from '../../../../protocol/wire/index.ts'
import type { Clock } from '../../../runtime/index.ts'
import { rangeOf } from '../../addresses.ts'
import type { Offence, Reputation } from '../../limits/reputation.ts'
import { boundedAddresses, createIntake } from './intake.ts'
import { boundedProviders, providerOf } from './providers.ts'
import { readRequest } from './requests.ts'
import { framesInTurn } from './frames-in-turn.ts'
import { gatheredWrites } from './gathered-writes.ts'
import { saidWithin } from '../said-within.ts'
import { toldProviders } from './told.ts'
import { createTurns } from './turns.ts'
import { taggedOnNews } from './tagging.ts'
import { withMethods } from '../with-methods.ts'

// libp2p's DHT answers whoever asks as often as it likes, and keeps on disk for two days whatever a peer says that it
// provides, and for an hour every address that it says with it. What it is given is bounded: its streams by bytes a
// peer, and by what all of them together may cost, here; what a message may have, in `requests.ts`; addresses that
// peers say of themselves by number and time, in `intake.ts`; provider records by number, in `providers.ts`.

/** What a message or an answer costs. */
const costOf = (bytes: number): number => Math.ceil(bytes / dhtLimits.piece)

/**
 * What the DHT sees of a stream: each message in its turn, in a fair order among all that wait, and within what all of
 * them may cost: otherwise whoever takes a fresh key whenever it is cut off has a fresh share with each. Who has been
 * connected for long is in a line of its own, which no crowd of fresh keys makes longer.
 */
function handledInTurn(
  reputation: Pick<Reputation, 'charge'>,
  clock: Pick<Clock, 'now' | 'sleep'>,
  takeIn: ReturnType<typeof createIntake>
): (stream: Stream, connection: Connection) => Stream {
  const newcomers = createTurns(dhtLimits.newcomers, clock)
  const known = createTurns(dhtLimits.known, clock)
  /** Bytes that wait, by peer: of those that have streams. */
  const waiting = new Map<string, number>()
  return (stream, connection) => {
    const peer = connection.remotePeer.toString()
    const sender = connection.remotePeer.toMultihash().bytes
    const turns = clock.now() - connection.timeline.open < dhtLimits.newMs ? newcomers : known
    const reject = (error: LimitError, offence: Offence): void => {
      reputation.charge(peer, offence)
      stream.abort(error)
    }
    return framesInTurn(stream, {
      turns,
      range: rangeOf(connection.remoteAddr),
      peer,
      maxBytes: dhtLimits.message,
      costOf,
      hold(bytes) {
        const now = (waiting.get(peer) ?? 0) + bytes
        if (now > 0) waiting.set(peer, now)
        else waiting.delete(peer)
        // [reject] No honest peer says so much more than it is told to wait for.
        if (bytes > 0 && now > dhtLimits.waiting)
          reject(new LimitError('limit.rate', 'more than may wait', { consequence: 'retry' }), 'rate')
        return now <= dhtLimits.waiting
      },
      take(message) {
        const request = readRequest(message, sender)
        // [reject] No honest peer says what is no request.
        if (request === undefined) reject(new LimitError('frame.garbage', 'no message of the DHT'), 'reject')
        // [reject] The DHT finds peers and files here and keeps no values: nobody's disk is filled with them.
        else if (request.kind === 'value') stream.abort(new LimitError('frame.schema', 'the DHT here keeps no values'))
        else if (request.kind === 'provided') takeIn(connection.remotePeer, request)
        else if (request.kind === 'question') {
          turns.spend(dhtLimits.question)
          return request.message
        }
        return undefined
      },
      // [reject] No honest peer's message is so large, or has such a length.
      onTooLarge: () => {
        reject(new LimitError('frame.too-large', 'a message of the DHT is smaller'), 'reject')
      }
    })
  }
}

/** A DHT whose parts are bounded so. */
export const guardedDht =
  (
    make: (components: KadDHTComponents) => KadDHT,
    reputation: Pick<Reputation, 'charge'>,
    clock: Pick<Clock, 'now' | 'sleep'>
  ): ((components: KadDHTComponents) => KadDHT) =>
  components => {
    const self = components.peerId.toString()
    const isOthers = (key: Parameters<typeof providerOf>[0]): boolean => (providerOf(key) ?? self) !== self
    const gathered = gatheredWrites(components.datastore, isOthers, clock)
    const bounded = boundedProviders(gathered, self, clock)
    const datastore = toldProviders({ datastore: bounded, peerStore: components.peerStore }, self, clock)
    const takeIn = createIntake({ datastore, peerStore: components.peerStore }, clock)
    const inTurn = handledInTurn(reputation, clock, takeIn)
    const registrar = saidWithin(components.registrar, dhtLimits, reputation, clock, inTurn)
    const peerStore = boundedAddresses(components.peerStore, clock)
    return taggedOnNews(make(withMethods(components, { datastore, registrar, peerStore })))
  }
