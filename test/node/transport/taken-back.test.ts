import assert from 'node:assert/strict'
import { parseCid } from '../../../node/transport/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import { startStranger, stopStrangers } from './stranger.ts'
import type { Stranger } from './stranger.ts'

const bitswap = '/ipfs/bitswap/1.2.0'
/** A line of a list of wants (protobuf): the CID, its priority of one, and that it is wanted no more. */
const noMore = Buffer.from([0x10, 1, 0x18, 1])

describe('transport: a block that one peer is asked for alone', () => {
  afterEach(async () => {
    await stopStrangers()
    await stopNodes()
  })

  it('is asked for no more once nobody waits for it: the peer is told', async () => {
    const reader = await startNode()
    const author = await startNode()
    const text = await author.files.addBytes(new TextEncoder().encode('what nobody has but its author'))
    const bytes = Buffer.from(parseCid(text).bytes)
    const peer = await startStranger(reader)
    let heard = Buffer.alloc(0)
    await peer.libp2p.handle(bitswap, async stream => {
      for await (const chunk of stream) heard = Buffer.concat([heard, chunk.subarray()])
    })
    await peer.dial()
    await until(() => reader.peers.connected().some(({ peerId }) => peerId === peer.peerId), 'they have met')
    const enough = new AbortController()
    const fetched = reader.files.fetchBytes(text, {
      maxBytes: 1_000,
      first: { peers: [peer.peerId], eachMs: 60_000 },
      signal: enough.signal
    })
    await until(() => heard.includes(bytes), 'the peer is asked')
    assert.ok(!heard.includes(Buffer.concat([bytes, noMore])))
    enough.abort(new Error('it is wanted no more'))
    await assert.rejects(fetched)
    await until(() => heard.includes(Buffer.concat([bytes, noMore])), 'the question is taken back')
  })
})

describe('transport: a block that everybody is asked for', () => {
  afterEach(async () => {
    await stopStrangers()
    await stopNodes()
  })

  it('is asked for no more once one has sent it, or nobody waits for it: the others are told', async () => {
    const author = await startNode()
    const reader = await startNode({ join: [author] })
    const all: { readonly peer: Stranger; heard: () => Buffer }[] = []
    for (let i = 0; i < 3; i++) {
      const peer = await startStranger(reader)
      let heard = Buffer.alloc(0)
      await peer.libp2p.handle(bitswap, async stream => {
        for await (const chunk of stream) heard = Buffer.concat([heard, chunk.subarray()])
      })
      await peer.dial()
      all.push({ peer, heard: () => heard })
    }
    await until(() => reader.peers.connected().length === 4, 'they have met')

    const text = await author.files.addBytes(new TextEncoder().encode('what one of four has'))
    await reader.files.fetchBytes(text, { maxBytes: 1_000 })
    const came = Buffer.from(parseCid(text).bytes)
    for (const { heard } of all) {
      await until(() => heard().includes(came), 'everybody is asked')
      await until(() => heard().includes(Buffer.concat([came, noMore])), 'the question is taken back')
    }

    const nobodys = await (await startNode()).files.addBytes(new TextEncoder().encode('what none of four has'))
    const enough = new AbortController()
    const fetched = reader.files.fetchBytes(nobodys, { maxBytes: 1_000, signal: enough.signal })
    const never = Buffer.from(parseCid(nobodys).bytes)
    for (const { heard } of all) await until(() => heard().includes(never), 'everybody is asked')
    enough.abort(new Error('it is wanted no more'))
    await assert.rejects(fetched)
    for (const { heard } of all)
      await until(() => heard().includes(Buffer.concat([never, noMore])), 'the question is taken back')
  })
})
