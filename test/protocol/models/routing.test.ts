import assert from 'node:assert/strict'
import fc from 'fast-check'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Message } from '../../../protocol/crypto/index.ts'
import { bitsOf, checkOffer, liesIn, pacesOf, regionText, route, suits } from '../../../protocol/models/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { client, cosign, facts, network, now, offerMessage, worker, workerKey } from './world.ts'

const offer = (change: Partial<Message<'Offer'>>) => signStatement(network, 'Offer', offerMessage(change), workerKey)

describe('what an offer says of itself', () => {
  it('is a word of a short list, or nothing', () => {
    const check = (change: Partial<Message<'Offer'>>) => checkOffer(offer(change), { network, now })
    for (const region of ['', 'DE', 'XK', 'europe', 'north-america']) assert.equal(check({ region }).region, region)
    for (const region of ['de', 'Europe', 'ZZ', 'the moon', '__proto__', 'x'.repeat(200)])
      assert.throws(() => check({ region }), { code: 'offer.region' })
    for (const weights of ['', 'float32', 'int4']) assert.equal(check({ weights }).weights, weights)
    for (const weights of ['fp8', 'INT8', 'constructor'])
      assert.throws(() => check({ weights }), { code: 'offer.weights' })
  })
  it('is signed: another word is not its worker\u2019s', () => {
    const signed = offer({ region: 'DE', weights: 'float32' })
    const bent = { ...signed, message: { ...signed.message, region: 'FR' } }
    assert.throws(() => checkOffer(bent, { network, now }), { code: 'signature.mismatch' })
  })
})

describe('a route by region and weights', () => {
  it('takes a country in its coarse region, and not the other way round', () => {
    assert.ok(liesIn('DE', 'europe') && liesIn('DE', 'DE') && liesIn('europe', 'europe'))
    assert.ok(!liesIn('europe', 'DE') && !liesIn('DE', 'FR') && !liesIn('', 'europe'))
  })
  it('leads to nobody who says nothing of what was asked for, and to anybody where nothing was', () => {
    const said = fc.record({
      region: fc.constantFrom('', 'DE', 'US', 'europe'),
      weights: fc.constantFrom('', 'float32', 'float16', 'int8', 'int4')
    })
    const wished = fc.record(
      {
        regions: fc.array(fc.constantFrom('DE', 'europe', 'north-america'), { minLength: 1, maxLength: 3 }),
        weights: fc.array(fc.constantFrom('int8' as const, 'float32' as const), { minLength: 1, maxLength: 2 }),
        leastBits: fc.integer({ min: 1, max: 32 })
      },
      { requiredKeys: [] }
    )
    fc.assert(
      fc.property(said, wished, (of, asked) => {
        const way = route.parse(asked)
        const expected =
          (asked.regions === undefined || asked.regions.some(one => liesIn(of.region, one))) &&
          (asked.weights === undefined || asked.weights.some(one => one === of.weights)) &&
          (asked.leastBits === undefined || (bitsOf(of.weights) ?? 0) >= asked.leastBits)
        assert.equal(suits(way, of), expected)
        assert.ok(suits({}, of))
      })
    )
  })
  it('is one of the list', () => {
    for (const text of ['Mars', 'd', 'DEU', '']) assert.ok(!regionText.safeParse(text).success)
    assert.ok(!route.safeParse({ regions: [] }).success && !route.safeParse({ leastBits: 0 }).success)
  })
})

describe('a pace by receipts', () => {
  const receipt = (tokens: number, seconds: bigint): CosignedReceipt => {
    const one = cosign(facts({ answer: Array.from({ length: tokens }, () => 1) }))
    const { message } = one.receipt
    return { ...one, receipt: { ...one.receipt, message: { ...message, finishedAt: message.startedAt + seconds } } }
  }
  it('is all tokens over all seconds, and nothing where that is too little to say', () => {
    assert.deepEqual([...pacesOf([receipt(100, 2n), receipt(20, 0n), receipt(80, 8n)])], [[worker, 20]])
    assert.equal(pacesOf([receipt(100, 2n)]).size, 0)
    assert.equal(pacesOf([receipt(0, 100n)]).size, 0)
    assert.notEqual(client, worker)
  })
})
