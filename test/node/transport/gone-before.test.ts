import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { streamPair } from '@libp2p/utils'
import { manualClock } from '../../../node/runtime/index.ts'
import { dhtProtocol } from '../../../node/transport/host/services.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'
import { createMessageStream } from '../../../node/transport/streams/message-stream.ts'
import { dhtLimits, streamLimits } from '../../../protocol/wire/index.ts'
import { pause, startNode, stopNodes, until } from '../../harness/index.ts'
import { field, framed, join } from '../../harness/protobuf.ts'
import { startStranger, stopStrangers } from './stranger.ts'
import type { Stranger } from './stranger.ts'

describe('transport: who is gone before a stream of theirs is served', () => {
  afterEach(stopStrangers)
  after(stopNodes)

  it('is waited for by nothing that lives as long as the stream', async () => {
    const [near, far] = await streamPair()
    far.send(Uint8Array.of(2, 1, 1))
    far.abort(new Error('not wanted any more'))
    await until(() => near.status === 'reset', 'it is broken off')
    const outcomes: string[] = []
    const clock = manualClock()
    const protocol = '/tilth/data/sync/1'
    const stream = createMessageStream({
      stream: near,
      protocol,
      limits: streamLimits[protocol],
      peer: { peerId: 'one', address: `0x${'01'.repeat(20)}` },
      reputation: createReputation(clock, () => undefined),
      clock,
      onOver: outcome => void outcomes.push(outcome)
    })
    assert.ok(stream.signal.aborted)
    await stream.end().catch(() => undefined)
    assert.deepEqual(outcomes, ['stream.closed'])
  })

  it('takes nobody’s place in the DHT, however often', async () => {
    const victim = await startNode()
    const question = framed(join(field(1, 4), field(2, randomBytes(34))))
    const addresses = victim.peers.listening().map(text => multiaddr(text))
    const ask = ({ libp2p }: Stranger) => libp2p.dialProtocol(addresses, dhtProtocol)
    const stranger = await startStranger(victim)
    for (let n = 0; n < 8 * dhtLimits.unanswered; n++) {
      const stream = await ask(stranger)
      stream.send(question)
      if (n % 2 === 0) await pause(1)
      stream.abort(new Error('not wanted any more'))
    }
    const stream = await ask(await startStranger(victim))
    let answered = 0
    stream.addEventListener('message', ({ data }) => {
      answered += data.byteLength
    })
    stream.send(question)
    await until(() => answered > 0, 'another is answered')
  })
})
