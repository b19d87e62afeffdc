import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipSub, Message, TopicValidatorFn } from '@libp2p/gossipsub'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { z } from 'zod'
import { signDigest } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak, toHex } from '../../../protocol/primitives/index.ts'
import { envelopeBytes, isOfLater, openEnvelope, topicLimits } from '../../../protocol/wire/index.ts'
import { createMetrics, manualClock, silentLog } from '../../../node/runtime/index.ts'
import { createGossip, newerBytes } from '../../../node/transport/gossip/gossip.ts'
import { libp2pKey } from '../../../node/transport/identity.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'
import { transportCounts } from '../../../node/transport/metrics.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { envelope, startStranger, stopStrangers, verdicts } from './stranger.ts'
import type { Stranger } from './stranger.ts'

const topic = 'tilth/jobs/1'
const note = z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('note'), text: z.string().max(200) })])
const much = { perSecond: 1_000, burst: 1_000 }
const limits = { topics: { [topic]: { ...topicLimits[topic], quota: much, sayer: much } } }
const seconds = (): number => Math.floor(Date.now() / 1000)

/** An envelope of the next version: the same head, signed under its own number, and a content that is none of JSON. */
function nextVersion(content: Uint8Array, key: Uint8Array): Uint8Array {
  const at = seconds()
  const bytes = envelope(topic, content, at, key)
  bytes[0] = 2
  const hash = toHex(createHash('sha256').update(content).digest())
  bytes.set(fromHex(signDigest(keccak(`tilth gossip 2\n${topic}\n${at}\n${hash}`), key)), 9)
  assert.ok(isOfLater(openEnvelope(bytes)))
  return bytes
}

describe('transport: neighbours that run a later version', function () {
  this.timeout(180_000) // a machine that may have other work
  let near: TestNode, stranger: Stranger
  let heard: string[] = []
  const metrics = createMetrics()

  before(async () => {
    near = await startNode({}, { limits, metrics })
    near.gossip.subscribe(topic, note, ({ text }) => {
      heard.push(text)
    })
  })
  beforeEach(async () => {
    heard = []
    stranger = await startStranger(near)
    stranger.libp2p.services.pubsub.subscribe(topic)
    await stranger.dial()
    await until(() => stranger.libp2p.services.pubsub.getSubscribers(topic).length === 1, 'the stranger is known')
  })
  afterEach(stopStrangers)
  after(stopNodes)

  const count = (verdict: string): Promise<number> => verdicts(metrics, topic, verdict)
  const bring = (bytes: Uint8Array): Promise<unknown> => stranger.libp2p.services.pubsub.publish(topic, bytes)

  it('are ignored in what is not known here, and heard in all else', async () => {
    const before = await count('newer')
    const key = Uint8Array.from(randomBytes(32))
    for (let i = 0; i < 30; i++) {
      await stranger.say(topic, `{"kind":"note","mood":"warm","text":"${i}"}`)
      await stranger.say(topic, `{"kind":"song","tune":${i}}`)
      await bring(nextVersion(Uint8Array.from(randomBytes(64)), key))
    }
    await until(async () => (await count('newer')) === before + 90, 'all are judged')
    await stranger.say(topic, '{"kind":"note","text":"known to both"}')
    await until(() => heard.length === 1, 'what both know is heard')
    assert.deepEqual(heard, ['known to both'])
    assert.ok(stranger.connected(), 'it costs them nothing')
  })

  it('are not whoever passes garbage for it', async () => {
    const unsigned = nextVersion(Uint8Array.of(1, 2, 3), Uint8Array.from(randomBytes(32)))
    unsigned.fill(0, 9, envelopeBytes)
    const before = await count('reject')
    await bring(unsigned)
    await stranger.say(topic, '{"kind":"note","mood":"warm","text":7}')
    await stranger.say(topic, '{"kind":"note","mood":"warm"')
    await until(async () => (await count('reject')) === before + 3, 'each is rejected')
  })

  it('bring so much of it, and are cut off who bring it without end', async () => {
    const clock = manualClock()
    const pubsub = {
      topicValidators: new Map<string, TopicValidatorFn>(),
      score: { params: { topics: {} } },
      subscribe: () => undefined
    }
    const reputation = createReputation(clock, () => undefined)
    const wide = { ...topicLimits, [topic]: limits.topics[topic] }
    const [own, key] = [Uint8Array.from(randomBytes(32)), Uint8Array.from(randomBytes(32))]
    const gossip = createGossip({
      pubsub: pubsub as unknown as GossipSub,
      key: own,
      reputation,
      clock,
      log: silentLog,
      counts: transportCounts(createMetrics()),
      limits: wide
    })
    gossip.subscribe(topic, note, () => undefined)
    const neighbour = peerIdFromPrivateKey(libp2pKey(key))
    let said = 0
    const say = async (bytes: number): Promise<void> => {
      const content = `{"kind":"note","more":"${'x'.repeat(bytes)}","text":"${said++}"}`
      const data = envelope(topic, content, Math.floor(clock.now() / 1000), key)
      const verdict = await pubsub.topicValidators.get(topic)?.(neighbour, { topic, data } as unknown as Message)
      assert.equal(verdict, TopicValidatorResult.Ignore)
    }
    const large = 500_000
    for (let i = 0; i < Math.floor(newerBytes.burst / large); i++) await say(large)
    // As much again by and by, as one who relays what newer nodes say.
    for (let i = 0; i < 100; i++) {
      await clock.advance(1_000)
      await say(newerBytes.perSecond / 2)
    }
    assert.ok(reputation.score(neighbour.toString()) === 0)
    for (let i = 0; i < 400 && !reputation.banned(neighbour.toString()); i++) {
      await clock.advance(100)
      await say(large)
    }
    assert.ok(reputation.banned(neighbour.toString()))
  })
})
