import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { KadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import type { Stream } from '@libp2p/interface'
import { Key } from 'interface-datastore'
import { Level } from 'level'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { manualClock } from '../../../node/runtime/index.ts'
import type { ManualClock } from '../../../node/runtime/index.ts'
import { Records } from '../../../node/transport/host/datastore.ts'
import { guardedDht } from '../../../node/transport/host/dht/guard.ts'
import { gatheredWrites } from '../../../node/transport/host/dht/gathered-writes.ts'
import { dhtProtocol } from '../../../node/transport/host/services.ts'
import { toldProviders } from '../../../node/transport/host/dht/told.ts'
import { dhtLimits } from '../../../protocol/wire/index.ts'
import { pause, scratch, startNode, stopNodes, until } from '../../harness/index.ts'
import { field, framed, join } from '../../harness/protobuf.ts'
import { startStranger, stopStrangers } from './stranger.ts'
import type { Stranger } from './stranger.ts'

const cidOf = (text: string): CID => {
  const hash = new Uint8Array(createHash('sha256').update(text).digest())
  return CID.createV1(raw.code, Digest.create(0x12, hash))
}
const prefix = '/dht/provider/'

async function openRecords(): Promise<Records> {
  const folder = await scratch('fresh-keys')
  const level = new Level<string, Uint8Array>(folder, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await level.open()
  return new Records(level, folder)
}
async function keysOf(datastore: Pick<Records, 'queryKeys'>): Promise<string[]> {
  const keys: string[] = []
  for await (const key of datastore.queryKeys({ prefix })) keys.push(key.toString())
  return keys
}

/** libp2p with the DHT as nodes have it, whose guard goes by a clock of its own. */
async function startGuarded(clock: ManualClock) {
  const datastore = await openRecords()
  const charged: string[] = []
  const make = kadDHT({ protocol: dhtProtocol, clientMode: false, peerInfoMapper: passthroughMapper })
  const libp2p = await createLibp2p<{ dht: KadDHT; identify: ReturnType<ReturnType<typeof identify>> }>({
    privateKey: await generateKeyPair('secp256k1'),
    datastore,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // All who come are at one address, and a fast machine brings them within a second.
    connectionManager: { inboundConnectionThreshold: 100 },
    services: {
      identify: identify(),
      ping: ping(),
      dht: guardedDht(make, { charge: peer => void charged.push(peer) }, clock)
    } as never
  })
  const peerId = libp2p.peerId.toString()
  return {
    libp2p,
    charged,
    peers: { listening: () => libp2p.getMultiaddrs().map(String), self: { peerId } },
    records: () => keysOf(datastore),
    stop: async () => {
      await libp2p.stop()
      await datastore.close()
    }
  }
}

/** Says that it has so many things, as many at once as it may. */
function provide(stranger: Stranger, stream: Stream, name: string, count: number): void {
  const self = stranger.libp2p.peerId.toMultihash().bytes
  const peer = join(field(1, self), field(2, multiaddr('/ip4/10.0.0.1/tcp/4001').bytes))
  const said = Array.from({ length: count }, (_, n) =>
    framed(join(field(1, 2), field(2, cidOf(`${name} ${n}`).bytes), field(9, peer)))
  )
  stream.send(join(...said))
}

describe('transport: fresh keys without end', () => {
  afterEach(stopStrangers)
  after(stopNodes)

  it('may make the DHT work so much in all, and keep neither newcomers nor who is known from it', async () => {
    const clock = manualClock(Date.now())
    const victim = await startGuarded(clock)
    try {
      const known = await startStranger(victim)
      await known.dial()
      // Another ten minutes have passed since it came.
      await until(() => {
        const [connection] = victim.libp2p.getConnections(known.libp2p.peerId)
        if (connection !== undefined) connection.timeline.open -= dhtLimits.newMs
        return connection !== undefined
      }, 'it has come')
      const liars: Stranger[] = []
      for (let n = 0; n < 4; n++) {
        const liar = await startStranger(victim)
        await liar.dial()
        provide(liar, await liar.libp2p.dialProtocol(victim.libp2p.getMultiaddrs(), dhtProtocol), `lie ${n}`, 900)
        liars.push(liar)
      }
      // So many are written at once that the last of them are not yet; time stands still.
      const most = dhtLimits.newcomers.burst
      await until(async () => (await victim.records()).length > most - 500, 'lies are kept')
      const by = (stranger: Stranger) => (key: string) => key.endsWith(stranger.peerId)
      const lies = async (): Promise<number> =>
        (await victim.records()).filter(key => liars.some(liar => by(liar)(key))).length
      const kept = (stranger: Stranger, name: string): Promise<void> =>
        until(async () => {
          await clock.advance(20)
          return (await victim.records()).filter(by(stranger)).length === 3
        }, name)
      assert.ok((await lies()) <= most, 'of 3,600 at once')

      // Who was there before is not in their line.
      provide(known, await known.libp2p.dialProtocol(victim.libp2p.getMultiaddrs(), dhtProtocol), 'known', 3)
      await kept(known, 'what the known one has is kept')
      // A newcomer is in it, and waits for one lie of each other.
      const newcomer = await startStranger(victim)
      await newcomer.dial()
      provide(newcomer, await newcomer.libp2p.dialProtocol(victim.libp2p.getMultiaddrs(), dhtProtocol), 'true', 3)
      await kept(newcomer, 'what the newcomer has is kept')
      assert.ok((await lies()) < 4 * 900, 'lies wait still')
      assert.deepEqual(victim.charged, [])
    } finally {
      await victim.stop()
    }
  })

  it('are cut off when more of theirs waits than an honest peer says, or has no end', async () => {
    const clock = manualClock(Date.now())
    const victim = await startGuarded(clock)
    try {
      const liar = await startStranger(victim)
      await liar.dial()
      const many = await liar.libp2p.dialProtocol(victim.libp2p.getMultiaddrs(), dhtProtocol)
      provide(liar, many, 'lie', 2 * dhtLimits.newcomers.burst)
      await until(() => many.status !== 'open', 'it is reset')
      const endless = await liar.libp2p.dialProtocol(victim.libp2p.getMultiaddrs(), dhtProtocol)
      endless.send(join(Uint8Array.of(0xff, 0xff, 0x7f), new Uint8Array(100)))
      await until(() => endless.status !== 'open', 'it is reset')
      assert.ok(victim.charged.length >= 2)
      assert.ok(victim.charged.every(peer => peer === liar.peerId))
    } finally {
      await victim.stop()
    }
  })

  it('who says that it has something, and that this was all, is told that it was heard', async () => {
    const victim = await startNode()
    const friend = await startStranger(victim)
    await friend.dial()
    for (const pieces of [1, 40]) {
      const stream = await friend.libp2p.dialProtocol(
        victim.peers.listening().map(text => multiaddr(text)),
        dhtProtocol
      )
      provide(friend, stream, `all of ${pieces}`, pieces)
      await stream.close()
      await until(() => stream.status !== 'open', 'it is over')
      assert.equal(stream.status, 'closed')
    }
  })

  for (const [protocol, say] of [
    ['/ipfs/ping/1.0.0', new Uint8Array(32)],
    ['/ipfs/id/1.0.0', undefined],
    ['/ipfs/id/push/1.0.0', framed(field(5, new TextEncoder().encode('another name')))]
  ] as const)
    it(`ask ${protocol} no more than a peer has to`, async () => {
      const victim = await startNode()
      const stranger = await startStranger(victim)
      await stranger.dial()
      const [connection] = stranger.libp2p.getConnections()
      assert.ok(connection)
      const isRefused = async (): Promise<boolean> => {
        const stream = await connection.newStream(protocol)
        const over = new Promise<void>(resolve => {
          const look = (): void => {
            if (stream.status !== 'open') resolve()
          }
          stream.addEventListener('close', look)
          look() // it may be over before it is here
          stream.addEventListener('message', () => {
            resolve()
          })
        })
        const said = say === undefined ? [] : Array.from({ length: 20 }, () => say)
        for (const bytes of said) if (stream.writeStatus === 'writable') stream.send(bytes)
        // Nothing is answered to a push.
        await (protocol.includes('push') ? Promise.race([over, pause(100)]) : over)
        const isReset = stream.status === 'reset'
        stream.abort(new Error('it was enough'))
        return isReset
      }
      await until(isRefused, 'a stream is refused', 90_000)
    })
})

describe('transport: records of who has what', () => {
  it('are written many at once, found from the first moment, and on disk before they are listed', async () => {
    const clock = manualClock()
    const datastore = await openRecords()
    let writes = 0
    const counted = new Proxy(datastore, {
      get(target, name) {
        if (name === 'put' || name === 'batch') writes++
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      }
    })
    const gathered = gatheredWrites(counted, key => !key.toString().endsWith('/self'), clock)
    const keyOf = (n: number): Key => new Key(`${prefix}FILE/${n}`)
    for (let n = 0; n < 200; n++) await gathered.put(keyOf(n), Uint8Array.of(n))
    assert.equal(writes, 0)
    assert.ok(await gathered.has(keyOf(7)))
    assert.deepEqual([...(await gathered.get(keyOf(7)))], [7])
    assert.equal((await keysOf(datastore)).length, 0)
    await gathered.delete(keyOf(7))
    assert.equal((await keysOf(gathered as Records)).length, 199)
    assert.equal((await keysOf(datastore)).length, 199)
    assert.equal(writes, 1)
    for (let n = 200; n < 1_000; n++) await gathered.put(keyOf(n), Uint8Array.of(1))
    assert.ok(writes <= 5, `${String(writes)} writes`)
    await gathered.put(new Key(`${prefix}FILE/self`), Uint8Array.of(1))
    assert.ok(await datastore.has(new Key(`${prefix}FILE/self`)))
    await until(async () => {
      await clock.advance(100)
      return (await keysOf(datastore)).length === 1_000
    }, 'what was put is on disk')
    await datastore.close()
  })

  it('are written with the next when the disk failed once, and are not in the way when it fails on', async () => {
    const datastore = await openRecords()
    let failures = 1
    const failing = new Proxy(datastore, {
      get(target, name) {
        if (name === 'batch' && failures-- > 0) throw new Error('no space is left')
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      }
    })
    const gathered = gatheredWrites(failing, () => true, manualClock())
    const keyOf = (n: number): Key => new Key(`${prefix}FILE/${n}`)
    await gathered.put(keyOf(1), Uint8Array.of(1))
    await assert.rejects(keysOf(gathered as Records))
    assert.ok(await gathered.has(keyOf(1)))
    await gathered.put(keyOf(2), Uint8Array.of(2))
    assert.equal((await keysOf(gathered as Records)).length, 2)
    failures = 2
    await gathered.put(keyOf(3), Uint8Array.of(3))
    for (let i = 0; i < 2; i++) await assert.rejects(keysOf(gathered as Records))
    assert.ok(!(await gathered.has(keyOf(3))))
    await datastore.close()
  })

  it('are told of few, drawn anew each time, and of none that is forgotten', async () => {
    const datastore = await openRecords()
    const people = await Promise.all(Array.from({ length: 60 }, () => generateKeyPair('Ed25519')))
    const names = people.map(({ publicKey }) => publicKey.toString())
    for (const name of ['self', ...names]) await datastore.put(new Key(`${prefix}FILE/${name}`), Uint8Array.of(1))
    const gone = new Set(names.slice(0, 20))
    const peerStore = { has: async (peer: unknown) => !gone.has(String(peer)) }
    const told = toldProviders({ datastore, peerStore } as never, 'self', manualClock())
    const seen = new Set<string>()
    for (let i = 0; i < 40; i++) {
      let count = 0
      for await (const { key } of told.query({ prefix: `${prefix}FILE` })) {
        seen.add(key.name())
        count++
      }
      assert.ok(count <= dhtLimits.told)
    }
    assert.deepEqual(
      names.filter(name => seen.has(name)),
      names.filter(name => !gone.has(name))
    )
    assert.ok(seen.has('self'))
    assert.equal((await keysOf(told as Records)).length, 61)
    // Two who are there still are told each time, among however many that are gone, once these are seen to be.
    for (const name of names.slice(0, -2)) gone.add(name)
    const at = async (): Promise<string[]> => {
      const there: string[] = []
      for await (const { key } of told.query({ prefix: `${prefix}FILE` })) there.push(key.name())
      return there.toSorted()
    }
    for (let i = 0; i < 5; i++) assert.deepEqual(await at(), ['self', ...names.slice(-2)].toSorted())
    // Who says something anew is there at once.
    const [back] = names
    assert.ok(back)
    gone.delete(back)
    await told.put(new Key(`${prefix}FILE/${back}`), Uint8Array.of(2))
    assert.deepEqual(await at(), ['self', back, ...names.slice(-2)].toSorted())
    for (let n = 0; n < 300; n++) {
      const name = (await generateKeyPair('Ed25519')).publicKey.toString()
      gone.add(name)
      await datastore.put(new Key(`${prefix}FILE/${name}`), Uint8Array.of(1))
    }
    // No answer looks up more than so many.
    for (let i = 0; i <= 300 / (dhtLimits.lookedUp - 4); i++) await at()
    assert.deepEqual(await at(), ['self', back, ...names.slice(-2)].toSorted())
    await datastore.close()
  })
})
