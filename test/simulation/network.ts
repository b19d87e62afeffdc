import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { z } from 'zod'
import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { decodeFrame, encodeFrame, familyOf, streamLimits, topicLimits } from '../../protocol/wire/index.ts'
import type { Protocol, Topic } from '../../protocol/wire/index.ts'
import type { Clock } from '../../node/runtime/index.ts'
import type { DataDeps } from '../../node/data/index.ts'
import type { Gossip, MessageStream, Peer, Peers, Streams } from '../../node/transport/types.ts'
import type { Chance } from './chance.ts'
import { never } from './store.ts'
import type { Life } from './store.ts'

/** How bad the network is. */
export interface Weather {
  /** Share of messages that a link loses, and the most milliseconds that it takes for one. */
  loss: number
  latencyMs: number
  /** Share of frames at which a stream breaks; none unless given. */
  breaks?: number
}

/** What somebody was found to have done wrong, by whoever found it. */
export interface Blame {
  readonly by: Address
  readonly whom: Address
  readonly code: string
}

/** A node's place in the network; a process that ended has left it. */
export interface Place {
  readonly gossip: Gossip
  readonly streams: Streams
  readonly peers: Peers
  readonly files: DataDeps['files']
}

interface Member {
  readonly self: Peer
  readonly life: Life
  readonly blocks: Map<string, Uint8Array>
  readonly heard: Map<Topic, (bytes: Uint8Array, from: Peer) => Promise<void>>
  readonly served: Map<Protocol, (stream: MessageStream) => Promise<void>>
  readonly connections: Set<(peer: Peer) => void>
}

export interface SimulatedNetwork {
  /** Joins, with the blocks of an earlier process on the same disk. */
  join(address: Address, life: Life, blocks: Map<string, Uint8Array>): Place
  /** Nodes of different groups do not hear each other; undefined: all do. */
  partition(groupOf: ((address: Address) => number) | undefined): void
  /** Says bytes on a topic as this address, whatever they are. */
  inject(from: Address, topic: Topic, bytes: Uint8Array): void
  /** What was said, for whoever wants to say it again. */
  readonly said: readonly { readonly topic: Topic; readonly bytes: Uint8Array }[]
  readonly blames: readonly Blame[]
}

/** Messages that are remembered. */
const mostSaid = 500
const cidOf = (bytes: Uint8Array): string =>
  CID.createV1(0x55, createDigest(0x12, createHash('sha256').update(bytes).digest())).toString()
const peerOf = (address: Address): Peer => ({ peerId: `peer-${address.slice(2)}`, address })

export function simulatedNetwork(clock: Clock, chance: Chance, weather: Weather): SimulatedNetwork {
  const members = new Map<Address, Member>()
  const blames: Blame[] = []
  const said: { topic: Topic; bytes: Uint8Array }[] = []
  let groupOf: ((address: Address) => number) | undefined

  const isThere = (member: Member | undefined): member is Member => member !== undefined && !member.life.isOver
  const reaches = (a: Address, b: Address): boolean => groupOf === undefined || groupOf(a) === groupOf(b)
  const others = (of: Address): Member[] =>
    [...members.values()].filter(one => isThere(one) && one.self.address !== of && reaches(of, one.self.address))
  const named = (name: string): Member | undefined =>
    [...members.values()].find(({ self }) => self.address === name || self.peerId === name)
  const travel = (): Promise<void> => clock.sleep(1 + chance.below(weather.latencyMs))

  function blame(by: Address, whom: Address, error: unknown): void {
    if (error instanceof TilthError && error.consequence === 'reject') blames.push({ by, whom, code: error.code })
    else if (!(error instanceof TilthError)) blames.push({ by, whom, code: `untyped: ${String(error)}` })
  }

  /** One link's part of a topic. */
  async function carry(from: Address, to: Member, topic: Topic, bytes: Uint8Array): Promise<void> {
    if (chance.happens(weather.loss)) return
    await travel()
    if (!isThere(to) || !reaches(from, to.self.address)) return
    await to.heard.get(topic)?.(bytes, peerOf(from))
  }
  function spread(from: Address, topic: Topic, bytes: Uint8Array): number {
    const reached = others(from)
    for (const to of reached) void carry(from, to, topic, bytes)
    return reached.length
  }

  /** Two ends of a stream; either is over when the other process is, or the link. */
  function pair(protocol: Protocol, a: Member, b: Member): [MessageStream, MessageStream] {
    const { maxBytes, timeMs } = streamLimits[protocol]
    const isUp = (): boolean => isThere(a) && isThere(b) && reaches(a.self.address, b.self.address)
    const end = (self: Member, other: Member) => {
      const queue: Uint8Array[] = []
      const over = new AbortController()
      let [ended, failure] = [false, undefined as TilthError | undefined]
      let wake = (): void => undefined
      /** When the last frame that was sent is there: frames of a stream keep their order. */
      const sending = { last: Promise.resolve() }
      return { self, other, queue, over, sending, put, finish, fail, take }
      function put(bytes: Uint8Array): void {
        queue.push(bytes)
        wake()
      }
      function finish(): void {
        ended = true
        wake()
      }
      function fail(error: TilthError): void {
        failure ??= error
        if (!over.signal.aborted) over.abort(error)
        wake()
      }
      async function take(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
        const until = clock.now() + timeoutMs
        for (;;) {
          if (self.life.isOver) await never()
          signal?.throwIfAborted()
          const frame = queue.shift()
          if (frame !== undefined) return frame
          if (failure !== undefined) throw failure
          if (ended) return undefined
          if (!isUp()) fail(new TilthError('stream.closed', 'the link broke'))
          if (failure !== undefined) throw failure
          if (clock.now() >= until) throw new TilthError('limit.time', 'nothing came')
          await Promise.race([
            new Promise<void>(resolve => {
              wake = resolve
            }),
            clock.sleep(200)
          ])
        }
      }
    }
    type End = ReturnType<typeof end>
    const ends = [end(a, b), end(b, a)] as const
    const stream = (own: End, theirs: End): MessageStream => {
      const next = async <T>(
        schema: z.ZodType<T>,
        { timeoutMs = timeMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {}
      ) => {
        const frame = await own.take(timeoutMs, signal)
        return frame === undefined ? undefined : decodeFrame(frame, schema, maxBytes)
      }
      const fail = async (error: unknown): Promise<void> => {
        if (own.self.life.isOver) await never()
        const code = error instanceof TilthError ? error.code : 'internal'
        theirs.fail(new TilthError(code, 'the other side said no'))
        own.fail(new TilthError('stream.closed', 'failed'))
      }
      return {
        ...own.other.self,
        protocol,
        signal: own.over.signal,
        async send(value) {
          const bytes = encodeFrame(value, maxBytes)
          const { last } = own.sending
          const sent = (async (): Promise<void> => {
            await travel()
            await last
            if (own.self.life.isOver) await never()
            if (weather.breaks !== undefined && chance.happens(weather.breaks)) {
              own.fail(new TilthError('stream.closed', 'the stream broke'))
              theirs.fail(new TilthError('stream.closed', 'the stream broke'))
            }
            if (own.over.signal.aborted || !isUp()) throw new TilthError('stream.closed', 'the link broke')
            theirs.put(bytes)
          })()
          own.sending.last = sent.catch(() => undefined)
          await sent
        },
        next,
        async *receive(schema, options) {
          for (let value = await next(schema, options); value !== undefined; value = await next(schema, options))
            yield value
        },
        async end() {
          await own.sending.last
          if (own.self.life.isOver) await never()
          theirs.finish()
        },
        fail,
        async blame(error) {
          blame(own.self.self.address, own.other.self.address, error)
          await fail(error)
        }
      }
    }
    return [stream(ends[0], ends[1]), stream(ends[1], ends[0])]
  }

  function join(address: Address, life: Life, blocks: Map<string, Uint8Array>): Place {
    const self = peerOf(address)
    const member: Member = { self, life, blocks, heard: new Map(), served: new Map(), connections: new Set() }
    members.set(address, member)
    // Those who are there hear of it, each in its time.
    for (const other of others(address))
      for (const [mine, theirs] of [
        [member, other],
        [other, member]
      ] as const)
        void travel().then(() => {
          if (isThere(mine) && isThere(theirs)) for (const hear of mine.connections) hear(theirs.self)
        })

    const gossip: Gossip = {
      subscribe(topic, schema, handler) {
        member.heard.set(topic, async (bytes, from) => {
          try {
            await handler(decodeFrame(bytes, schema, topicLimits[familyOf(topic)].maxBytes, { canonical: true }), from)
          } catch (error) {
            blame(address, from.address, error)
          }
        })
        return () => void member.heard.delete(topic)
      },
      async publish(topic, message) {
        if (life.isOver) await never()
        const bytes = encodeFrame(message, topicLimits[familyOf(topic)].maxBytes)
        said.push({ topic, bytes })
        if (said.length > mostSaid) said.shift()
        return { recipients: spread(address, topic, bytes) }
      },
      known: () => undefined,
      subscribers: topic =>
        others(address)
          .filter(({ heard }) => heard.has(topic))
          .map(({ self }) => self)
    }
    const streams: Streams = {
      handle(protocol, serve) {
        member.served.set(protocol, serve)
        return async () => void member.served.delete(protocol)
      },
      async open(name, protocol, { signal } = {}) {
        await travel()
        if (life.isOver) await never()
        signal?.throwIfAborted()
        const other = named(name)
        const serve = other?.served.get(protocol)
        if (!isThere(other) || serve === undefined || !reaches(address, other.self.address))
          throw new TilthError('peer.unreachable', `${name} cannot be reached`)
        const [ours, theirs] = pair(protocol, member, other)
        void serve(theirs).then(
          () => theirs.end(),
          async (error: unknown) => {
            blame(other.self.address, address, error)
            await theirs.fail(error)
          }
        )
        return ours
      }
    }
    const peers: Peers = {
      self,
      listening: () => [],
      connected: () => others(address).map(({ self }) => self),
      way: () => 'direct',
      async find(name) {
        const found = named(name)
        if (found === undefined) throw new NotFoundError('peer.unknown', `nobody is ${name}`)
        return found.self
      },
      async dial(name) {
        const found = named(name)
        if (!isThere(found) || !reaches(address, found.self.address))
          throw new TilthError('peer.unreachable', `${name} cannot be reached`)
        return found.self
      },
      known: async () => undefined,
      ready: async () => undefined,
      on(event, listener) {
        if (event === 'connect') member.connections.add(listener)
        return () => void member.connections.delete(listener)
      }
    }
    const files: Place['files'] = {
      async addBytes(bytes) {
        if (life.isOver) await never()
        const cid = cidOf(bytes)
        blocks.set(cid, bytes)
        return cid
      },
      async fetchBytes(cid, { maxBytes, signal }) {
        for (let tries = 0; tries < 5; tries++) {
          await travel()
          if (life.isOver) await never()
          signal?.throwIfAborted()
          const bytes =
            blocks.get(cid) ??
            others(address)
              .find(other => other.blocks.has(cid))
              ?.blocks.get(cid)
          if (bytes === undefined) {
            await clock.sleep(500)
            continue
          }
          if (bytes.length > maxBytes) throw new InvalidError('files.too-large', 'it is larger than it may be')
          blocks.set(cid, bytes)
          return bytes
        }
        throw new NotFoundError('files.unavailable', `nobody has ${cid}`)
      },
      async *findProviders(cid) {
        for (const other of others(address)) if (other.blocks.has(cid)) yield other.self
      },
      has: async cid => blocks.has(cid),
      provide: async () => undefined,
      unpin: async () => undefined,
      car: async function* () {
        yield* []
      },
      takeCar: () => Promise.reject(new InvalidError('files.car', 'nobody brings files of blocks here'))
    }
    return { gossip, streams, peers, files }
  }

  return {
    join,
    partition(groups) {
      const healed = groupOf !== undefined && groups === undefined
      groupOf = groups
      if (!healed) return
      // Whoever sees another again compares notes.
      for (const member of members.values())
        if (isThere(member))
          for (const other of others(member.self.address)) for (const hear of member.connections) hear(other.self)
    },
    inject: (from, topic, bytes) => void spread(from, topic, bytes),
    said,
    blames
  }
}
