import type { Stream } from '@libp2p/interface'
import type { z } from 'zod'
import { LimitError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import {
  PeerError,
  codeOf,
  decodeFrame,
  encodeFrame,
  maxValues,
  mayBeNewer,
  wireCodes
} from '../../../protocol/wire/index.ts'
import type { Protocol, StreamLimits } from '../../../protocol/wire/index.ts'
import type { Clock } from '../../runtime/index.ts'
import { closed, drained, isEnded, readFrames, tagged } from './frames.ts'
import { createInbox } from './inbox.ts'
import { createBucket } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'
import type { MessageStream, Peer } from '../types.ts'

/** Milliseconds for which an ended or failed stream may linger until the other side ends its half too. */
const lingerMs = 5_000

export interface MessageStreamOptions {
  stream: Stream
  protocol: Protocol
  limits: StreamLimits
  peer: Peer
  reputation: Reputation
  clock: Clock
  /** Called once, with the wire's code of what ended the stream, `refused` for a service's own code, or `done`. */
  onOver: (outcome: string) => void
}

/** A libp2p stream as typed messages, under its protocol's limits. */
export function createMessageStream({
  stream,
  protocol,
  limits,
  peer,
  reputation,
  clock,
  onOver
}: MessageStreamOptions): MessageStream {
  const inbox = createInbox(limits.queue, 2 * limits.maxBytes)
  const life = new AbortController()
  const bucket = createBucket(limits.quota, clock)
  let failed = false
  let outcome = 'done'
  let frameTimer: ReturnType<typeof setTimeout> | undefined

  const disarm = (): void => {
    clearTimeout(frameTimer)
    frameTimer = undefined
  }
  // [reject] A frame that was begun is finished within the protocol's time; a byte now and then is no frame.
  const arm = (): void => {
    frameTimer ??= setTimeout(() => {
      reputation.charge(peer.peerId, 'silence')
      void fail(new LimitError('limit.time', 'a frame took too long to arrive'))
    }, limits.timeMs)
  }
  const lifeTimer = setTimeout(
    () => {
      void fail(new LimitError('limit.time', 'the stream is older than its protocol allows'))
    },
    Math.min(limits.lifeMs, 0x7fffffff)
  )

  // Over means closed both ways, or broken. What has arrived before is still given out: the pump finishes the inbox.
  function over(error: Error | undefined): void {
    disarm()
    clearTimeout(lifeTimer)
    if (error !== undefined && outcome === 'done') outcome = 'stream.closed'
    if (!life.signal.aborted) life.abort(closed(error))
    // A label per code would let peers make up as many as they like.
    onOver(outcome === 'done' || Object.hasOwn(wireCodes, outcome) ? outcome : 'refused')
  }
  if (isEnded(stream)) over(closed())
  else
    stream.addEventListener('close', ({ error }) => {
      over(error)
    })

  async function pump(): Promise<void> {
    try {
      for await (const frame of readFrames(stream, limits.maxBytes, arm)) {
        disarm()
        // Over the quota the stream is read no faster than the quota: the sender waits.
        while (!bucket.take()) await clock.sleep(bucket.wait())
        await inbox.put(frame)
      }
      disarm()
      inbox.finish()
    } catch (error) {
      disarm()
      const reason = error instanceof TilthError ? error : closed(error)
      inbox.finish(reason)
      if (reason instanceof PeerError) {
        failed = true
        outcome = reason.code
        if (!life.signal.aborted) life.abort(reason)
        await shut()
      } else if (reason.code !== 'stream.closed') {
        reputation.chargeFor(peer.peerId, reason)
        await fail(reason)
      }
    }
  }

  /** Ends our half and gives the other side a moment to end its own. */
  async function shut(): Promise<void> {
    disarm()
    clearTimeout(lifeTimer)
    try {
      await stream.close({ signal: AbortSignal.timeout(lingerMs) })
      if (stream.status === 'closed') return
    } catch (error) {
      stream.abort(closed(error))
      return
    }
    const timer = setTimeout(() => {
      stream.abort(closed())
    }, lingerMs)
    stream.addEventListener('close', () => {
      clearTimeout(timer)
    })
  }

  async function fail(error: unknown): Promise<void> {
    if (failed || life.signal.aborted) return
    failed = true
    const code = codeOf(error)
    outcome = code
    const reason = error instanceof TilthError ? error : closed(error)
    inbox.finish(reason)
    life.abort(reason)
    try {
      if (stream.writeStatus === 'writable') stream.send(tagged('error', new TextEncoder().encode(code)))
    } catch (cause) {
      stream.abort(closed(cause))
    }
    await shut()
  }

  async function blame(error: unknown): Promise<void> {
    // What was wrong with a frame by itself was charged where it was read, and has failed the stream.
    if (!failed && !life.signal.aborted) reputation.chargeFor(peer.peerId, error)
    await fail(error)
  }

  async function send(value: unknown): Promise<void> {
    const frame = tagged('message', encodeFrame(value, limits.maxBytes))
    if (life.signal.aborted || stream.writeStatus !== 'writable') throw reasonOf(life.signal) ?? closed()
    let more: boolean
    try {
      more = stream.send(frame)
    } catch (cause) {
      throw closed(cause)
    }
    if (more) return
    const late = AbortSignal.timeout(limits.timeMs)
    try {
      await drained(stream, anySignal([late, life.signal]))
    } catch (cause) {
      if (!late.aborted) throw reasonOf(life.signal) ?? closed(cause)
      // [reject] A reader reads within the protocol's time, or what we hold for it is dropped.
      const error = new LimitError('limit.time', `the other side took nothing for ${limits.timeMs} ms`, {
        consequence: 'retry',
        cause
      })
      await fail(error)
      throw error
    }
  }

  async function next<T>(
    schema: z.ZodType<T>,
    { timeoutMs = limits.timeMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {}
  ): Promise<T | undefined> {
    const frame = await inbox.take(timeoutMs, signal)
    if (frame === undefined) return undefined
    try {
      return decodeFrame(frame, schema, limits.maxBytes, { mostValues: maxValues })
    } catch (error) {
      // Honest peers ask what the next version knows until they are told that this one does not: that is no offence.
      reputation.chargeFor(peer.peerId, error, mayBeNewer(error) ? 'newer' : 'reject')
      await fail(error)
      throw error
    }
  }

  void pump()
  return {
    ...peer,
    protocol,
    signal: life.signal,
    send,
    next,
    async *receive(schema, options) {
      for (let value = await next(schema, options); value !== undefined; value = await next(schema, options))
        yield value
    },
    async end() {
      if (failed || life.signal.aborted || stream.writeStatus !== 'writable') return
      try {
        await stream.close({ signal: AbortSignal.timeout(limits.timeMs) })
      } catch (cause) {
        stream.abort(closed(cause))
      }
    },
    fail,
    blame
  }
}

const reasonOf = (signal: AbortSignal): TilthError | undefined =>
  signal.reason instanceof TilthError ? signal.reason : undefined
