import assert from 'node:assert/strict'
import fc from 'fast-check'
import { z } from 'zod'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { streamLimits, topicLimits } from '../../../protocol/wire/index.ts'
import { createMetrics } from '../../../node/runtime/index.ts'
import type { MessageStream } from '../../../node/transport/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { frame, refusal, startStranger, stopStrangers } from './stranger.ts'
import type { Stranger } from './stranger.ts'

const note = z.strictObject({ text: z.string().max(200) })
const protocol = '/tilth/data/sync/1'
const metrics = createMetrics()

describe('transport: hostile peers', () => {
  let victim: TestNode
  let served: string[] = []
  before(async () => {
    victim = await startNode(
      {},
      {
        metrics,
        limits: {
          streams: {
            [protocol]: {
              ...streamLimits[protocol],
              maxBytes: 4096,
              timeMs: 400,
              perPeer: 3,
              opens: { perSecond: 1, burst: 30 }
            }
          },
          topics: {
            'tilth/jobs/1': {
              ...topicLimits['tilth/jobs/1'],
              timeMs: 200,
              quota: { perSecond: 1, burst: 50 },
              queue: 8
            }
          }
        }
      }
    )
    victim.streams.handle(protocol, async stream => {
      for await (const { text } of stream.receive(note)) {
        served.push(text)
        await stream.send({ text })
      }
    })
  })
  beforeEach(() => {
    served = []
  })
  afterEach(stopStrangers)
  after(stopNodes)

  /** An honest peer is served all the while. */
  async function stillServes(): Promise<void> {
    const friend = await startNode({ join: [victim] })
    const stream = await friend.streams.open(victim.peers.self.peerId, protocol).catch(async () => {
      await friend.peers.dial(victim.peers.listening()[0] ?? '')
      return await friend.streams.open(victim.peers.self.peerId, protocol)
    })
    await stream.send({ text: 'hello' })
    assert.deepEqual(await stream.next(note), { text: 'hello' })
    await stream.end()
    await friend.stop()
  }

  const bad: [string, Uint8Array, string][] = [
    ['a frame that says it is huge', Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 0x00), 'frame.too-large'],
    ['a length without an end', new Uint8Array(20).fill(0xff), 'frame.too-large'],
    ['a tag that nobody gave', frame(7, '{}'), 'frame.garbage'],
    ['bytes that are no JSON', frame(0, Uint8Array.of(0xde, 0xad, 0xbe, 0xef)), 'frame.garbage'],
    ['JSON of another shape', frame(0, '{"text":1}'), 'frame.schema'],
    ['JSON too deep', frame(0, '['.repeat(2000)), 'frame.depth'],
    ['an empty frame', Uint8Array.of(0), 'frame.garbage']
  ]
  for (const [what, bytes, code] of bad) {
    it(`${what} gets ${code}, and nobody hears it`, async () => {
      const stranger = await startStranger(victim)
      const stream = await stranger.open(protocol)
      stream.send(bytes)
      assert.equal(await refusal(stream), code)
      assert.deepEqual(served, [])
    })
  }

  it('a frame that never ends is cut off in time', async () => {
    const stranger = await startStranger(victim)
    const stream = await stranger.open(protocol)
    const drip = setInterval(() => {
      if (stream.status === 'open') stream.send(Uint8Array.of(0x20))
    }, 100)
    stream.send(Uint8Array.of(0xa0, 0x06))
    assert.equal(await refusal(stream), 'limit.time')
    clearInterval(drip)
  })

  it('a peer that opens streams and says nothing holds only its share, and not for long', async () => {
    const stranger = await startStranger(victim)
    const streams = await Promise.all(Array.from({ length: 5 }, () => stranger.open(protocol)))
    const answers = (await Promise.all(streams.map(refusal))).map(String)
    assert.deepEqual(answers.sort(), ['limit.busy', 'limit.busy', 'limit.time', 'limit.time', 'limit.time'])
    await stillServes()
  })

  it('lives through any order of frames, garbage, ends and resets', async function () {
    this.timeout(60_000)
    const step = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map(bytes => ({ do: 'send' as const, bytes })),
      fc.constant({ do: 'send' as const, bytes: frame(0, '{"text":"ok"}') }),
      fc.constant({ do: 'send' as const, bytes: frame(1, 'limit.busy') }),
      fc.constantFrom({ do: 'end' as const }, { do: 'reset' as const }, { do: 'wait' as const })
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async steps => {
        const stranger = await startStranger(victim)
        const stream = await stranger.open(protocol)
        for (const action of steps) {
          if (stream.writeStatus !== 'writable') break
          if (action.do === 'send') stream.send(action.bytes)
          else if (action.do === 'end') await stream.close()
          else if (action.do === 'reset') stream.abort(new Error('reset'))
          else
            await new Promise(resolve => {
              setTimeout(resolve, 5)
            })
        }
        await stopStrangers()
      }),
      { numRuns: 25 }
    )
    await stillServes()
  })

  async function misbehave(stranger: Stranger): Promise<void> {
    const stream = await stranger.open(protocol)
    stream.send(frame(0, '{"text":1}'))
    await refusal(stream)
  }

  it('who asks as a later version may is told so each time, and is not cut off for it', async () => {
    const stranger = await startStranger(victim)
    for (let i = 0; i < 15; i++) {
      const stream = await stranger.open(protocol)
      stream.send(frame(0, '{"text":"hello","tone":"warm"}'))
      assert.equal(await refusal(stream), 'frame.schema')
      await assert.rejects(stranger.libp2p.dialProtocol(stranger.libp2p.getPeers()[0]!, '/tilth/data/tomorrow/1'), {
        name: 'UnsupportedProtocolError'
      })
    }
    assert.ok(stranger.connected())
    assert.deepEqual(served, [])
  })

  it('who goes on breaking rules is cut off and stays out, and others are served', async () => {
    const stranger = await startStranger(victim)
    await assert.rejects(async () => {
      for (let i = 0; i < 20; i++) await misbehave(stranger)
    })
    await until(() => !stranger.connected(), 'the stranger is cut off')
    await assert.rejects(async () => {
      await stranger.dial()
      await misbehave(stranger)
      assert.ok(stranger.connected())
    })
    assert.match(await metrics.metrics(), /tilth_peer_bans_total [1-9]/)
    await stillServes()
  })

  it('who opens streams without end is cut off, and others are served', async () => {
    const stranger = await startStranger(victim)
    await stranger.dial()
    const [connection] = stranger.libp2p.getConnections()
    assert.ok(connection)
    const most = { maxOutboundStreams: 10_000 }
    await Promise.allSettled(Array.from({ length: 1000 }, () => connection.newStream(protocol, most)))
    await until(() => !stranger.connected(), 'the stranger is cut off')
    await stillServes()
  })

  it('a peer without a node key is nobody here', async () => {
    const stranger = await startStranger(victim, 'Ed25519')
    await assert.rejects(async () => {
      const stream = await stranger.open(protocol)
      stream.send(frame(0, '{"text":"x"}'))
      assert.notEqual(await refusal(stream), undefined)
    })
    assert.deepEqual(
      [
        served,
        victim.peers
          .connected()
          .map(peer => peer.peerId)
          .includes(stranger.peerId)
      ],
      [[], false]
    )
  })

  describe('in gossip', () => {
    let heard: string[] = []
    let off: () => void
    before(() => {
      off = victim.gossip.subscribe('tilth/jobs/1', note, async ({ text }) => {
        heard.push(text)
        if (text === 'late') throw new TilthError('job.late', 'late', { consequence: 'ignore' })
        if (text === 'bug') throw new Error('a bug of ours')
        if (text.startsWith('slow')) await new Promise(() => undefined)
      })
    })
    after(() => {
      off()
    })
    beforeEach(() => {
      heard = []
    })

    async function meet(): Promise<{ stranger: Stranger; say: (text: string | Uint8Array) => Promise<unknown> }> {
      const stranger = await startStranger(victim)
      await stranger.dial()
      stranger.libp2p.services.pubsub.subscribe('tilth/jobs/1')
      await until(
        () => stranger.libp2p.services.pubsub.getSubscribers('tilth/jobs/1').length === 1,
        'the stranger knows the subscription'
      )
      return {
        stranger,
        say: text => stranger.say('tilth/jobs/1', text)
      }
    }
    const count = async (verdict: string): Promise<number> => {
      const match = new RegExp(
        `tilth_gossip_messages_total\\{topic="tilth/jobs/1",verdict="${verdict}"\\} (\\d+)`
      ).exec(await metrics.metrics())
      return Number(match?.[1] ?? 0)
    }

    it('garbage is rejected and costs the connection in the end', async () => {
      const { stranger, say } = await meet()
      const before = await count('reject')
      await say('{"text":')
      await say('{"text":1}')
      await say('['.repeat(100_000))
      await until(async () => (await count('reject')) === before + 3, 'three rejects')
      assert.ok(stranger.connected())
      for (let i = 0; i < 12; i++) await say(`garbage ${i}`)
      await until(() => !stranger.connected(), 'the stranger is cut off')
      assert.deepEqual(heard, [])
    })

    it("what the handler ignores, fumbles or does not finish is nobody's fault", async () => {
      const { stranger, say } = await meet()
      const [ignored, late] = [await count('ignore'), await count('time')]
      for (const text of ['late', 'bug', 'slow']) await say(JSON.stringify({ text }))
      await until(async () => (await count('ignore')) === ignored + 2 && (await count('time')) === late + 1, 'verdicts')
      assert.deepEqual(heard.sort(), ['bug', 'late', 'slow'])
      assert.ok(stranger.connected())
    })

    it('no more messages wait for a verdict than the queue holds', async () => {
      const { stranger, say } = await meet()
      const [busy, late] = [await count('busy'), await count('time')]
      for (let i = 0; i < 12; i++) await say(JSON.stringify({ text: `slow${i}` }))
      await until(async () => (await count('busy')) === busy + 4 && (await count('time')) === late + 8, 'verdicts')
      assert.equal(heard.length, 8)
      assert.ok(stranger.connected())
    })

    it('what is too much is dropped, and a flood beyond what any relayer passes on is cut off', async () => {
      const { stranger, say } = await meet()
      const dropped = await count('rate')
      for (let i = 0; i < 400; i++) await say(JSON.stringify({ text: `much ${i}` }))
      await until(async () => (await count('rate')) >= dropped + 300, 'most of it is dropped')
      assert.ok(stranger.connected())
      for (let i = 0; i < 2000 && stranger.connected(); i++) await say(JSON.stringify({ text: `flood ${i}` }))
      await until(() => !stranger.connected(), 'the flooder is cut off')
      assert.ok(heard.length >= 50 && heard.length < 80, `${heard.length} of the flood were heard`)
      await stillServes()
    })
  })

  it('a sender feels a reader that does not read, and nothing is lost or piled up', async () => {
    const friend = await startNode({ join: [victim] })
    await friend.peers.ready(1, 20_000)
    let reading: MessageStream | undefined
    let release = (): void => undefined
    const off = victim.streams.handle('/tilth/models/infer/1', async stream => {
      reading = stream
      await new Promise<void>(resolve => {
        release = resolve
      })
    })
    const stream = await friend.streams.open(victim.peers.self.address, '/tilth/models/infer/1')
    const text = 'x'.repeat(100_000)
    const big = z.strictObject({ n: z.int(), text: z.string() })
    let sent = 0
    const sending = (async () => {
      for (let n = 0; n < 200; n++) {
        await stream.send({ n, text })
        sent++
      }
      await stream.end()
    })()
    await until(() => reading !== undefined, 'the stream is there')
    let before = -1
    await until(async () => {
      if (sent === before) return true
      before = sent
      await new Promise(resolve => {
        setTimeout(resolve, 300)
      })
      return false
    }, 'the sender waits')
    assert.ok(sent < 120, `${sent} of 200 frames went out although nobody reads`)
    const numbers: number[] = []
    for await (const { n } of (reading as unknown as MessageStream).receive(big)) numbers.push(n)
    await sending
    assert.deepEqual(
      numbers,
      Array.from({ length: 200 }, (_, n) => n)
    )
    release()
    await off()
  })

  it('a reader that is slower than its sender gets everything, however long it takes', async () => {
    const friend = await startNode({ join: [victim] })
    await friend.peers.ready(1, 20_000)
    const big = z.strictObject({ n: z.int(), text: z.string() })
    const numbers: number[] = []
    const off = victim.streams.handle('/tilth/models/infer/1', async stream => {
      for await (const { n } of stream.receive(big)) {
        numbers.push(n)
        if (n % 7 === 0)
          await new Promise(resolve => {
            setTimeout(resolve, n % 3)
          })
      }
    })
    const stream = await friend.streams.open(victim.peers.self.address, '/tilth/models/infer/1')
    const text = 'x'.repeat(150_000)
    for (let n = 0; n < 300; n++) await stream.send({ n, text })
    await stream.end()
    assert.equal(await stream.next(note), undefined)
    assert.deepEqual(
      numbers,
      Array.from({ length: 300 }, (_, n) => n)
    )
    await off()
  })

  it('a stream knows when the other process is gone', async () => {
    const friend = await startNode({ join: [victim] })
    await friend.peers.ready(1, 20_000)
    let broken: unknown
    const off = victim.streams.handle('/tilth/jobs/progress/1', async stream => {
      await stream.next(note)
      await new Promise<void>(resolve => {
        stream.signal.addEventListener('abort', () => {
          broken = stream.signal.reason
          resolve()
        })
      })
    })
    const stream = await friend.streams.open(victim.peers.self.address, '/tilth/jobs/progress/1')
    await stream.send({ text: 'x' })
    await new Promise(resolve => {
      setTimeout(resolve, 100)
    })
    await friend.stop()
    await until(() => broken !== undefined, 'the stream is known to be broken')
    assert.equal((broken as TilthError).code, 'stream.closed')
    await assert.rejects(stream.send({ text: 'y' }), { code: 'stream.closed' })
    await off()
  })
})
