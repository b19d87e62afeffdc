import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { rangeOf } from '../../../node/transport/addresses.ts'
import { readRequest } from '../../../node/transport/host/dht/requests.ts'
// What the library reads messages by, which it keeps to itself.
import { Message } from '../../../node_modules/@libp2p/kad-dht/dist/src/message/dht.js'
import { field, join } from '../../harness/protobuf.ts'

const cid = CID.createV1(raw.code, Digest.create(0x12, new Uint8Array(createHash('sha256').update('file').digest())))
const [self, other] = [new Uint8Array(39).fill(1), new Uint8Array(39).fill(2)]
const address = multiaddr('/ip4/192.0.2.1/tcp/4001').bytes
const provider = (id: Uint8Array, ...addresses: Uint8Array[]): Uint8Array =>
  field(9, join(field(1, id), ...addresses.map(one => field(2, one))))

describe('what others ask of the DHT', () => {
  it('is that they have something themselves, and where; what they say of others makes no key', () => {
    const said = join(field(1, 2), field(2, cid.bytes), provider(other, address), provider(self, address))
    const request = readRequest(said, self)
    assert.ok(request?.kind === 'provided')
    assert.deepEqual([request.multihash, request.addresses], [cid.multihash.bytes, [address]])
    for (const nobody of [provider(other, address), provider(self), new Uint8Array()])
      assert.deepEqual(readRequest(join(field(1, 2), field(2, cid.bytes), nobody), self), { kind: 'nothing' })
    assert.equal(
      readRequest(join(field(1, 2), field(2, Uint8Array.of(9, 9)), provider(self, address)), self),
      undefined
    )
  })

  it('is a question without peers, records and what else answers have; names by the thousand are no request', () => {
    const asked = join(field(1, 4), field(2, self), field(10, 0))
    const more = join(field(8, join(field(1, other), field(2, address))), field(3, other), field(7, 1))
    const question = { kind: 'question', message: join(field(1, 4), field(2, self)) }
    assert.deepEqual(readRequest(join(asked, more), self), question)
    const names = Array.from({ length: 1_600 }, () => provider(other, address))
    for (const kind of [2, 3, 4]) {
      const said = join(field(1, kind), field(2, cid.bytes), ...names)
      assert.equal(readRequest(said, self), undefined)
    }
    assert.equal(readRequest(join(field(1, 4), field(2, new Uint8Array(1_000))), self), undefined)
  })

  it('is a value to keep where it says nothing else', () => {
    assert.deepEqual(readRequest(join(field(1, 0), field(2, self), field(3, other)), self), { kind: 'value' })
    assert.deepEqual(readRequest(field(2, self), self), { kind: 'value' })
  })

  it('is for the library, whatever bytes it was made of, a question of that kind without what answers have', () => {
    const text = fc.uint8Array({ maxLength: 40 })
    // Fields of any number and type: what one decoder skips, another reads.
    const one = fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 16 }), text).map(([number, bytes]) => field(number, bytes)),
      fc.tuple(fc.integer({ min: 1, max: 16 }), fc.nat(9)).map(([number, value]) => field(number, value))
    )
    const within = fc.array(one, { maxLength: 6 }).map(parts => join(...parts))
    const nested = fc.oneof(
      one,
      fc.tuple(fc.constantFrom(1, 2, 10, 15), within).map(([n, bytes]) => field(n, bytes))
    )
    const any = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(nested, { maxLength: 8 }).map(parts => join(...parts))
    )
    fc.assert(
      fc.property(any, fc.constantFrom(1, 2, 3, 4, 5, 6), fc.boolean(), (bytes, kind, first) => {
        const request = readRequest(first ? join(field(1, kind), bytes) : join(bytes, field(1, kind)), self)
        if (request?.kind !== 'question') return
        const { type, closer, providers, record } = Message.decode(request.message)
        assert.deepEqual([closer, providers, record], [[], [], undefined])
        assert.ok(['GET_VALUE', 'GET_PROVIDERS', 'FIND_NODE', 'PING'].includes(type))
      }),
      { numRuns: 3_000 }
    )
  })

  it('is nothing where a field is of another type than the library reads: it would find others within', () => {
    // Skipped by its length, or read as the number 4 and what follows: that somebody has something, of a thousand.
    const names = join(...Array.from({ length: 1_000 }, () => provider(other, address)))
    const swallow = Uint8Array.of(0x7a, 0x08)
    const inner = join(field(1, 2), field(2, cid.bytes), names, swallow)
    const crafted = join(field(1, join(field(9, field(1, 4)), inner)), field(2, self), field(1, 4))
    assert.equal(readRequest(crafted, self), undefined)
    for (const strange of [field(1, Uint8Array.of(4)), field(10, Uint8Array.of(0)), field(2, 4)])
      for (const said of [join(strange, field(1, 4), field(2, self)), join(field(1, 4), field(2, self), strange)])
        assert.equal(readRequest(said, self), undefined)
    assert.equal(readRequest(join(field(1, 6), field(2, self)), self), undefined)
  })

  it('is read from any bytes without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, within) => {
        readRequest(within ? join(field(1, 2), field(2, cid.bytes), field(9, bytes)) : bytes, self)
      }),
      { numRuns: 2_000 }
    )
  })
})

describe('the network that an address is in', () => {
  for (const [text, range] of [
    ['/ip4/192.0.2.7/tcp/1', '192.0.2'],
    ['/ip6/2001:db8:1:2::7/tcp/1', '2001:db8:1'],
    ['/ip6/2001:db8::7/tcp/1', '2001:db8:0'],
    ['/ip6/::1/tcp/1', '0:0:0'],
    ['/dns4/relay.example.org/tcp/1', 'relay.example.org']
  ] as const)
    it(`of ${text} is ${range}`, () => {
      assert.equal(rangeOf(multiaddr(text)), range)
    })
})
