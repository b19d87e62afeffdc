import assert from 'node:assert/strict'
import fc from 'fast-check'
import { epochBundle, payOfWord, reasonsOf, rebuild, receiptId, shareRule } from '../../../protocol/payouts/index.ts'
import type { EpochBundle, Scored } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelsOf,
  epochFrom,
  heldOutOf,
  measure,
  model,
  network,
  plans,
  receiptsOf,
  scored,
  utilitiesOf
} from './world.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
const panel = ['one', 'two', 'three', 'four'].map(accountOf)
const lineOf = (bundle: EpochBundle, name: string) => bundle.payouts.find(({ account }) => account === accountOf(name))
const paid = (bundle: EpochBundle, name: string): bigint => lineOf(bundle, name)?.scoringShare ?? 0n
const right = utilitiesOf([4000, 1500, 0, -300])
const off = utilitiesOf([4000, 1500, 0, 900])

/** What some scorers say of each answer, in the bundle's order. */
const saying = (receipts: readonly CosignedReceipt[], said: Readonly<Record<string, readonly number[]>>) =>
  new Map<Hex, Scored[]>(
    receipts.map(one => [
      receiptId(network, one),
      Object.entries(said)
        .map(([name, utilities]) => scored(one, [...utilities], name))
        .toSorted((a, b) => (a.scorer < b.scorer ? -1 : 1))
    ])
  )

describe('what scorers are paid', () => {
  const receipts = receiptsOf([
    { sequence: 1n, fee: 10n ** 9n },
    { sequence: 2n, fee: 333n }
  ])
  const epoch = (
    said: Readonly<Record<string, readonly number[]>>,
    more: Partial<Parameters<typeof epochFrom>[0]> = {}
  ) => epochFrom({ receipts, panel, scorings: saying(receipts, said), ...more })

  it('is two hundredths of an answer’s money for each word that counts, and the rest is the data’s', () => {
    const bundle = epoch({ one: right, two: right, three: right })
    const words = sum(bundle.data.map(payOfWord))
    assert.equal(payOfWord(10n ** 9n), 2n * 10n ** 7n)
    for (const name of ['one', 'two', 'three']) assert.equal(paid(bundle, name), words)
    assert.equal(sum(bundle.payouts.map(({ share }) => share)), sum(bundle.data))
    assert.equal(reasonsOf(network, bundle).scoring, 3n * words)
    assert.equal(shareRule(lineOf(bundle, 'one') ?? assert.fail(), false), 'scoring')
  })

  it('is nothing for who is off, or absent, and nobody gains by that but the answer’s data', () => {
    const all = epoch({ one: right, two: right, three: right })
    const short: Record<string, number[]>[] = [
      { one: right, two: right, three: off },
      { one: right, two: right }
    ]
    for (const said of short) {
      const bundle = epoch(said)
      assert.equal(paid(bundle, 'three'), 0n)
      for (const name of ['one', 'two']) assert.equal(paid(bundle, name), paid(all, name))
      assert.equal(sum(bundle.payouts.map(({ share }) => share)), sum(bundle.data))
    }
  })

  it('is nothing where most do not agree: nobody knows, and all of it is held', () => {
    const bundle = epoch({ one: right, two: off })
    assert.equal(bundle.held, sum(bundle.data))
    assert.ok(bundle.payouts.every(({ share }) => share === 0n))
  })

  it('is paid for honest work on a model that turns out to be worth nothing', () => {
    const worthless = new Map([[model, heldOutOf(measure, [utilitiesOf([-5, 0, 0, -300])])]])
    const bundle = epoch({ one: right }, { heldOut: worthless })
    const words = sum(bundle.data.map(payOfWord))
    assert.equal(paid(bundle, 'one'), words)
    assert.equal(bundle.held, sum(bundle.data) - words)
    assert.equal(reasonsOf(network, bundle).released, 0n)
  })

  it('is no more than three words’, and no answer pays for another’s', () => {
    fc.assert(
      fc.property(plans, fc.subarray(['one', 'two', 'three']), (plans, names) => {
        const list = receiptsOf(plans).filter(({ receipt }) => receipt.message.fee > 3n)
        const isSeen = ({ receipt: { message } }: CosignedReceipt) => !message.confidential && message.outputTokens > 0
        const seen = list.filter(isSeen)
        const bundle = epochFrom({
          receipts: list,
          panel,
          scorings: saying(seen, Object.fromEntries(names.map(name => [name, right])))
        })
        const own = bundle.data.filter((_, i) => isSeen(list[i] ?? assert.fail()))
        for (const name of names) assert.equal(paid(bundle, name), sum(own.map(payOfWord)))
        assert.ok(sum(bundle.payouts.map(line => line.scoringShare)) * 100n <= sum(own) * 6n)
        assert.equal(sum(bundle.payouts.map(({ share }) => share)) + bundle.held, sum(bundle.data))
        for (const { share, heldOutShare, scoringShare } of bundle.payouts)
          assert.ok(heldOutShare >= 0n && scoringShare >= 0n && heldOutShare + scoringShare <= share)
      }),
      { numRuns: 30 }
    )
  })

  it('goes on from epoch to epoch, and anybody finds the same from the bundle', () => {
    const first = epoch({ one: right, two: right })
    const next = receiptsOf([{ client: 'later', fee: 7000n }])
    const second = epochFrom({
      epoch: 2,
      receipts: next,
      channels: channelsOf([...receipts, ...next]),
      panel,
      scorings: saying(next, { two: right }),
      previous: { cid: 'one', bundle: first }
    })
    assert.equal(lineOf(second, 'one')?.scoringTotal, paid(first, 'one'))
    assert.equal(lineOf(second, 'two')?.scoringTotal, paid(first, 'two') + payOfWord(second.data[0] ?? 0n))
    assert.equal(paid(second, 'one'), 0n)
    const read = epochBundle.parse(JSON.parse(canonicalJson(first)))
    assert.equal(canonicalJson(rebuild(read, { network, previous: undefined })), canonicalJson(first))
  })
})
