import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bondTerms, carriesBond, requireAgreedTo, requireAsShown, requirePermit } from '../../../protocol/data/index.ts'
import { bondRule, datanetRules } from '../../../protocol/data/types.ts'

const windows = { revealSeconds: 600, voteSeconds: 3_600 }
const asking = { ...windows, bond: { amount: '5', seconds: 100 } }
const refused = (code: string) => (error: { code?: string }) => error.code === code

describe('the bond of a contribution', () => {
  it('is held through both windows and as long after them as the rules say', () => {
    assert.deepEqual(bondTerms(asking), { bond: 5n, bondSeconds: 4_300n })
    assert.deepEqual(bondTerms(windows), { bond: 0n, bondSeconds: 0n })
  })

  it('is carried by no less and for no shorter time than the rules ask', () => {
    assert.ok(carriesBond(windows, undefined))
    assert.ok(!carriesBond(asking, undefined))
    fc.assert(
      fc.property(fc.bigInt(0n, 10n), fc.bigInt(4_295n, 4_305n), (amount, lasts) => {
        assert.equal(carriesBond(asking, { amount, lasts }), amount >= 5n && lasts >= 4_300n)
      })
    )
  })

  it('is a whole number of the smallest unit, and none is not written', () => {
    for (const amount of ['0', '05', '-1', '1.5', '', '1e18', 5])
      assert.equal(bondRule.safeParse({ amount, seconds: 0 }).success, false, String(amount))
    assert.equal(datanetRules.shape.bond.safeParse(undefined).success, true)
    // The contract holds none for longer than sixty days: the longest rules fit.
    const longest = { revealSeconds: 7 * 86_400, voteSeconds: 7 * 86_400, bond: { amount: '1', seconds: 30 * 86_400 } }
    assert.ok(bondTerms(longest).bondSeconds <= 60n * 86_400n)
    assert.equal(bondRule.safeParse({ amount: '1', seconds: 30 * 86_400 + 1 }).success, false)
  })

  it('is signed for as the rules say that were shown, for no longer either', () => {
    requireAsShown(bondTerms(asking), asking)
    requireAsShown(bondTerms(windows), windows)
    for (const [terms, shown] of [
      [bondTerms(asking), windows],
      [{ bond: 5n, bondSeconds: 4_301n }, asking],
      [{ bond: 4n, bondSeconds: 4_300n }, asking]
    ] as const)
      assert.throws(() => {
        requireAsShown(terms, shown)
      }, refused('contribution.bond'))
  })

  it('is locked by nobody who has not said so much, and by no permit for something else', () => {
    const terms = bondTerms(asking)
    requireAgreedTo(terms, 5n)
    assert.throws(() => {
      requireAgreedTo(terms, 4n)
    }, refused('contribution.bond'))
    const [owner, spender, token] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`, `0x${'33'.repeat(20)}`] as const
    const message = { owner, spender, value: 5n, nonce: 0n, deadline: 9n }
    const contracts = { token, bonds: spender }
    requirePermit({ token, message }, terms, owner, contracts)
    requirePermit(undefined, terms, owner, contracts)
    for (const other of [
      { token: owner, message },
      { token, message: { ...message, spender: owner } },
      { token, message: { ...message, value: 6n } },
      { token, message: { ...message, owner: spender } }
    ])
      assert.throws(() => {
        requirePermit(other, terms, owner, contracts)
      }, refused('contribution.bond'))
  })
})
