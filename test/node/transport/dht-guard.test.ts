import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { Key } from 'interface-datastore'
import { Level } from 'level'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { createMetrics, manualClock } from '../../../node/runtime/index.ts'
import { boundedAddresses, rareAddresses } from '../../../node/transport/host/dht/intake.ts'
import { boundedProviders } from '../../../node/transport/host/dht/providers.ts'
import { Records } from '../../../node/transport/host/datastore.ts'
import { dhtProtocol } from '../../../node/transport/host/services.ts'
import { dhtLimits } from '../../../protocol/wire/index.ts'
import { scratch, startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { field, framed, join } from '../../harness/protobuf.ts'
import { startStranger, stopStrangers } from './stranger.ts'

const hash = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest())
const cidOf = (text: string): CID => CID.createV1(raw.code, Digest.create(0x12, hash(text)))

describe('transport: a DHT full of lies', () => {
  const metrics = createMetrics()
  let victim: TestNode
  before(async () => {
    victim = await startNode({}, { metrics })
  })
  afterEach(stopStrangers)
  after(stopNodes)
  const at = () => victim.peers.listening().map(text => multiaddr(text))

  it('cuts off who says more to it than an honest peer has to ask, and finds for others what there is', async () => {
    const liar = await startStranger(victim)
    const self = liar.libp2p.peerId.toMultihash().bytes
    const peer = join(field(1, self), field(2, multiaddr('/ip4/10.0.0.1/tcp/4001').bytes))
    await liar.dial()
    for (let n = 0; liar.connected();) {
      const stream = await liar.libp2p.dialProtocol(at(), dhtProtocol).catch(() => undefined)
      // What goes on with the connection, and that a stream was refused as it was opened, is heard of in another turn.
      await new Promise(resolve => {
        setImmediate(resolve)
      })
      if (stream === undefined) continue
      const isOpen = (): boolean => stream.status === 'open' && stream.writeStatus === 'writable' && liar.connected()
      // A lie each, that it has what it has not, as many at once as go into a frame of the connection.
      while (isOpen()) {
        const lies = Array.from({ length: 200 }, () => {
          return framed(join(field(1, 2), field(2, cidOf(`lie ${n++}`).bytes), field(9, peer)))
        })
        if (!stream.send(join(...lies))) await stream.onDrain().catch(() => undefined)
        await new Promise(resolve => {
          setImmediate(resolve)
        })
      }
    }
    await until(async () => /tilth_peer_bans_total 1/.test(await metrics.metrics()), 'it is banned')

    const [friend, other] = [await startNode({ join: [victim] }), await startNode({ join: [victim] })]
    const cid = await friend.files.addBytes(new TextEncoder().encode('what there is'))
    await friend.files.provide(cid)
    const text = new TextDecoder().decode(await other.files.fetchBytes(cid, { maxBytes: 100 }))
    assert.equal(text, 'what there is')
  })

  it('keeps no values', async () => {
    const stranger = await startStranger(victim)
    const { publicKey } = stranger.libp2p.peerId
    assert.ok(publicKey)
    const key = join(new TextEncoder().encode('/pk/'), stranger.libp2p.peerId.toMultihash().bytes)
    // As libp2p writes public keys: which kind it is, and its bytes.
    const value = join(field(1, 2), field(2, publicKey.raw))
    const record = join(field(1, key), field(2, value))
    const stream = await stranger.libp2p.dialProtocol(at(), dhtProtocol)
    stream.send(framed(join(field(1, 0), field(2, key), field(3, record))))
    await until(() => stream.status !== 'open' || stream.readBufferLength > 0, 'it is answered or reset')
    assert.equal(stream.readBufferLength, 0, 'it says that it keeps it')
  })

  it('keeps few addresses of a peer, however many it says with its records', async () => {
    const clock = manualClock()
    const { peerStore } = (await startStranger(victim)).libp2p
    const say = rareAddresses(peerStore, clock)
    const { peerId } = (await startStranger(victim)).libp2p
    const address = (n: number): Uint8Array => multiaddr(`/ip4/10.0.${n >> 8}.${n % 256}/tcp/4001`).bytes
    const known = async (peer = peerId): Promise<number> => (await peerStore.get(peer)).addresses.length
    for (let n = 0; n < 200; n++) await say(peerId, [address(n)])
    assert.equal(await known(), dhtLimits.addressed.burst)
    await clock.advance(60_000)
    for (let n = 200; n < 400; n++) await say(peerId, [address(n)])
    assert.equal(await known(), dhtLimits.addressed.burst + 1)

    const other = (await startStranger(victim)).libp2p.peerId
    await say(
      other,
      Array.from({ length: 1_000 }, (_, n) => address(n))
    )
    assert.equal(await known(other), dhtLimits.addresses)
  })

  it('lets the library keep no more of them than that, and none that is longer than any', async () => {
    const { peerStore } = (await startStranger(victim)).libp2p
    const bounded = boundedAddresses(peerStore, manualClock())
    const { peerId } = (await startStranger(victim)).libp2p
    const address = (n: number) => multiaddr(`/ip4/10.0.${n >> 8}.${n % 256}/tcp/4001`)
    await bounded.merge(peerId, { multiaddrs: [multiaddr(`/dns4/${'a'.repeat(300)}.example/tcp/4001`)] })
    assert.equal((await peerStore.get(peerId)).addresses.length, 0)
    await bounded.merge(peerId, { multiaddrs: Array.from({ length: 1_000 }, (_, n) => address(n)) })
    assert.equal((await peerStore.get(peerId)).addresses.length, dhtLimits.addresses)
    for (let n = 0; n < 100; n++)
      await bounded.merge(peerId, { addresses: [{ multiaddr: address(n), isCertified: false }], tags: { one: {} } })
    const { addresses, tags } = await peerStore.get(peerId)
    assert.ok(addresses.length <= dhtLimits.addresses + dhtLimits.addressed.burst)
    assert.ok(tags.has('one'))
  })

  it('keeps so many records of each provider, and of all, and all of its own; known ones are renewed', async () => {
    const clock = manualClock()
    const folder = await scratch('providers')
    const level = new Level<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
    await level.open()
    const datastore = new Records(level, folder)
    const day = 86_400
    const bounded = boundedProviders(datastore, 'self', clock, {
      eachProvider: { perSecond: 3 / (2 * day), burst: 3 },
      allProviders: 5,
      makingRoom: { perSecond: 1, burst: 10 }
    } as never)
    const put = (peer: string, n: number): unknown =>
      bounded.put(new Key(`/dht/provider/FILE${n}/${peer}`), Uint8Array.of(n))
    const count = async (): Promise<number> => {
      let count = 0
      for await (const _ of datastore.queryKeys({ prefix: '/dht/provider/' })) count++
      return count
    }
    for (let n = 0; n < 10; n++) await put('one', n)
    assert.equal(await count(), 3)
    for (let n = 0; n < 10; n++) await put('other', n)
    assert.equal(await count(), 5)
    for (let n = 0; n < 10; n++) await put('self', n)
    assert.equal(await count(), 15)
    await bounded.put(new Key('/dht/provider/FILE2/one'), Uint8Array.of(9))
    assert.deepEqual([...(await datastore.get(new Key('/dht/provider/FILE2/one')))], [9])
    // Who has far less than the largest is not kept out by it.
    await put('third', 0)
    assert.equal(await count(), 14)
    assert.ok(await datastore.has(new Key('/dht/provider/FILE0/third')))
    // Those that run out make room.
    await clock.advance(2 * day * 1000)
    for (let n = 0; n < 10; n++)
      for (const by of ['one', 'other']) await bounded.delete(new Key(`/dht/provider/FILE${n}/${by}`))
    assert.equal(await count(), 11)
    for (let n = 10; n < 20; n++) await put('one', n)
    assert.equal(await count(), 14)
    await bounded.put(new Key('/pin/x'), Uint8Array.of(1))
    assert.ok(await bounded.has(new Key('/pin/x')))
    await datastore.close()
  })
})
