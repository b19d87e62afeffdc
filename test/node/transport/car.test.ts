import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { unixfs } from '@helia/unixfs'
import { createLibp2p } from 'libp2p'
import { CarWriter } from '@ipld/car/writer'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { createHelia } from '../../../node/transport/blocks/helia.ts'
import { joinBytes } from '../../../protocol/primitives/index.ts'
import { startNode, stopNodes } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
async function all(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const out: Uint8Array[] = []
  for await (const part of parts) out.push(part)
  return joinBytes(out)
}

describe('transport: files as CARs, and with a plain Helia', function () {
  this.timeout(120_000)
  let author: TestNode
  const small = new TextEncoder().encode('a small file')
  const large = new Uint8Array(randomBytes(3_000_000))
  let cids: string[] = []
  before(async () => {
    author = await startNode()
    cids = [await author.files.addBytes(small), await author.files.addBytes(large)]
  })
  after(stopNodes)

  it('a CAR brings files to a node that has no peer', async () => {
    const car = await all(author.files.car([...cids, cids[0]!]))
    const alone = await startNode()
    assert.deepEqual(await alone.files.takeCar(one(car), car.length), [...cids, cids[0]])
    for (const [i, bytes] of [small, large].entries())
      assert.deepEqual(await alone.files.fetchBytes(cids[i]!, { maxBytes: 4_000_000 }), bytes)
    assert.ok(await alone.files.has(cids[1]!))
  })

  it('a CAR is refused that is none, is too large, or holds other blocks than it names', async () => {
    const take = (car: Uint8Array, maxBytes = car.length) => author.files.takeCar(one(car), maxBytes)
    const car = await all(author.files.car(cids.slice(0, 1)))
    await assert.rejects(take(car, car.length - 1), { code: 'files.too-large' })
    await assert.rejects(take(new TextEncoder().encode('no CAR at all')), { code: 'files.car' })
    await assert.rejects(take(car.slice(0, -1)), { code: 'files.car' })
    const bent = car.slice()
    bent[bent.length - 1]! ^= 1
    await assert.rejects(take(bent), { code: 'files.car' })
    const json = new TextEncoder().encode('{}')
    const cid = CID.createV1(0x0129, await sha256.digest(json))
    const { writer, out } = CarWriter.create([cid])
    const made = all(out)
    await writer.put({ cid, bytes: json })
    await writer.close()
    await assert.rejects(take(await made), { code: 'files.car' })
  })

  it('a plain Helia fetches what a node has, and a node what it has', async () => {
    const libp2p = await createLibp2p({
      privateKey: await generateKeyPair('secp256k1'), // of which an account can be made: others are not let in
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() }
    })
    const helia = await createHelia({}, libp2p)
    await helia.start()
    try {
      const [address] = author.peers.listening()
      await libp2p.dial(multiaddr(address!))
      const fs = unixfs(helia)
      assert.deepEqual(await all(fs.cat(CID.parse(cids[1]!))), large)
      const theirs = new Uint8Array(randomBytes(5_000))
      const cid = CID.createV1(raw.code, await sha256.digest(theirs))
      await helia.blockstore.put(cid, theirs)
      assert.deepEqual(await author.files.fetchBytes(cid.toString(), { maxBytes: 10_000 }), theirs)
    } finally {
      await helia.stop()
    }
  })
})
