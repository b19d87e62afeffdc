import assert from 'node:assert/strict'
import { reasonsOf, shareRule } from '../../../protocol/payouts/index.ts'
import { accountOf, channelsOf, epochFrom, model, network, receipt, receiptsOf, utilitiesOf } from './world.ts'

describe('why an epoch pays an account what it pays', () => {
  const receipts = receiptsOf([
    { sequence: 1n, fee: 10n ** 18n },
    { sequence: 2n, fee: 5n * 10n ** 17n, utilities: utilitiesOf([1000, 3000, 0, 500]) },
    { sequence: 3n, confidential: true },
    { sequence: 4n, utilities: null }
  ])
  const bundle = epochFrom({ receipts })
  const reasons = reasonsOf(network, bundle)
  const line = (name: string) => bundle.payouts.find(({ account }) => account === accountOf(name))!

  it('divides the money as the epoch does', () => {
    const heldOut = reasons.heldOut.get(model) ?? 0n
    assert.equal(reasons.weighed + reasons.scoring + heldOut, bundle.dataFees)
    assert.equal(reasons.scoring, line('scorer').scoringShare)
    assert.ok(heldOut > 0n)
    assert.equal(reasons.released, 0n)
    assert.deepEqual(reasons.answers, { weighed: 2, heldOut: 2, none: 0 })
  })

  it("tells an account's share down to its answers, to the last unit", () => {
    for (const name of ['foundation', 'late', 'copier', 'spammer', 'scorer']) {
      const { share, heldOutShare, value } = line(name)
      const answers = reasons.answersOf(accountOf(name), 0, 10)
      assert.equal(answers.length, 4)
      const sum = (of: (one: (typeof answers)[number]) => bigint): bigint =>
        answers.reduce((total, one) => total + of(one), 0n)
      assert.equal(
        sum(({ dataFee, weight }) => dataFee * (weight ?? 0n)),
        value
      )
      assert.equal(
        sum(({ money }) => money),
        share
      )
      assert.equal(
        sum(({ heldOut }) => heldOut),
        heldOutShare
      )
    }
  })

  it('tells what goes by held-out values without an answer: fees without a receipt, and what was held', () => {
    const silent = receipt({ client: 'silent', fee: 10n ** 12n })
    const channels = channelsOf([...receipts, silent])
    const first = epochFrom({ receipts, channels, donated: 1234n })
    const previous = { cid: 'one', bundle: first }
    const next = epochFrom({ epoch: 2, receipts: [], channels, previous })
    const told = reasonsOf(network, next)
    assert.deepEqual([told.weighed, told.heldOut.get(model), told.released], [0n, 3n * 10n ** 11n, 1234n])
    assert.equal(next.dataFees, 3n * 10n ** 11n + 1234n)
  })

  it('tells what waits of each answer, and what came of what earlier epochs had kept back', () => {
    const keeping = { share: 3_000, epochs: 1, seconds: 1_000_000 }
    const bundle = epochFrom({ receipts, keeping })
    const told = reasonsOf(network, bundle)
    const heldOut = told.heldOut.get(model) ?? 0n
    assert.equal(told.weighed + told.scoring + heldOut, bundle.dataFees)
    assert.deepEqual([told.keptBack, told.released, told.vested], [bundle.keptBack, 0n, 0n])
    let waits = 0n
    for (const { account, share } of bundle.payouts) {
      const answers = told.answersOf(account, 0, 10)
      waits += answers.reduce((sum, one) => sum + one.keptBack, 0n)
      assert.equal(
        answers.reduce((sum, { money }) => sum + money, 0n),
        share
      )
    }
    assert.equal(waits, bundle.keptBack)
    const next = epochFrom({
      epoch: 2,
      receipts: [],
      channels: channelsOf(receipts),
      keeping,
      previous: { cid: 'one', bundle }
    })
    const after = reasonsOf(network, next)
    assert.deepEqual([after.keptBack, after.vested, after.resettled, after.released], [0n, bundle.keptBack, 0n, 0n])
  })

  it('says what was measured with all rows, without those of one, and with none', () => {
    const [first] = reasons.answersOf(accountOf('foundation'), 0, 1)
    assert.deepEqual(first?.utilities, { full: 6200, without: 2200, empty: 1000 })
    assert.equal(first?.weight, 400_000n)
    const [gate] = reasons.gates(accountOf('late'))
    assert.deepEqual([gate?.questions, gate?.full, gate?.without, gate?.empty], [2, 12_400, 9400, 2000])
    assert.deepEqual([gate?.value, gate?.own, gate?.calibration], [300_000n, 300_000n, 1_000_000n])
    assert.equal(gate?.part, 272_727n)
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
    assert.equal(shareRule(line('scorer'), false), 'scoring')
    assert.equal(shareRule(line('copier'), false), 'gate')
    assert.equal(shareRule({ ...line('copier'), gate: null }, false), 'no-player')
    assert.equal(shareRule({ ...line('copier'), gate: 5n, value: -1n }, false), 'value')
    assert.equal(shareRule({ ...line('copier'), gate: 5n, value: 1n }, true), 'nobody')
  })
})
