import assert from 'node:assert/strict'
import { reasonsOf, shareRule } from '../../../protocol/payouts/index.ts'
import { accountOf, epochFrom, heldOut, measures, model, network, receipt, scoringsFor, utilitiesOf } from './world.ts'

describe('why an epoch pays an account what it pays', () => {
  const receipts = [
    receipt({ sequence: 1n }),
    receipt({ sequence: 2n, fee: 500n, utilities: utilitiesOf([1000, 3000, 0, 500]) }),
    receipt({ sequence: 3n, confidential: true }),
    receipt({ sequence: 4n, utilities: null })
  ]
  const bundle = epochFrom({
    epoch: 1,
    receipts,
    scorings: scoringsFor(receipts),
    measures,
    heldOut,
    deposited: 10n ** 18n,
    previous: undefined
  })
  const reasons = reasonsOf(network, bundle)
  const line = (name: string) => bundle.payouts.find(({ account }) => account === accountOf(name))!

  it('divides the money as the epoch does', () => {
    const heldOut = reasons.heldOut.get(model) ?? 0n
    assert.equal(reasons.weighed + heldOut, bundle.dataFees)
    assert.ok(heldOut > 0n)
    assert.deepEqual(reasons.answers, { weighed: 2, heldOut: 1, none: 1 })
  })

  it("tells an account's share down to its answers", () => {
    for (const name of ['foundation', 'late']) {
      const { share, heldOutShare, value } = line(name)
      const answers = reasons.answersOf(accountOf(name), 0, 10)
      assert.equal(answers.length, 4)
      assert.equal(
        answers.reduce((sum, { dataFee, weight }) => sum + dataFee * (weight ?? 0n), 0n),
        value
      )
      const parts = answers.reduce((sum, { money }) => sum + money, 0n)
      const rest = share - heldOutShare - parts
      assert.ok(rest >= 0n && rest < 4n, `${rest} of ${share} is told by no answer`)
      assert.equal((reasons.weighed * value) / reasons.values / 10n, (share - heldOutShare) / 10n)
    }
  })

  it('says what was measured with all rows, without those of one, and with none', () => {
    const [first] = reasons.answersOf(accountOf('foundation'), 0, 1)
    assert.deepEqual(first?.utilities, { full: 6200, without: 2200, empty: 1000 })
    assert.equal(first?.weight, 400_000n)
    const [gate] = reasons.gates(accountOf('late'))
    assert.deepEqual([gate?.questions, gate?.full, gate?.without, gate?.empty], [2, 12_400, 9400, 2000])
  })

  it('says nothing of an account that is no player, and of what nobody may see', () => {
    const answers = reasons.answersOf(accountOf('stranger'), 0, 10)
    assert.ok(answers.every(({ weight, utilities, money }) => weight === null && utilities === null && money === 0n))
    const hidden = reasons.answersOf(accountOf('foundation'), 2, 1)[0]
    assert.deepEqual([hidden?.division, hidden?.weight], ['held-out', null])
    assert.deepEqual(reasons.answersOf(accountOf('foundation'), 4, 10), [])
  })

  it('names the rule that paid, or did not', () => {
    assert.equal(shareRule(line('foundation'), false), 'paid')
    assert.equal(shareRule(line('copier'), false), 'gate')
    assert.equal(shareRule({ ...line('copier'), gate: null }, false), 'no-player')
    assert.equal(shareRule({ ...line('copier'), gate: 5n, value: -1n }, false), 'value')
    assert.equal(shareRule({ ...line('copier'), gate: 5n, value: 1n }, true), 'nobody')
  })
})
