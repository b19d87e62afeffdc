import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  drawCount,
  drawnMoney,
  drawRule,
  epochBundle,
  keptScorings,
  piecesOf,
  receiptId,
  rebuild,
  shareOut,
  standingOf
} from '../../../protocol/payouts/index.ts'
import type { Due, MeasuredModel } from '../../../protocol/payouts/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelsOf,
  epochFrom,
  measure,
  measures,
  model,
  network,
  players,
  receiptsOf,
  scored,
  scoringsFor,
  utilitiesOf
} from './world.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

/** Every draw that can come of so many pieces over so much money, in units in which nothing changes in between. */
function* draws(total: bigint, count: number, unit: bigint): Generator<bigint[]> {
  const most = Number(total / unit)
  for (let draw = 0; draw < most ** count; draw++)
    yield Array.from({ length: count }, (_, k) => BigInt(Math.floor(draw / most ** k) % most) * unit)
}
const take = (from: readonly bigint[]): (() => bigint) => {
  let at = 0
  return () => from[at++] ?? assert.fail()
}

describe('the draw of an epoch', () => {
  it('gives each answer what it brought, over all draws that can come', () => {
    const brought = fc.array(fc.bigInt(1n, 4n), { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(brought, fc.integer({ min: 1, max: 3 }), (units, count) => {
        // As many smallest units as pieces divide evenly: then nothing is rounded, and the mean is exact.
        const scale = 6n
        const money = units.map(unit => unit * scale)
        const [got, total] = [money.map(() => 0n), sum(money)]
        let all = 0n
        for (const drawn of draws(total, count, scale)) {
          const pieces = piecesOf(money, count, take(drawn))
          assert.equal(pieces.length, count)
          assert.equal(sum(pieces.map(piece => piece.money)), total)
          for (const piece of pieces) got[piece.answer] = (got[piece.answer] ?? 0n) + piece.money
          all++
        }
        assert.deepEqual(
          got,
          money.map(one => one * all)
        )
      }),
      { numRuns: 60 }
    )
  })

  it('pays everybody what weighing all would, on the mean, and a group at most what it paid in', () => {
    const signed = fc.bigInt(-1_000_000n, 1_000_000n)
    const weights = fc.record({
      players: fc.array(signed, { minLength: 4, maxLength: 4 }),
      others: signed
    })
    const answer = fc.record({ units: fc.bigInt(1n, 3n), weights })
    const some = fc.array(answer, { minLength: 1, maxLength: 2 })
    const truth = fc.array(signed, { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(some, some, truth, (organic, theirs, truth) => {
        const unit = 6n * 10n ** 9n
        const values = {
          questions: 1,
          truth,
          own: truth,
          gain: 1n,
          level: 1n,
          ...standingOf(
            truth,
            truth.map(one => one * 2n),
            truth.map(one => one * one)
          )
        }
        const models = new Map<`0x${string}`, MeasuredModel | null>([[model, { measure, values }]])
        const nothing = { money: 0n, by: [] }
        const dues = (answers: typeof organic): Due[] =>
          answers.map(({ units, weights }) => ({ model, money: units * unit, weights }))
        const sharesOf = (list: readonly Due[]): bigint[] =>
          [...shareOut(list, models, nothing).gains.values()].map(({ share }) => share)
        const everything = [...organic, ...theirs]
        const count = 2
        const mean: bigint[] = []
        let all = 0n
        for (const drawn of draws(sum(dues(everything).map(due => due.money)), count, unit)) {
          const list = dues(everything)
          const pieces = piecesOf(
            list.map(due => due.money),
            count,
            take(drawn)
          )
          const shares = sharesOf(
            pieces.map(piece => ({ ...(list[piece.answer] ?? assert.fail()), money: piece.money }))
          )
          shares.forEach((share, i) => {
            mean[i] = (mean[i] ?? 0n) + share
          })
          all++
        }
        const rounded = BigInt(count + everything.length)
        const near = (a: bigint, b: bigint): void => assert.ok(a - b <= rounded && b - a <= rounded, `${a} ${b}`)
        sharesOf(dues(everything)).forEach((share, i) => near((mean[i] ?? 0n) / all, share))
        // Whichever players are the group's, its receipts bring it no more than they cost.
        const alone = sharesOf(dues(organic))
        const cost = sum(dues(theirs).map(due => due.money))
        for (let group = 1; group < 16; group++) {
          const ofGroup = (shares: readonly bigint[]): bigint => sum(shares.filter((_, i) => (group >> i) & 1))
          const gain = ofGroup(mean.map(share => share / all)) - ofGroup(alone)
          assert.ok(gain <= cost + 4n * rounded, `the group gains ${gain} for ${cost}`)
        }
      }),
      { numRuns: 60 }
    )
  })

  const many = receiptsOf(
    Array.from({ length: drawRule.least + 16 }, (_, i) => ({
      sequence: BigInt(i + 1),
      fee: BigInt(1000 + 37 * i),
      confidential: i % 9 === 8,
      utilities: utilitiesOf(i % 2 === 0 ? [4000, 1500, 0, -300] : [0, 6000, 0, 0])
    }))
  )

  it('draws every answer where they are few, and then pays what weighing all of them pays', () => {
    const few = many.slice(0, drawRule.least)
    const seed = keccak('another seed')
    const drawn = epochFrom({ receipts: few, seed })
    assert.deepEqual(drawn, { ...epochFrom({ receipts: few }), seed })
    // Each by itself, as if it were alone.
    const alone = few.map(one => epochFrom({ receipts: [one], channels: channelsOf(few) }))
    for (const { account, share } of drawn.payouts)
      assert.equal(
        share,
        sum(alone.flatMap(({ payouts }) => payouts.filter(line => line.account === account).map(line => line.share)))
      )
  })

  it('weighs those that are drawn and no others; every unit is paid out, and anybody makes the same again', () => {
    const seed = keccak('seed')
    const whole = epochFrom({ receipts: many, seed })
    const money = drawnMoney(many, { data: whole.data, measured: measures, seed })
    const weighed = many.filter(({ receipt }) => !receipt.message.confidential).length
    assert.ok(weighed > drawRule.least && many.length > weighed)
    const left = many.filter((one, i) => !one.receipt.message.confidential && money[i]?.length === 0)
    assert.ok(left.length > 0)
    const words = scoringsFor(many)
    for (const one of left) words.delete(receiptId(network, one))
    const bundle = epochFrom({ receipts: many, seed, scorings: words })
    assert.equal(sum(bundle.payouts.map(({ share }) => share)), bundle.deposited)
    assert.deepEqual(bundle.payouts, whole.payouts)
    const text = epochBundle.parse(JSON.parse(canonicalJson(bundle)))
    assert.equal(canonicalJson(rebuild(text, { network, previous: undefined })), canonicalJson(bundle))
    // Another seed draws others.
    assert.notDeepEqual(drawnMoney(many, { data: whole.data, measured: measures, seed: keccak('other') }), money)
  })

  it('holds what nobody knows; what nobody may weigh goes by held-out values', () => {
    const receipts = receiptsOf([{ sequence: 1n }, { sequence: 2n }])
    const [first, second] = receipts.map(one => receiptId(network, one))
    const words = scoringsFor(receipts)
    const lie = scored(receipts[0]!, utilitiesOf([0, 9000, 0, 0]), 'liar')
    const disputed = new Map([...words, [first!, [...words.get(first!)!, lie]]])
    words.delete(second!)
    for (const scorings of [words, disputed]) {
      const bundle = epochFrom({ receipts, scorings })
      const [held = 0n, paid = 0n] = scorings === words ? bundle.data.toReversed() : bundle.data
      assert.equal(bundle.held, held)
      assert.equal(sum(bundle.payouts.map(({ share }) => share)), paid)
    }
    const nobody = epochFrom({ receipts, panel: [accountOf('client'), accountOf('builder'), ...players] })
    assert.equal(nobody.held, 0n)
    for (const { share, heldOutShare } of nobody.payouts) assert.equal(share, heldOutShare)
  })

  it('costs at most half a forward pass of one adapter for each answer, with 16 siblings', () => {
    const adapters = 16 + 1
    for (const answers of [8192, 12_000, 20_000]) {
      const passes = drawCount(answers) * keptScorings * adapters
      assert.ok(passes / answers <= 0.5, `${answers} answers: ${passes} passes`)
    }
    assert.equal(drawCount(8), 8)
  })
})
