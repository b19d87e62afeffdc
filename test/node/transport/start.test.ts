import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { z } from 'zod'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'

const note = z.strictObject({ text: z.string() })

describe('transport: starting', () => {
  after(stopNodes)

  it('says what is wrong: a taken port, a folder in use or of another version, no key', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => {
      server.once('listening', resolve)
    })
    const { port } = server.address() as AddressInfo
    await assert.rejects(startNode({ listen: [`/ip4/127.0.0.1/tcp/${port}`] }), {
      code: 'network.listen',
      consequence: 'fatal',
      help: /port/
    })
    server.close()
    const node = await startNode()
    await assert.rejects(startNode({ directory: node.directory }), { code: 'store.locked' })
    await node.stop()
    await writeFile(join(node.directory, 'format'), '7')
    await assert.rejects(startNode({ directory: node.directory }), { code: 'store.version' })
    await assert.rejects(startNode({ privateKey: new Uint8Array(32) }), { code: 'key.invalid' })
    await assert.rejects(startNode({ privateKey: randomBytes(31) }), { code: 'key.invalid' })
  })

  it('a node that has nobody to join says so when asked to be ready', async () => {
    const node = await startNode()
    await assert.rejects(node.peers.ready(1, 200), { code: 'network.lonely', help: /bootstrap/ })
    // Nobody to talk to is no error for what can wait.
    assert.deepEqual(await node.gossip.publish('tilth/data/1', { text: 'x' }), { recipients: 0 })
    await node.files.provide(await node.files.addBytes(Uint8Array.of(1)))
    await assert.rejects(node.streams.open(`0x${'ab'.repeat(20)}`, '/tilth/data/sync/1'), { code: 'peer.unknown' })
    await assert.rejects(node.peers.dial('/ip4/127.0.0.1/tcp/1'), { code: 'peer.unreachable' })
    await assert.rejects(node.peers.find('nonsense'), { code: 'peer.id' })
  })

  it('what was provided before there were peers is found once there are', async () => {
    const early = await startNode()
    const cid = await early.files.addBytes(randomBytes(100))
    await early.files.provide(cid)
    const late = await startNode({ join: [early] })
    await late.peers.ready(1, 20_000)
    await until(async () => {
      for await (const peer of late.files.findProviders(cid)) if (peer.address === early.peers.self.address) return true
      return false
    }, 'the record is in the DHT')
  })

  for (const [name, address] of [
    ['QUIC', '/ip4/127.0.0.1/udp/0/quic-v1'],
    ['WebRTC', '/ip4/127.0.0.1/udp/0/webrtc-direct']
  ] as const)
    it(`over ${name}, where its binary is there: streams and content`, async function () {
      const node = await startNode({ listen: [address] }).catch((error: unknown) => error)
      if (node instanceof TilthError && node.code === 'network.transport') {
        this.test!.title += ` (skipped: ${node.message})`
        this.skip()
      }
      assert.ok(!(node instanceof Error))
      const listening = node as Awaited<ReturnType<typeof startNode>>
      const other = await startNode({ listen: [address], join: [listening] })
      await other.peers.ready(1, 20_000)
      listening.streams.handle('/tilth/models/infer/1', async stream => {
        for await (const message of stream.receive(note)) await stream.send({ text: String(message.text.length) })
      })
      const stream = await other.streams.open(listening.peers.self.address, '/tilth/models/infer/1')
      for (let i = 0; i < 5; i++) {
        await stream.send({ text: 'x'.repeat(300_000) })
        assert.deepEqual(await stream.next(note), { text: '300000' })
      }
      await stream.end()
      const bytes = randomBytes(1_500_000)
      const cid = await listening.files.addBytes(bytes)
      const fetched = await other.files.fetchBytes(cid, {
        maxBytes: 2_000_000,
        providers: [listening.peers.self.peerId]
      })
      assert.deepEqual(fetched, Uint8Array.from(bytes))
    })

  it("over WebSockets, and through a relay for longer and for more than the library's default", async () => {
    const relay = await startNode({
      preset: 'public',
      listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
      relay: true
    })
    const ws = relay.peers.listening().filter(address => address.includes('/ws'))
    const hidden = await startNode({ preset: 'public', listen: [`${ws[0]}/p2p-circuit`], bootstrap: ws })
    await until(
      () => hidden.peers.listening().some(address => address.includes('/p2p-circuit')),
      'the hidden node has a place at the relay'
    )
    const friend = await startNode({ preset: 'public', bootstrap: [] })
    hidden.streams.handle('/tilth/models/infer/1', async stream => {
      for await (const message of stream.receive(note)) await stream.send({ text: String(message.text.length) })
    })
    const address = hidden.peers.listening().find(text => text.includes('/p2p-circuit')) ?? ''
    assert.deepEqual(await friend.peers.dial(address), hidden.peers.self)
    const stream = await friend.streams.open(hidden.peers.self.peerId, '/tilth/models/infer/1')
    for (let i = 0; i < 5; i++) {
      await stream.send({ text: 'x'.repeat(300_000) })
      assert.deepEqual(await stream.next(note), { text: '300000' })
    }
    const bytes = randomBytes(1_500_000)
    const cid = await hidden.files.addBytes(bytes)
    assert.deepEqual(
      await friend.files.fetchBytes(cid, { maxBytes: 2_000_000, providers: [hidden.peers.self.peerId] }),
      Uint8Array.from(bytes)
    )
  })
})
