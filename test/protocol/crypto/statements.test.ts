import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hashTypedData, recoverTypedDataAddress } from 'viem'
import {
  addressOfKey,
  digest,
  recoverDigest,
  requireSigner,
  signDigest,
  signStatement,
  signedSchema,
  signerOf,
  statements
} from '../../../protocol/crypto/index.ts'
import type { Message, Network, StatementType } from '../../../protocol/crypto/index.ts'
import { canonicalJson, fromHex, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const network: Network = { chainId: 31337, registry: '0x5fbdb2315678afecb367f032d93f642f64180aa3' }
const key = fromHex(`0x${'07'.repeat(32)}`)
const hexOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)
const arbitraryOf: Record<string, fc.Arbitrary<unknown>> = {
  address: hexOf(20),
  bytes32: hexOf(32),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  uint64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  uint256: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
  string: fc.string({ unit: 'binary', maxLength: 40 }),
  bool: fc.boolean()
}
const types = Object.keys(statements) as StatementType[]
const statement = fc.constantFrom(...types).chain(type =>
  fc
    .record(Object.fromEntries(statements[type].map(([name, kind]) => [name, arbitraryOf[kind]!])), {
      noNullPrototype: true
    })
    .map(message => ({ type, message: message as unknown as Message<StatementType> }))
)

describe('signed statements', () => {
  it('have the digest that viem computes', async () => {
    await fc.assert(
      fc.asyncProperty(statement, async ({ type, message }) => {
        const expected = hashTypedData({
          domain: { name: 'Tilth', version: '1', chainId: network.chainId, verifyingContract: network.registry },
          types: { [type]: statements[type].map(([name, kind]) => ({ name, type: kind })) },
          primaryType: type,
          message: message as Record<string, unknown>
        } as Parameters<typeof hashTypedData>[0])
        assert.equal(digest(network, type, message), expected)
      })
    )
  })

  it('recover their author, here and in viem, and nobody else on another network', async () => {
    const message = { channel: toHex(new Uint8Array(32).fill(3)), cumulative: 12n }
    const signed = signStatement(network, 'Voucher', message, key)
    assert.equal(signerOf(network, signed), addressOfKey(key))
    assert.notEqual(signerOf({ ...network, chainId: 1 }, signed), addressOfKey(key))
    const viemSays = await recoverTypedDataAddress({
      domain: { name: 'Tilth', version: '1', chainId: network.chainId, verifyingContract: network.registry },
      types: {
        Voucher: [
          { name: 'channel', type: 'bytes32' },
          { name: 'cumulative', type: 'uint256' }
        ]
      },
      primaryType: 'Voucher',
      message,
      signature: signed.signature
    })
    assert.equal(viemSays.toLowerCase(), addressOfKey(key))
    assert.throws(() => requireSigner(network, signed, `0x${'11'.repeat(20)}`), { code: 'signature.mismatch' })
  })

  it('survive the wire and refuse strange fields', () => {
    fc.assert(
      fc.property(statement, ({ type, message }) => {
        const signed = signStatement(network, type, message, key)
        const wire = JSON.parse(canonicalJson(signed)) as Record<string, unknown>
        assert.deepEqual(signedSchema(type).parse(wire), signed)
        assert.equal(signedSchema(type).safeParse({ ...wire, extra: 1 }).success, false)
      })
    )
  })

  it('are of the key that signed, also where another was put in its place', () => {
    const [one, two] = [Uint8Array.from(key), fromHex(`0x${'09'.repeat(32)}`)]
    const place = Uint8Array.from(one)
    const hash = toHex(Uint8Array.from({ length: 32 }, (_, i) => i))
    const first = signDigest(hash, place)
    assert.equal(recoverDigest(hash, first), addressOfKey(one))
    place.set(two)
    const second = signDigest(hash, place)
    assert.equal(recoverDigest(hash, second), addressOfKey(two))
    assert.equal(recoverDigest(hash, first), addressOfKey(one))
    // What is known of one signature is known of no other.
    const other = toHex(Uint8Array.from({ length: 32 }, (_, i) => i + 1))
    assert.notEqual(recoverDigest(other, second), addressOfKey(two))
  })

  it('never throw on bytes that are no signature', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 70 }), bytes => {
        const who = recoverDigest(`0x${'22'.repeat(32)}`, toHex(bytes))
        assert.ok(who === undefined || who.length === 42)
      })
    )
    const good = fromHex(signDigest(`0x${'22'.repeat(32)}`, key))
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const high = order - BigInt(toHex(good.subarray(32, 64)))
    const parity = good[64] === 27 ? '1c' : '1b'
    const flipped: Hex = `${toHex(good.subarray(0, 32))}${high.toString(16).padStart(64, '0')}${parity}`
    assert.equal(recoverDigest(`0x${'22'.repeat(32)}`, flipped), undefined)
  })
})
