import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  UploadCount,
  allowanceIn,
  checkAllowance,
  checkContribution,
  uploadEpoch
} from '../../../protocol/data/index.ts'
import type { PastUpload, UploadLimits } from '../../../protocol/data/index.ts'
import { addressOf, inputOf, jsonl, rules } from './make.ts'

const limits: UploadLimits = { epochBlocks: 100, rows: 50, bytes: 5_000, mostRows: 200, newcomerRows: 120 }
const people = ['ann', 'bob', 'cleo', 'dora', 'ella'].map(addressOf)
const [ann, bob] = people as [`0x${string}`, `0x${string}`]
const past = (changes: Partial<PastUpload>): PastUpload => ({
  contributor: ann,
  epoch: 0,
  rows: 10,
  bytes: 100,
  fate: 'accepted',
  own: 10,
  ...changes
})

/** What a quorum that keeps to the rule takes of what is brought, in order. */
function accepted(offers: readonly Omit<PastUpload, 'fate'>[], isGood: (at: number) => boolean): PastUpload[] {
  const count = new UploadCount(limits)
  const taken: PastUpload[] = []
  for (const [at, offer] of offers.entries()) {
    const { code } = count.judge(offer)
    const decided = { ...offer, fate: code === 'ok' && isGood(at) ? 'accepted' : 'rejected' } as const
    count.add(decided)
    if (decided.fate === 'accepted') taken.push(decided)
  }
  return taken
}
const offersOf = fc
  .array(
    fc.record({
      contributor: fc.constantFrom(...people),
      step: fc.constantFrom(0, 0, 0, 1),
      rows: fc.integer({ min: 1, max: 60 }),
      kept: fc.integer({ min: 0, max: 60 })
    }),
    { maxLength: 60 }
  )
  .map(list => {
    let epoch = 0
    return list.map(({ contributor, step, rows, kept }) => {
      epoch += step
      return { contributor, epoch, rows, bytes: rows * 10, own: Math.min(rows, kept) }
    })
  })

describe('data: what an account may bring', () => {
  it('grows with accepted rows up to a bound, and shrinks with rejections, by the published formula', () => {
    const of = (accepted: number, rejected: number) => allowanceIn(limits, { accepted, rejected })
    assert.deepEqual(of(0, 0), { rows: 50, bytes: 5_000, backed: 0 })
    assert.deepEqual(of(70, 0), { rows: 120, bytes: 12_000, backed: 70 })
    assert.deepEqual(of(1_000, 0), { rows: 200, bytes: 20_000, backed: 200 })
    assert.deepEqual(of(70, 1), { rows: 60, bytes: 6_000, backed: 35 })
    assert.deepEqual(of(0, 400), { rows: 1, bytes: 100, backed: 0 })
    fc.assert(
      fc.property(fc.nat(500), fc.nat(20), (accepted, rejected) => {
        assert.ok(of(accepted + 1, rejected).rows >= of(accepted, rejected).rows)
        assert.ok(of(accepted, rejected + 1).rows <= of(accepted, rejected).rows)
        assert.ok(of(accepted, rejected).backed <= of(accepted, rejected).rows)
      })
    )
  })

  it('is counted by epochs of blocks, in rows and in bytes', () => {
    assert.deepEqual(
      [99n, 100n, 199n, 200n].map(block => uploadEpoch(limits, block)),
      [0, 1, 1, 2]
    )
    const count = new UploadCount(limits)
    count.add(past({ rows: 30, own: 30 }))
    assert.equal(count.judge({ contributor: ann, epoch: 0, rows: 20, bytes: 100 }).code, 'ok')
    assert.equal(count.judge({ contributor: ann, epoch: 0, rows: 21, bytes: 100 }).code, 'over-allowance')
    assert.equal(count.judge({ contributor: ann, epoch: 0, rows: 1, bytes: 4_901 }).code, 'over-allowance')
    assert.equal(count.judge({ contributor: ann, epoch: 1, rows: 80, bytes: 100 }).code, 'ok')
  })

  it('what a quorum refused costs its author in the same epoch, and nobody else', () => {
    const count = new UploadCount(limits)
    count.add(past({ rows: 50, own: 0, fate: 'rejected' }))
    assert.equal(count.judge({ contributor: ann, epoch: 0, rows: 1, bytes: 1 }).code, 'over-allowance')
    assert.equal(count.judge({ contributor: bob, epoch: 0, rows: 50, bytes: 1 }).code, 'ok')
    assert.equal(count.judge({ contributor: ann, epoch: 1, rows: 26, bytes: 1 }).code, 'over-allowance')
  })

  it('any number of fresh accounts together brings no more than the pool', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 }), files => {
        const offers = files.map((rows, i) => ({
          contributor: addressOf(`fresh ${i}`),
          epoch: 3,
          rows,
          bytes: rows,
          own: rows
        }))
        const rows = accepted(offers, () => true).reduce((sum, one) => sum + one.rows, 0)
        assert.ok(rows <= limits.newcomerRows)
      }),
      { numRuns: 50 }
    )
  })

  it('an epoch takes no more than the pool and what earlier ones accepted, however uploads are split', () => {
    fc.assert(
      fc.property(offersOf, fc.func(fc.boolean()), (offers, isGood) => {
        const taken = accepted(offers, isGood)
        for (const epoch of new Set(taken.map(one => one.epoch))) {
          const rows = taken.filter(one => one.epoch === epoch).reduce((sum, one) => sum + one.rows, 0)
          const before = taken.filter(one => one.epoch < epoch).reduce((sum, one) => sum + one.own, 0)
          assert.ok(rows <= limits.newcomerRows + before)
          for (const contributor of people) {
            const own = taken.filter(one => one.epoch === epoch && one.contributor === contributor)
            assert.ok(own.reduce((sum, one) => sum + one.rows, 0) <= limits.mostRows)
          }
        }
      }),
      { numRuns: 200 }
    )
  })

  it('is what the check of a contribution asks first, by what its reveal says', () => {
    const shard = jsonl([
      ['What is lead?', 'A metal'],
      ['What is zinc?', 'A metal too']
    ])
    const strict = { ...rules, uploads: { ...limits, newcomerRows: 3 } }
    const context = (...past: PastUpload[]) => ({ contributor: ann, epoch: 0, past })
    const reasonWith = (...before: PastUpload[]): string | undefined =>
      checkContribution(inputOf('ann', shard, { rules: strict, context: context(...before) })).reason
    assert.equal(reasonWith(past({ contributor: bob, rows: 1, own: 1 })), undefined)
    assert.equal(reasonWith(past({ contributor: bob, rows: 2, own: 2 })), 'newcomers-full')
    assert.equal(reasonWith(past({ rows: 49, fate: 'rejected' })), 'over-allowance')
    // Without limits by epoch only the number of contributions is asked.
    assert.equal(checkContribution(inputOf('ann', shard, { context: context(past({ rows: 900 })) })).reason, undefined)
    assert.equal(
      checkAllowance(rules, rules.uploadsPerContributor, undefined, { rows: 1, bytes: 1 }).code,
      'over-allowance'
    )
    const unavailable = checkContribution(inputOf('ann', shard, { shard: 'unavailable' }))
    assert.deepEqual([unavailable.accept, unavailable.reason], [false, 'unavailable'])
  })
})
