import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pointMultiply } from 'tiny-secp256k1'
import * as plain from '../../../client/browser/secp256k1.ts'
import {
  decrypt,
  encrypt,
  encryptedBytes,
  openSealed,
  sealTo,
  sealedBytes,
  sealingKey,
  sealingKeyOf,
  signStatement
} from '../../../protocol/crypto/index.ts'
import type { Network } from '../../../protocol/crypto/index.ts'
import { fromHex } from '../../../protocol/primitives/index.ts'

const network: Network = { chainId: 31337, registry: '0x5fbdb2315678afecb367f032d93f642f64180aa3' }
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const key = bytes(32).filter(it => it[0] !== 0xff && it.some(byte => byte !== 0))
const datanet = { host: `0x${'11'.repeat(20)}`, rules: `0x${'22'.repeat(32)}`, createdAt: 1n } as const
const invalid = { code: 'envelope.invalid' }

describe('envelopes', () => {
  it('open with the same key for the same purpose, and not when one bit is another', () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(24),
        fc.uint8Array({ maxLength: 200 }),
        fc.string(),
        fc.nat(),
        (secret, nonce, text, context, at) => {
          const sealed = encrypt(secret, nonce, text, context)
          assert.equal(sealed.length, text.length + encryptedBytes)
          assert.deepEqual(decrypt(secret, sealed, context), text)
          assert.throws(() => decrypt(secret, sealed, `${context}.`), invalid)
          sealed[at % sealed.length]! ^= 1 << (at % 8)
          assert.throws(() => decrypt(secret, sealed, context), invalid)
        }
      ),
      { numRuns: 200 }
    )
  })

  it('sealed to an account open with its key alone, for the same purpose, unchanged', () => {
    fc.assert(
      fc.property(key, key, key, fc.uint8Array({ maxLength: 100 }), fc.nat(), (mine, once, other, text, at) => {
        const sealed = sealTo(sealingKey(mine), once, text, 'a')
        assert.equal(sealed.length, text.length + sealedBytes)
        assert.deepEqual(openSealed(mine, sealed, 'a'), text)
        assert.throws(() => openSealed(mine, sealed, 'b'), invalid)
        if (Buffer.compare(mine, other) !== 0) assert.throws(() => openSealed(other, sealed, 'a'), invalid)
        sealed[at % sealed.length]! ^= 1 << (at % 8)
        assert.throws(() => openSealed(mine, sealed, 'a'), invalid)
      }),
      { numRuns: 40 }
    )
  })

  it('are refused by name when they are too short, and so are keys that are none', () => {
    const mine = new Uint8Array(32).fill(7)
    for (const length of [0, 1, encryptedBytes - 1])
      assert.throws(() => decrypt(mine, new Uint8Array(length), 'a'), invalid)
    for (const length of [0, 33, sealedBytes - 1, sealedBytes])
      assert.throws(() => openSealed(mine, new Uint8Array(length), 'a'), invalid)
    assert.throws(() => sealingKey(new Uint8Array(32)), { code: 'key.invalid' })
    assert.throws(() => sealTo(new Uint8Array(33), mine, mine, 'a'), { code: 'key.invalid' })
  })

  it('can be sealed to whoever signed something', () => {
    fc.assert(
      fc.property(key, mine => {
        const signed = signStatement(network, 'Datanet', datanet, mine)
        assert.deepEqual(sealingKeyOf(network, signed), sealingKey(mine))
      }),
      { numRuns: 20 }
    )
    const forged = { type: 'Datanet', message: datanet, signature: `0x${'00'.repeat(65)}` } as const
    assert.equal(sealingKeyOf(network, forged), undefined)
  })

  it('share the same point in a browser', () => {
    fc.assert(
      fc.property(key, key, (mine, theirs) => {
        assert.deepEqual(plain.pointMultiply(sealingKey(theirs), mine), pointMultiply(sealingKey(theirs), mine, true))
      }),
      { numRuns: 20 }
    )
    assert.throws(() => plain.pointMultiply(fromHex(`0x02${'ff'.repeat(32)}`), new Uint8Array(32).fill(7)))
  })
})
