import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { LimitError, TilthError } from '../../../protocol/primitives/index.ts'
import { isFrameCode, streamLimits } from '../../../protocol/wire/index.ts'
import type { Protocol, StreamLimits } from '../../../protocol/wire/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { unreachable } from '../errors.ts'
import { hasNodeKey, parsePeerId, peerOf } from '../identity.ts'
import { isEnded } from './frames.ts'
import { createMessageStream } from './message-stream.ts'
import type { TransportCounts } from '../metrics.ts'
import { createBuckets } from '../limits/quota.ts'
import { costs, debtLimit } from '../limits/reputation.ts'
import type { Reputation } from '../limits/reputation.ts'
import type { MessageStream, Peers, Streams } from '../types.ts'
import { steady } from './steady.ts'

export interface StreamsDeps {
  libp2p: Libp2p
  peers: Pick<Peers, 'find'>
  reputation: Reputation
  clock: Clock
  log: Log
  counts: TransportCounts
  /** The wire table, or a test's own. */
  limits?: Readonly<Record<Protocol, StreamLimits>>
}

/** Streams open at once to one peer from our side; ours, so only a bound against our own mistakes. */
const maxOutboundStreams = 1024

/** Streams that are being refused at once: each costs, so that it is more than a peer can pay. */
const refusedAtOnce = (2 * debtLimit) / costs.rate

export function createStreams({
  libp2p,
  peers,
  reputation,
  clock,
  log,
  counts,
  limits: table = streamLimits
}: StreamsDeps): Streams {
  function serving(
    protocol: Protocol,
    serve: (stream: MessageStream) => Promise<void>
  ): (stream: Stream, connection: Connection) => Promise<void> {
    const limits = table[protocol]
    const opens = createBuckets(limits.opens, clock)
    const perPeer = new Map<string, number>()
    let inAll = 0

    /** What keeps a stream from being served, if anything does. */
    function refusal(peerId: string): TilthError | undefined {
      // [reject] A peer opens no more streams than its quota.
      if (!opens(peerId).take()) {
        reputation.charge(peerId, 'rate')
        return new LimitError('limit.rate', 'too many streams in too short a time', { consequence: 'retry' })
      }
      // [ignore] No more streams are served at once than the protocol's row says.
      if (inAll >= limits.inAll || (perPeer.get(peerId) ?? 0) >= limits.perPeer) {
        return new LimitError('limit.busy', 'as many streams as may be are open', { consequence: 'retry' })
      }
      return undefined
    }

    return async (raw, connection) => {
      if (!hasNodeKey(connection.remotePeer)) {
        raw.abort(new LimitError('peer.key-type', 'no node of this network'))
        return
      }
      const peer = peerOf(connection.remotePeer)
      const refused = refusal(peer.peerId)
      // Who was told often enough is told no more, which is work as well.
      if (refused?.code === 'limit.rate' && reputation.score(peer.peerId) < -debtLimit / 2) {
        counts.streams.inc({ protocol, direction: 'inbound', outcome: refused.code })
        raw.abort(refused)
        return
      }
      let counted = refused === undefined
      if (counted) {
        inAll++
        perPeer.set(peer.peerId, (perPeer.get(peer.peerId) ?? 0) + 1)
      }
      const release = (): void => {
        if (!counted) return
        counted = false
        inAll--
        const left = (perPeer.get(peer.peerId) ?? 1) - 1
        if (left === 0) perPeer.delete(peer.peerId)
        else perPeer.set(peer.peerId, left)
      }
      const stream = createMessageStream({
        stream: raw,
        protocol,
        limits,
        peer,
        reputation,
        clock,
        onOver: outcome => {
          counts.streams.inc({ protocol, direction: 'inbound', outcome })
          release()
        }
      })
      if (refused !== undefined) {
        await stream.fail(refused)
        return
      }
      try {
        await serve(stream)
        await stream.end()
      } catch (error) {
        if (!(error instanceof TilthError)) log.error('a stream handler failed', { protocol, error })
        else {
          log.debug('a stream was not served', { protocol, peer: peer.peerId, error })
          // Whoever opens a stream and says nothing holds a slot that others want.
          if (error.code === 'limit.time') reputation.charge(peer.peerId, 'silence')
          // bad frames were charged where they were read
          else if (!isFrameCode(error.code)) reputation.chargeFor(peer.peerId, error, 'refused')
        }
        await stream.fail(error)
      } finally {
        release()
        // A peer that never ends its half would keep the stream's memory.
        linger(raw)
      }
    }
  }

  return {
    handle(protocol, serve) {
      const ready = libp2p.handle(protocol, serving(protocol, serve), {
        // Beyond its share a peer gets a code, far beyond it a reset, which costs nothing: so it is banned before that.
        maxInboundStreams: table[protocol].perPeer * 4 + refusedAtOnce,
        maxOutboundStreams,
        runOnLimitedConnection: true
      })
      ready.catch((error: unknown) => {
        log.error('a protocol could not be handled', { protocol, error })
      })
      return async () => {
        await ready
        await libp2p.unhandle(protocol)
      }
    },
    async open(name, protocol, { signal } = {}) {
      const peer = await peers.find(name, { signal })
      let raw: Stream
      try {
        const id = parsePeerId(peer.peerId)
        const within = signal ?? AbortSignal.timeout(30_000)
        if (libp2p.getConnections(id).length === 0) await libp2p.dial(id, { signal: within })
        await steady(libp2p, id, within)
        raw = await libp2p.dialProtocol(id, protocol, {
          signal: within,
          runOnLimitedConnection: true,
          maxOutboundStreams
        })
      } catch (cause) {
        signal?.throwIfAborted()
        if (cause instanceof Error && cause.name === 'UnsupportedProtocolError')
          throw new TilthError('peer.no-protocol', `the peer ${name} does not speak ${protocol}`, { cause })
        throw unreachable(name, cause)
      }
      return createMessageStream({
        stream: raw,
        protocol,
        limits: table[protocol],
        peer,
        reputation,
        clock,
        onOver: outcome => {
          counts.streams.inc({ protocol, direction: 'outbound', outcome })
        }
      })
    }
  }
}

function linger(raw: Stream): void {
  if (isEnded(raw)) return
  const timer = setTimeout(() => {
    raw.abort(new LimitError('limit.time', 'the other side did not end its half'))
  }, 10_000)
  raw.addEventListener('close', () => {
    clearTimeout(timer)
  })
}
