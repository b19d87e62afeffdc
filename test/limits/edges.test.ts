import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import { z } from 'zod'
import { routes } from '../../daemon/api/contract/index.ts'
import type { Route } from '../../daemon/api/contract/index.ts'
import { usualBody } from '../../daemon/api/contract/index.ts'
import { createMetrics, manualClock, silentLog } from '../../node/runtime/index.ts'
import { createReputation } from '../../node/transport/limits/reputation.ts'
import { transportCounts } from '../../node/transport/metrics.ts'
import { createStreams } from '../../node/transport/streams/streams.ts'
import { readFrames } from '../../node/transport/streams/frames.ts'
import {
  PeerError,
  decodeFrame,
  encodeFrame,
  protocols,
  streamLimits,
  topicFamilies,
  topicLimits
} from '../../protocol/wire/index.ts'
import type { Protocol } from '../../protocol/wire/index.ts'
import { startDaemon } from '../daemon/openai/daemon.ts'

// Each limit of the tables, one step beyond it.

const anything = z.json()
/** A JSON text of so many bytes. */
const ofBytes = (bytes: number): Uint8Array => new TextEncoder().encode(`"${'x'.repeat(bytes - 2)}"`)

describe('limits: one step beyond', () => {
  for (const [name, { maxBytes }] of [
    ...topicFamilies.map(family => [family, topicLimits[family]] as const),
    ...protocols.map(protocol => [protocol, streamLimits[protocol]] as const)
  ])
    it(`${name} takes a message of its ${maxBytes} bytes, and none of one more`, () => {
      assert.equal(typeof decodeFrame(ofBytes(maxBytes), anything, maxBytes), 'string')
      assert.throws(() => decodeFrame(ofBytes(maxBytes + 1), anything, maxBytes), { code: 'frame.too-large' })
      assert.throws(() => encodeFrame('x'.repeat(maxBytes), maxBytes), { code: 'frame.too-large' })
    })

  type Handler = (stream: Stream, connection: Connection) => Promise<void>

  /** Streams of a protocol over no network: `open` opens one as a peer does. */
  async function served(protocol: Protocol) {
    const clock = manualClock()
    const handlers = new Map<string, Handler>()
    const libp2p = {
      handle: async (name: string, handler: Handler) => void handlers.set(name, handler)
    } as unknown as Libp2p
    const reputation = createReputation(clock, () => undefined)
    const counts = transportCounts(createMetrics())
    const find = async (): Promise<never> => {
      throw new Error('nobody is looked for')
    }
    const streams = createStreams({ libp2p, peers: { find }, reputation, clock, log: silentLog, counts })
    const over = Promise.withResolvers<void>()
    let isServed = false
    streams.handle(protocol, () => {
      isServed = true
      return over.promise
    })
    const ends: Stream[] = []
    const remotePeer = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
    return {
      owes: () => -reputation.score(remotePeer.toString()),
      /** @returns the code it was refused with; undefined where it is served */
      async open(): Promise<string | undefined> {
        const [theirs, ours] = await streamPair({ delay: 0, protocol })
        ends.push(theirs, ours)
        isServed = false
        // Whether it is served is decided before anything is waited for.
        void handlers.get(protocol)?.(ours, { remotePeer } as unknown as Connection)
        if (isServed) return undefined
        try {
          await readFrames(theirs, 100, () => undefined).next()
          return 'no word'
        } catch (error) {
          return error instanceof PeerError ? error.code : String(error)
        }
      },
      end() {
        over.resolve()
        for (const end of ends) if (end.status === 'open') end.abort(new Error('over'))
      }
    }
  }

  for (const protocol of protocols)
    it(`${protocol}: a peer has so many streams open, and opens so many in time`, async () => {
      const { perPeer, opens } = streamLimits[protocol]
      const world = await served(protocol)
      const before = Math.min(perPeer, opens.burst)
      const first = await Promise.all(Array.from({ length: before }, () => world.open()))
      assert.deepEqual(new Set(first), new Set([undefined]))
      assert.equal(await world.open(), perPeer < opens.burst ? 'limit.busy' : 'limit.rate')
      // What is refused counts as opened: a peer that goes on is told that it is too quick.
      const more = await Promise.all(Array.from({ length: opens.burst }, () => world.open()))
      assert.ok(more.includes('limit.rate'))
      assert.ok(world.owes() > 0)
      world.end()
    })
})

describe('limits: bodies of the API', () => {
  let daemon: Awaited<ReturnType<typeof startDaemon>>
  before(async () => {
    daemon = await startDaemon()
  })
  after(() => daemon.stop())

  it('are answered 413 one byte beyond what a call takes', async () => {
    const headers = { authorization: 'Bearer a-token-of-this-test', 'content-type': 'application/json' }
    for (const entry of Object.values(routes) as Route[]) {
      if (entry.method !== 'POST' || entry.open === true) continue
      const most = entry.maxBody ?? usualBody
      // The largest ones are of one kind, and would be moved once for each.
      if (most > 1 << 20) continue
      const body = `"${'x'.repeat(most - 1)}"`
      const { status, text } = await daemon.call('POST', entry.path.replaceAll(/:[a-z]+/gi, 'x'), headers, body)
      assert.equal(status, 413, `${entry.path}: ${text.slice(0, 200)}`)
      assert.match(text, /"body\.size"/)
    }
  })
})
