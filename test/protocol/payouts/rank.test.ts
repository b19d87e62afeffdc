import assert from 'node:assert/strict'
import fc from 'fast-check'
import { byRank, isBorneOut, leastShare, rankInWords, rankOf, validatorRank } from '../../../protocol/payouts/index.ts'
import type { Offered } from '../../../protocol/payouts/index.ts'

const maxRows = fc.integer({ min: 1, max: 100_000 })
/** An upload: some rows, some taken, which add to answers or take from them. */
const upload = fc
  .record({
    rows: fc.integer({ min: 0, max: 5_000 }),
    taken: fc.nat({ max: 1_000 }),
    value: fc.bigInt({ min: -200_000n, max: 400_000n })
  })
  .map(({ rows, taken, value }) => ({ rows, taken: rows === 0 ? 0 : taken % (rows + 1), value }))
type Upload = { readonly rows: number; readonly taken: number; readonly value: bigint }

const account = (uploads: readonly Upload[]): Offered => ({
  rows: uploads.reduce((sum, { rows }) => sum + rows, 0),
  taken: uploads.reduce((sum, { taken }) => sum + taken, 0),
  value: uploads.reduce((sum, { value }) => sum + value, 0n)
})

describe('a rank', () => {
  it('is no higher in sum over however many accounts the same uploads are spread', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(upload, fc.nat({ max: 5 })), { minLength: 1, maxLength: 12 }),
        maxRows,
        (uploads, most) => {
          const whole = rankOf(account(uploads.map(([one]) => one)), most)
          let sum = 0n
          for (let to = 0; to <= 5; to++)
            sum += rankOf(account(uploads.filter(([, at]) => at === to).map(([one]) => one)), most)
          assert.ok(sum <= whole, `${sum} > ${whole}`)
        }
      ),
      { numRuns: 3_000 }
    )
  })

  it('is no higher for rows that are accepted and add nothing, whoever of the same people adds them', () => {
    fc.assert(
      fc.property(upload, fc.integer({ min: 1, max: 50_000 }), maxRows, (one, more, most) => {
        const useless = { rows: more, taken: more, value: 0n }
        const before = rankOf(account([one]), most)
        assert.equal(rankOf(account([one, useless]), most), before)
        assert.equal(before + rankOf(account([useless]), most), before)
      })
    )
  })

  it('falls with every row that is refused, rises with what rows are worth, and needs neither to be many', () => {
    fc.assert(
      fc.property(upload, fc.integer({ min: 1, max: 1_000 }), maxRows, (one, more, most) => {
        const before = rankOf(account([one]), most)
        assert.ok(rankOf(account([one, { rows: more, taken: 0, value: 0n }]), most) < before)
        assert.ok(rankOf(account([one, { rows: 0, taken: 0, value: BigInt(more) * 1_000n }]), most) >= before)
      })
    )
    const few = { rows: 20, taken: 20, value: 300_000n }
    const many = { rows: 40_000, taken: 40_000, value: 100_000n }
    assert.ok(rankOf(few, 10_000) > rankOf(many, 10_000))
  })

  it('orders what was not measured by how surely it is accepted, and says its own arithmetic', () => {
    const unmeasured = (name: string, rows: number, taken: number) => {
      const offered = { rows, taken, value: null }
      return { ...offered, account: name, rank: rankOf(offered, 100) }
    }
    const good = { rows: 5, taken: 5, value: 100_000n, account: 'good', rank: 0n }
    const list = [unmeasured('few', 3, 3), unmeasured('many', 30, 30), unmeasured('refused', 50, 30)]
    const ranked = [...list, { ...good, rank: rankOf(good, 100) }].sort(byRank).map(({ account }) => account)
    assert.deepEqual(ranked, ['good', 'many', 'few', 'refused'])
    assert.equal(rankInWords(good, 100), '10.00² ÷ (10.00 + 4) = 7.14')
    assert.equal(rankInWords({ rows: 50, taken: 30, value: null }, 100), '0 (not measured yet) − 10 × 20 ÷ 100 = -2.00')
    assert.equal(rankInWords({ rows: 4, taken: 4, value: -12_000n }, 100), '-1.20 = -1.20')
  })
})

describe('a bound of a share', () => {
  it('is what Wilson wrote, in whole numbers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(), (of, some) => {
        const good = some % (of + 1)
        const p = good / of
        const wilson = (p + 2 / of - 2 * Math.sqrt((p * (1 - p)) / of + 1 / of ** 2)) / (1 + 4 / of)
        const bound = Number(leastShare(good, of)) / 1e6
        assert.ok(Math.abs(bound - Math.max(0, wilson)) < 3e-6, `${bound} for ${wilson}`)
        assert.ok(bound <= p)
      })
    )
    assert.equal(leastShare(0, 0), 0n)
  })

  it('ranks validators by what bore their votes out: who is absent or votes twice gains nothing by it', () => {
    const steady = { borneOut: 18, refuted: 2, missed: 0, doubleVotes: 0 }
    const rank = validatorRank(steady)
    assert.ok(validatorRank({ ...steady, missed: 10 }) < rank)
    assert.ok(validatorRank({ ...steady, borneOut: 9, refuted: 1 }) < rank)
    assert.ok(validatorRank({ ...steady, borneOut: 2, refuted: 18 }) < rank)
    assert.equal(validatorRank({ ...steady, doubleVotes: 1 }), 0n)
    assert.equal(isBorneOut(true, 5n), true)
    assert.equal(isBorneOut(true, -5n), false)
    assert.equal(isBorneOut(false, -5n), true)
    assert.equal(isBorneOut(true, 0n), undefined)
    assert.equal(isBorneOut(false, null), undefined)
  })
})
