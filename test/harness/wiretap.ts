import type { z } from 'zod'
import type { Gossip, MessageStream, Streams } from '../../node/transport/types.ts'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'

/** A message as it came to or from a peer's services: on a topic (`to` undefined: everybody), or on a stream. */
export interface Heard {
  readonly from: Address
  readonly to: Address | undefined
  readonly over: string
  readonly text: string
}

/** Writes down all that a peer's services say and hear, in plain text: before encryption and after it. */
export function wiretap(self: Address, log: Heard[]): <T extends { gossip: Gossip; streams: Streams }>(deps: T) => T {
  const note = (from: Address, to: Address | undefined, over: string, value: unknown): void => {
    log.push({ from, to, over, text: canonicalJson(value) })
  }
  const tapped = (stream: MessageStream): MessageStream => {
    const tap = Object.create(stream) as MessageStream
    return Object.assign(tap, {
      send(value: unknown) {
        note(self, stream.address, stream.protocol, value)
        return stream.send(value)
      },
      async next<T>(schema: z.ZodType<T>, options?: { timeoutMs?: number; signal?: AbortSignal }) {
        const value = await stream.next(schema, options)
        if (value !== undefined) note(stream.address, self, stream.protocol, value)
        return value
      },
      async *receive<T>(schema: z.ZodType<T>, options?: { timeoutMs?: number; signal?: AbortSignal }) {
        for await (const value of stream.receive(schema, options)) {
          note(stream.address, self, stream.protocol, value)
          yield value
        }
      },
      end: () => stream.end(),
      fail: (error: unknown) => stream.fail(error)
    })
  }
  return deps => ({
    ...deps,
    gossip: {
      ...deps.gossip,
      subscribe: (topic, schema, handler) =>
        deps.gossip.subscribe(topic, schema, (message, from) => {
          note(from.address, self, topic, message)
          return handler(message, from)
        }),
      publish(topic, message) {
        note(self, undefined, topic, message)
        return deps.gossip.publish(topic, message)
      }
    },
    streams: {
      handle: (protocol, serve) => deps.streams.handle(protocol, stream => serve(tapped(stream))),
      open: async (peer, protocol, options) => tapped(await deps.streams.open(peer, protocol, options))
    }
  })
}
