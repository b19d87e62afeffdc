import assert from 'node:assert/strict'
import { exhaustivePlayers } from '../../../protocol/jobs/index.ts'
import fc from 'fast-check'
import {
  agreesHeldOut,
  calibrationUnit,
  checkHeldOut,
  checkMeasured,
  divideAnswer,
  heldOutValues,
  measureOf,
  mostCredited,
  standingOf,
  weightsOf
} from '../../../protocol/payouts/index.ts'
import { InvalidError, keccak } from '../../../protocol/primitives/index.ts'
import { accountOf, heldOutOf, measure, measuredOf, utilitiesOf } from './world.ts'

const utilities = fc.array(fc.nat(10_000), { minLength: 16, maxLength: 16 })
const refusedAs = (code: string) => (error: unknown) => error instanceof InvalidError && error.code === code

describe('what held-out questions say of a model', () => {
  it('believes a player as far as the true answers bear out its own answers', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(utilities, utilities), { maxLength: 5 }), pairs => {
        const document = heldOutOf(
          measure,
          pairs.map(([truth]) => truth),
          pairs.map(([, own]) => own)
        )
        const { truth, own, calibration, positive, total } = heldOutValues(document, measure)
        const weights = (list: readonly (readonly number[])[]) =>
          list.map(one => weightsOf(measure, measuredOf(measure, one)).players)
        measure.players.forEach((_, i) => {
          assert.equal(
            truth[i],
            weights(pairs.map(([one]) => one)).reduce((sum, one) => sum + (one[i] ?? 0n), 0n)
          )
          assert.equal(
            own[i],
            weights(pairs.map(([, one]) => one)).reduce((sum, one) => sum + ((one[i] ?? 0n) > 0n ? one[i]! : 0n), 0n)
          )
          const [worth, cal, claimed] = [positive[i] ?? 0n, calibration[i] ?? 0n, own[i] ?? 0n]
          assert.equal(worth, (truth[i] ?? 0n) > 0n ? truth[i] : 0n)
          assert.ok(cal >= 0n && cal <= calibrationUnit)
          // cal·O ≤ H, as near as its unit allows.
          if (claimed > worth)
            assert.ok(cal * claimed <= worth * calibrationUnit && (cal + 1n) * claimed > worth * calibrationUnit)
          else assert.equal(cal, worth > 0n ? calibrationUnit : 0n)
        })
        assert.equal(
          total,
          positive.reduce((sum, value) => sum + value, 0n)
        )
      })
    )
  })

  it('believes nobody whose rows make true answers no better, however much its own answers owe to them', () => {
    assert.deepEqual(standingOf([5n, 0n, -7n, 10n], [10n, 0n, 3n, 0n], [4n, 3n, 2n, 1n]), {
      calibration: [calibrationUnit / 2n, 0n, 0n, calibrationUnit],
      most: [4n, 3n, 2n, 1n],
      positive: [5n, 0n, 0n, 10n],
      total: 15n
    })
  })

  it('counts of an answer no more than twice what rows were seen to add to one, however much it owes to them', () => {
    const million = 1_000_000n
    assert.deepEqual(
      [[], [0n, 0n], [900_000n, 900_000n], [900_000n, 0n, 0n, 0n], [100_000n, 100_000n, -300_000n]].map(mostCredited),
      [0n, 0n, 1_800_000n, 1_800_000n, 0n]
    )
    fc.assert(
      fc.property(fc.array(fc.bigInt(-million, million), { maxLength: 9 }), weights => {
        const most = mostCredited(weights)
        const highest = weights.reduce((a, b) => (b > a ? b : a), 0n)
        assert.ok(most >= 0n && most <= 2n * highest)
        // Whoever adds less to true answers is believed in no more.
        assert.ok(mostCredited([...weights, -million]) <= most)
        assert.equal(mostCredited([...weights, 0n, 0n]), most)
      })
    )
  })

  it('believes little of who adds a little to every true answer and says something that is its own alone', () => {
    // The last player's rows teach how answers look: a tenth of each. An answer is wrong, and all its.
    const [foundation, teacher] = [0, 3]
    const document = heldOutOf(
      measure,
      [utilitiesOf([7000, 0, 0, 1000]), utilitiesOf([7000, 0, 0, 1000])],
      [utilitiesOf([7000, 0, 0, 1000]), utilitiesOf([7000, 0, 0, 1000])]
    )
    const values = heldOutValues(document, measure)
    assert.equal(values.calibration[teacher], calibrationUnit)
    const wrong = weightsOf(measure, measuredOf(measure, utilitiesOf([0, 0, 0, 8000])))
    const parts = divideAnswer(1_000_000n, wrong, values)
    // A quarter is its own, and an eighth of the rest.
    assert.equal(parts?.[teacher]?.share, 343_750n)
    assert.equal(parts?.[foundation]?.share, 656_250n)
  })

  it('is of its model, and each text of it is measured under all coalitions with candidates that can be', () => {
    const typical = utilitiesOf([4000, 1500, 0, -300])
    const document = heldOutOf(measure, [typical])
    checkHeldOut(document, measure)
    assert.throws(() => checkHeldOut({ ...document, model: keccak('other') }, measure), refusedAs('held-out.model'))
    const measured = measuredOf(measure, typical)
    const many = measureOf({
      ...measure,
      players: Array.from({ length: exhaustivePlayers + 2 }, (_, i) => accountOf(`player ${i}`)),
      coalitions: ['0', '1', '254', '255']
    })
    const four = { utilities: [1, 2, 3, 4] }
    checkMeasured({ ...four, candidates: [0, 7] }, many)
    checkMeasured({ ...four, candidates: [] }, many)
    for (const candidates of [[1, 0], [2, 2], [8], [-1]])
      assert.throws(() => checkMeasured({ ...four, candidates }, many), refusedAs('candidates.players'))
    // Of few players each is one.
    assert.throws(() => checkMeasured({ ...measured, candidates: [0, 1, 2] }, measure), refusedAs('candidates.players'))
    assert.throws(() => checkMeasured({ ...measured, utilities: [1] }, measure), refusedAs('utilities.count'))
  })

  it('agrees between machines up to one unit of rounding of each utility', () => {
    const off = (by: number) =>
      heldOutOf(measure, [utilitiesOf([4000, 1500, 0, 0]).map((u, k) => (k === 3 ? u + by : u))])
    assert.deepEqual(
      [0, 1, 2].map(by => agreesHeldOut(off(0), off(by))),
      [true, true, false]
    )
    assert.ok(!agreesHeldOut(off(0), { ...off(0), questions: [] }))
  })
})
