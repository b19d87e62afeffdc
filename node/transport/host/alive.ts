import type { Connection, Libp2p } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'

/** Milliseconds between looks, and until a connection that nobody uses is asked again. */
export const aliveMs = { look: 20_000, unused: 60_000 } as const

/** libp2p's own: so many bytes go there and come back. */
const pingProtocol = '/ipfs/ping/1.0.0'
const pingBytes = 32

/** Streams that are open as long as their connection, or for its own sake: all others are somebody's who waits. */
const ofNobody = /^\/(meshsub|floodsub|ipfs\/(id|ping))\//

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))
const isUsed = ({ streams }: Pick<Connection, 'streams'>): boolean =>
  streams.some(({ protocol, status }) => status === 'open' && !ofNobody.test(protocol))

/** Milliseconds there and back. @throws what the stream ends with, and as the signal says */
async function ping(connection: Connection, clock: Pick<Clock, 'now'>, signal: AbortSignal): Promise<number> {
  const stream = await connection.newStream(pingProtocol, { signal, runOnLimitedConnection: true })
  try {
    const bytes = byteStream(stream)
    const began = clock.now()
    await Promise.all([
      bytes.write(crypto.getRandomValues(new Uint8Array(pingBytes)), { signal }),
      bytes.read({ bytes: pingBytes, signal })
    ])
    const ms = clock.now() - began
    await stream.close({ signal })
    return ms
  } catch (error) {
    stream.abort(asError(error))
    throw error
  }
}

/**
 * Ends connections whose other side is gone without a word, as a machine that is switched off: each is pinged, every
 * twenty seconds while it is used, and else every minute, since a ping is a stream of its own, and pings are most of
 * what an idle node with many peers does. (libp2p's monitor asks all of them alike.) How long a ping took is its
 * connection's `rtt`.
 * @param patienceMs for an answer: a machine that trains is slow, and a line that carries an adapter has the ping wait
 * @returns stop
 */
export function watchAlive(
  libp2p: Pick<Libp2p, 'getConnections'>,
  patienceMs: number,
  { clock, log }: { clock: Pick<Clock, 'every' | 'now'>; log: Pick<Log, 'debug'> }
): () => void {
  const asked = new WeakMap<Connection, number>()
  let isOver = false

  async function ask(connection: Connection): Promise<void> {
    const late = new AbortController()
    const timer = setTimeout(() => {
      late.abort(new TilthError('limit.time', 'the other side does not answer'))
    }, patienceMs)
    try {
      connection.rtt = await ping(connection, clock, late.signal)
    } catch (error) {
      // Who does not know pings has said so.
      if (isOver || (error instanceof Error && error.name === 'UnsupportedProtocolError')) return
      log.debug('a connection is ended: its other side does not answer', { peer: String(connection.remotePeer), error })
      connection.abort(asError(error))
    } finally {
      clearTimeout(timer)
    }
  }

  const stop = clock.every(aliveMs.look, () => {
    for (const connection of libp2p.getConnections()) {
      const since = clock.now() - (asked.get(connection) ?? -Infinity)
      if (since < aliveMs.unused - aliveMs.look / 2 && !isUsed(connection)) continue
      asked.set(connection, clock.now())
      void ask(connection)
    }
  })
  return () => {
    isOver = true
    stop()
  }
}
