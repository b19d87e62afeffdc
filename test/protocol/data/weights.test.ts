import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cappedWeights, checkWeights, seatsFor, unitsOf } from '../../../protocol/data/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'

const unit = fc.integer({ min: 1_000, max: 1_000_000_000 })
const stakes = fc.array(unit, { minLength: 1, maxLength: 100 })
const cap = fc.integer({ min: 1, max: 10_000 })
const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)

describe('weights by stake under a cap', () => {
  it('are whole numbers, none above the cap where there are seats enough to keep it, none above the stake', () => {
    fc.assert(
      fc.property(stakes, cap, (units, most) => {
        const weights = cappedWeights(units, most)
        const total = sum(weights)
        for (const [i, weight] of weights.entries()) {
          assert.ok(Number.isInteger(weight) && weight > 0 && weight <= (units[i] ?? 0))
          if (units.length * most >= 10_000) assert.ok(weight * 10_000 <= most * total)
        }
        // Too few seats for the cap: one each.
        if (units.length * most < 10_000) assert.deepEqual(new Set(weights), new Set([1]))
        assert.ok(total * 3 * 10_000 < Number.MAX_SAFE_INTEGER)
      })
    )
  })

  it('grow with the stake, and take nothing from who has more', () => {
    fc.assert(
      fc.property(stakes, cap, fc.nat(), unit, (units, most, at, more) => {
        const i = at % units.length
        const after = units.map((one, k) => (k === i ? Math.min(1_000_000_000, one + more) : one))
        const [was, is] = [cappedWeights(units, most), cappedWeights(after, most)]
        assert.ok((is[i] ?? 0) >= (was[i] ?? 0))
        for (const [a, x] of units.entries())
          for (const [b, y] of units.entries()) if (x >= y) assert.ok((was[a] ?? 0) >= (was[b] ?? 0))
      }),
      { numRuns: 50 }
    )
  })

  it('give who divides a stake over seats no more than all of it weighs without a cap', () => {
    fc.assert(
      fc.property(stakes, cap, fc.integer({ min: 2, max: 8 }), (others, most, parts) => {
        const whole = 8_000_000
        const divided = Array.from({ length: parts }, () => Math.floor(whole / parts))
        const weights = cappedWeights([...divided, ...others], most)
        assert.ok(sum(weights.slice(0, parts)) <= whole)
      })
    )
  })

  it('count nothing below the least stake, and the same stake the same', () => {
    assert.deepEqual(
      [0n, 99n, 100n, 150n, 10n ** 30n].map(staked => unitsOf(staked, 100n)),
      [0, 0, 1_000, 1_500, 1_000_000_000]
    )
    assert.deepEqual(cappedWeights([0, 0], 3_400), [0, 0])
    assert.deepEqual(cappedWeights([100_000, 1_000, 1_000, 1_000], 3_400), [1_545, 1_000, 1_000, 1_000])
  })

  it('are said to the chain by one number for all seats, and named by nobody', () => {
    const [a, b] = ['a', 'b'].map(name => addressOfKey(fromHex(keccak(name))))
    const validators = [a, b].map(address => ({ address: address as `0x${string}`, weight: 1 }))
    const by = { by: 'stake', cap: 3_400 } as const
    assert.deepEqual(
      new Set(seatsFor({ weights: by }, validators).map(({ weight }) => weight)),
      new Set([(1n << 95n) + 3_400n])
    )
    assert.deepEqual(
      seatsFor({}, validators).map(({ weight }) => weight),
      [1n, 1n]
    )
    checkWeights({ weights: by, validators })
    const named = validators.map(one => ({ ...one, weight: 2 }))
    assert.throws(() => checkWeights({ weights: by, validators: named }), { code: 'rules.weights' })
  })
})
