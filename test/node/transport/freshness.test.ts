import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { z } from 'zod'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import {
  envelopeBytes,
  freshSeconds,
  openEnvelope,
  sayerOf,
  sealEnvelope,
  topicLimits,
  topics
} from '../../../protocol/wire/index.ts'
import { createRepeats } from '../../../node/transport/gossip/repeats.ts'
import { createSkewMeter } from '../../../node/transport/gossip/skew.ts'
import { createMetrics, manualClock, silentLog } from '../../../node/runtime/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { envelope, startStranger, stopStrangers, verdicts } from './stranger.ts'
import type { Stranger } from './stranger.ts'

const topic = 'tilth/jobs/1'
const note = z.strictObject({ text: z.string().max(200) })
const say = (text: string): string => JSON.stringify({ text })
const seconds = (): number => Math.floor(Date.now() / 1000)
const limits = { topics: { [topic]: { ...topicLimits[topic], repeatMs: 600_000, sayer: { perSecond: 1, burst: 40 } } } }

describe('transport: what is said in gossip is fresh, and goes on once', () => {
  let near: TestNode, far: TestNode, stranger: Stranger
  let heard: string[] = []
  const metrics = createMetrics()

  before(async () => {
    near = await startNode({}, { limits, metrics })
    far = await startNode({ join: [near] }, { limits })
    near.gossip.subscribe(topic, note, () => undefined)
    far.gossip.subscribe(topic, note, ({ text }) => {
      heard.push(text)
    })
    await until(() => near.gossip.subscribers(topic).length === 1, 'the far node listens')
  })
  beforeEach(async () => {
    heard = []
    // A line of three: the stranger knows the near node only, and nobody can dial the stranger.
    stranger = await startStranger(near)
    stranger.libp2p.services.pubsub.subscribe(topic)
    await stranger.dial()
    await until(() => stranger.libp2p.services.pubsub.getSubscribers(topic).length === 1, 'the stranger is known')
  })
  afterEach(stopStrangers)
  after(stopNodes)

  const count = (verdict: string): Promise<number> => verdicts(metrics, topic, verdict)

  it('one message said 190 times, each time anew and signed, is heard once two hops away', async () => {
    const before = await count('repeat')
    for (let i = 0; i < 190; i++) await stranger.say(topic, say('again and again'), seconds() - 95 + i)
    await until(async () => (await count('repeat')) === before + 189, 'all are judged')
    await stranger.say(topic, say('the last'))
    await until(() => heard.includes('the last'), 'what is new still goes on')
    assert.deepEqual(heard, ['again and again', 'the last'])
    assert.ok(stranger.connected(), 'repeating costs nobody a connection')
  })

  it('what a node knows by itself it neither looks at nor passes on, whoever says it', async () => {
    const before = await count('repeat')
    near.gossip.known(topic, { text: 'known' })
    await stranger.say(topic, say('known'))
    await until(async () => (await count('repeat')) === before + 1, 'it is judged')
    await stranger.say(topic, say('not known'))
    await until(() => heard.includes('not known'), 'what is new goes on')
    assert.deepEqual(heard, ['not known'])
    assert.ok(stranger.connected())
  })

  it('another spelling of the same content is no content', async () => {
    const before = await count('reject')
    for (const text of ['{ "text":"spelt"}', '{"text":"\\u0073pelt"}', '{"text":"spelt"}\n'])
      await stranger.say(topic, text)
    await until(async () => (await count('reject')) === before + 3, 'three rejects')
    assert.deepEqual(heard, [])
  })

  it('what was said long ago, or in the future, is ignored, and its sayer punished by nobody', async () => {
    const before = await count('stale')
    for (const off of [-600, 600, -freshSeconds - 5, freshSeconds + 5])
      await stranger.say(topic, say(`off by ${off}`), seconds() + off)
    await until(async () => (await count('stale')) === before + 4, 'all are judged')
    await stranger.say(topic, say('in time'), seconds() - freshSeconds + 10)
    await until(() => heard.includes('in time'), 'what is in time goes on')
    assert.deepEqual(heard, ['in time'])
    assert.ok(stranger.connected())
  })

  it('an envelope that nobody signed, or one signed for another topic or content, is rejected', async () => {
    const key = Uint8Array.from(randomBytes(32))
    const unsigned = envelope(topic, say('unsigned'), seconds(), key)
    unsigned.fill(0, 9, envelopeBytes)
    const swapped = envelope('tilth/data/1', say('swapped'), seconds(), key)
    const before = [await count('reject'), await count('accept')]
    for (const bytes of [unsigned, Uint8Array.of(7), new Uint8Array(200), new Uint8Array(200).fill(255)])
      await stranger.libp2p.services.pubsub.publish(topic, bytes)
    await until(async () => (await count('reject')) === before[0]! + 4, 'four rejects')
    // A signature over something else is somebody's, but not the key's: it counts for an account that nobody has.
    const hash = createHash('sha256').update(swapped.subarray(envelopeBytes)).digest()
    assert.notEqual(sayerOf(topic, openEnvelope(swapped), hash), addressOfKey(key))
    assert.equal(sayerOf('tilth/data/1', openEnvelope(swapped), hash), addressOfKey(key))
    assert.equal(await count('accept'), before[1])
  })

  it("a sayer's flood ends at its share, and others are heard", async () => {
    const other = await startStranger(near)
    other.libp2p.services.pubsub.subscribe(topic)
    await other.dial()
    await until(() => other.libp2p.services.pubsub.getSubscribers(topic).length === 1, 'the other is known')
    const before = await count('rate')
    for (let i = 0; i < 80; i++) await stranger.say(topic, say(`flood ${i}`))
    await other.say(topic, say('a word from another'))
    await until(() => heard.includes('a word from another'), 'the other is heard')
    await until(async () => (await count('rate')) >= before + 30, 'the rest of the flood is dropped')
    assert.ok(heard.length <= 50, `${heard.length} were heard`)
  })

  it('a node says no more than its share, so that nobody holds it against a busy one', async () => {
    const busy = await startNode({ join: [near] }, { limits })
    busy.gossip.subscribe(topic, note, () => undefined)
    await until(
      () => near.gossip.subscribers(topic).some(({ address }) => address === busy.peers.self.address),
      'near knows it'
    )
    const before = [await count('rate'), heard.length] as const
    for (let i = 0; i < 400; i++) await busy.gossip.publish(topic, { text: `receipt ${i}` })
    await until(() => heard.length >= before[1] + 30, 'its share is heard')
    assert.equal(await count('rate'), before[0])
    assert.ok(near.peers.connected().some(({ address }) => address === busy.peers.self.address))
  })

  it('who comes late hears what is said again', async () => {
    const quick = { topics: { [topic]: { ...topicLimits[topic], repeatMs: 200 } } }
    const [author, between] = [await startNode({}, { limits: quick }), await startNode({}, { limits: quick })]
    await between.peers.dial(author.peers.listening()[0]!)
    between.gossip.subscribe(topic, note, () => undefined)
    await until(() => author.gossip.subscribers(topic).length === 1, 'between listens')
    await author.gossip.publish(topic, { text: 'stands' })
    const late = await startNode({}, { limits: quick })
    await late.peers.dial(between.peers.listening()[0]!)
    let came = 0
    late.gossip.subscribe(topic, note, () => {
      came++
    })
    await until(async () => {
      await author.gossip.publish(topic, { text: 'stands' })
      await new Promise(resolve => {
        setTimeout(resolve, 300)
      })
      return came > 0
    }, 'the late one heard')
  })

  it('a clock that is ten minutes off is told by its owner, not hidden in silence', async () => {
    const told: unknown[] = []
    const log = {
      ...silentLog,
      warn: (_: string, details?: object) => {
        told.push(details)
      }
    }
    const slow: Clock = { ...clockOf(-600_000) }
    const node = await startNode({ join: [near] }, { clock: slow, log: { ...log, child: () => log } })
    node.gossip.subscribe('tilth/data/1', note, () => undefined)
    near.gossip.subscribe('tilth/data/1', note, () => undefined)
    await until(() => near.gossip.subscribers('tilth/data/1').length > 0, 'both listen')
    await until(async () => {
      await near.gossip.publish('tilth/data/1', { text: String(Math.random()) })
      return told.length > 0
    }, 'a warning')
    assert.match(JSON.stringify(told[0]), /"secondsBehind":(599|600|601),"peers":1/)
  })
})

/** The machine's clock, off by so much. */
function clockOf(offMs: number): Clock {
  const now = (): number => Date.now() + offMs
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(new DOMException('aborted', 'AbortError'))
      })
    })
  }
  const every: Clock['every'] = (ms, task, onError) => {
    const timer = setInterval(() => {
      void (async () => task())().catch(onError)
    }, ms)
    return () => {
      clearInterval(timer)
    }
  }
  return { now, sleep, every }
}

describe('transport: envelopes', () => {
  const seal = (at: number, content: Uint8Array, key: Uint8Array): Uint8Array =>
    sealEnvelope(topic, { content, hash: createHash('sha256').update(content).digest() }, at, key)
  const key = new Uint8Array(32).fill(7)

  it('give back what was put in, and whose word it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(2 ** 31), (content, at) => {
        const opened = openEnvelope(seal(at, content, key))
        assert.deepEqual([opened.at, Buffer.from(opened.content)], [at, Buffer.from(content)])
        const hash = createHash('sha256').update(content).digest()
        assert.equal(sayerOf(topic, opened, hash), addressOfKey(key))
        for (const other of topics)
          if (other !== topic) assert.notEqual(sayerOf(other, opened, hash), addressOfKey(key))
      }),
      { numRuns: 30 }
    )
  })

  it('of any bytes open or are refused by a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          const { at, content } = openEnvelope(bytes)
          assert.ok(Number.isSafeInteger(at) && content.length === bytes.length - envelopeBytes)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'frame.garbage')
        }
      })
    )
  })
})

describe('transport: repeats and skew, in bounds', () => {
  it('remembers no more than its bound, and nothing longer than its interval', async () => {
    const clock = manualClock()
    const repeats = createRepeats(1000, clock, 100)
    for (let i = 0; i < 1000; i++) repeats.passedOn(String(i))
    assert.deepEqual(
      [0, 899, 900, 999].map(i => repeats.recent(String(i))),
      [false, false, true, true]
    )
    await clock.advance(1000)
    assert.equal(repeats.recent('999'), false)
  })

  it('takes the median of sayers: a liar moves nothing', () => {
    const clock = manualClock()
    const meter = createSkewMeter(clock, silentLog)
    const now = clock.now() / 1000
    for (let i = 0; i < 5; i++) meter.heard(`neighbour ${i}`, now + 1)
    for (let i = 0; i < 50; i++) meter.heard('liar', now + 1e9)
    assert.deepEqual(meter.measured(), { seconds: 1, peers: 6 })
  })
})
