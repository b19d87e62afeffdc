import type { Connection, Stream, StreamHandler } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { LimitError } from '../../../protocol/primitives/index.ts'
import type { Quota } from '../../../protocol/wire/index.ts'
import type { Clock } from '../../runtime/index.ts'
import { createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'
import { isEnded } from '../streams/frames.ts'
import { withMethods } from './with-methods.ts'

/** What a peer says on the streams of a library's protocol. */
export interface SaidLimits {
  /** Bytes that count as one. */
  readonly piece: number
  /** What a stream counts besides, since to open one costs both sides more than what is said on it. */
  readonly opening: number
  readonly said: Quota
}

type Handle = Registrar['handle']

/**
 * Handles a library's streams for a peer that says no more on them than it may: libraries answer whoever asks as often
 * as he likes.
 * @param handled what the library sees of a stream, unless it is the stream itself
 */
export function saidWithin(
  registrar: Registrar,
  { piece, opening, said }: SaidLimits,
  reputation: Pick<Reputation, 'charge'>,
  clock: Pick<Clock, 'now'>,
  handled: (stream: Stream, connection: Connection) => Stream = stream => stream
): Registrar {
  const shares = createBuckets(said, clock)
  const bounded =
    (whole: StreamHandler): StreamHandler =>
    (stream, connection) => {
      const peer = connection.remotePeer.toString()
      const share = shares(peer)
      function take(pieces: number): boolean {
        for (let left = pieces; left > 0; left--) {
          if (share.take()) continue
          // [reject] No honest peer has so much to ask of one other.
          reputation.charge(peer, 'rate')
          stream.abort(new LimitError('limit.rate', 'more than a peer may ask', { consequence: 'retry' }))
          return false
        }
        return true
      }
      // Nobody waits for an answer, and no event would tell the library.
      if (!take(opening) || isEnded(stream)) return undefined
      stream.addEventListener('message', ({ data }) => {
        take(Math.ceil(data.byteLength / piece))
      })
      return whole(handled(stream, connection), connection)
    }
  const handle: Handle = (protocols, handler, options) => registrar.handle(protocols, bounded(handler), options)
  return withMethods(registrar, { handle })
}

/** A library's service whose streams are handled so. */
export const saidLittle =
  <C extends { registrar: Registrar }, S>(
    make: (components: C) => S,
    limits: SaidLimits,
    reputation: Pick<Reputation, 'charge'>,
    clock: Pick<Clock, 'now'>
  ): ((components: C) => S) =>
  components =>
    make(
      withMethods<{ registrar: Registrar }>(components, {
        registrar: saidWithin(components.registrar, limits, reputation, clock)
      }) as C
    )
