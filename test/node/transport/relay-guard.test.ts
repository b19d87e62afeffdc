import assert from 'node:assert/strict'
import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from '@libp2p/circuit-relay-v2'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { encode } from 'it-length-prefixed'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import { startStranger, stopStrangers } from './stranger.ts'
import type { Stranger } from './stranger.ts'

// Two strangers that speak the relay's protocol by hand (libp2p's circuit v2, in protobuf), so that neither keeps to
// what libp2p's own connections would: one sends without end, the other does not read.
const reserve = Uint8Array.of(0x08, 0x00)
const connectTo = (peerId: string): Uint8Array => {
  const id = peerIdFromString(peerId).toMultihash().bytes
  return Uint8Array.of(0x08, 0x01, 0x12, id.length + 2, 0x0a, id.length, ...id)
}
const accepted = Uint8Array.of(0x08, 0x01, 0x20, 0x64)
const MiB = 1 << 20

describe('transport: a relay whose reader does not read', () => {
  afterEach(stopStrangers)
  after(stopNodes)

  it('ends the connection when it holds too much, and lives on', async function () {
    this.timeout(60_000)
    const before = process.memoryUsage().arrayBuffers
    const relay = await startNode({ relay: true }, { limits: { relayMemory: before + 24 * MiB } })
    const at = relay.peers.listening().map(text => multiaddr(text))
    const [reader, sender]: [Stranger, Stranger] = [await startStranger(relay), await startStranger(relay)]
    await reader.libp2p.handle(RELAY_V2_STOP_CODEC, async stream => {
      stream.send(encode.single(accepted))
      stream.pause()
      await new Promise(() => undefined)
    })
    const place = await reader.libp2p.dialProtocol(at, RELAY_V2_HOP_CODEC)
    place.send(encode.single(reserve))
    await until(() => place.readBufferLength > 0 || place.status !== 'open', 'the place is given')
    const stream = await sender.libp2p.dialProtocol(at, RELAY_V2_HOP_CODEC)
    stream.send(encode.single(connectTo(reader.peerId)))
    let sent = 0
    let most = 0
    const chunk = new Uint8Array(MiB / 4)
    while (stream.status === 'open' && sent < 110 * MiB) {
      if (!stream.send(chunk)) await stream.onDrain({ signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
      sent += chunk.length
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      await new Promise(resolve => {
        setTimeout(resolve, 20)
      })
    }
    assert.notEqual(stream.status, 'open', `${sent} bytes were taken, and ${most} held`)
    await until(async () => {
      const friend = await startNode({ join: [relay] })
      return await friend.peers.ready(1, 10_000).then(
        () => true,
        () => false
      )
    }, 'the relay serves others')
  })
})
