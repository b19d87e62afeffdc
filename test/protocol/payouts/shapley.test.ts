import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { divide, largestRemainder, weightMatrix, weightsOver } from '../../../protocol/payouts/index.ts'

const all = (players: number): bigint[] => Array.from({ length: 2 ** players }, (_, mask) => BigInt(mask))
const sizeOf = (mask: bigint): number => mask.toString(2).replaceAll('0', '').length
const utilities = (count: number) => fc.array(fc.nat(10_000), { minLength: count, maxLength: count })
const game = fc
  .integer({ min: 1, max: 6 })
  .chain(players => fc.record({ players: fc.constant(players), u: utilities(2 ** players) }))
const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

/** Shapley by its definition: the mean over all orders of what a player adds when it comes, in floating point. */
function byOrders(players: number, u: readonly number[]): number[] {
  const value = Array.from({ length: players }, () => 0)
  let orders = 0
  const walk = (mask: number, before: number[]): void => {
    if (before.length === players) {
      orders++
      let at = 0
      for (const i of before) {
        value[i] = (value[i] ?? 0) + (u[at | (1 << i)] ?? 0) - (u[at] ?? 0)
        at |= 1 << i
      }
      return
    }
    for (let i = 0; i < players; i++) if ((mask & (1 << i)) === 0) walk(mask | (1 << i), [...before, i])
  }
  walk(0, [])
  return value.map(total => (total / orders) * 100)
}

/** φ of every player where all coalitions are measured, in the order of their masks. */
const exact = (players: number, u: readonly number[], coalitions = all(players)): readonly bigint[] => {
  const everybody = Array.from({ length: players }, (_, i) => i)
  const { players: phi, others } = weightsOver(weightMatrix(players, coalitions), {
    utilities: [...u],
    candidates: everybody
  })
  assert.equal(others, 0n)
  return phi
}

describe('weights of contributors', () => {
  it('are Shapley values when every coalition is measured', () => {
    fc.assert(
      fc.property(game, ({ players, u }) => {
        const phi = exact(players, u)
        byOrders(players, u).forEach((value, i) => {
          assert.ok(Math.abs(Number(phi[i]) - value) <= 1 + 1e-6, `${phi.join()} for ${value}`)
        })
      }),
      { numRuns: 60 }
    )
  })

  it('sum to what all the data adds over the base model, to the last unit', () => {
    fc.assert(
      fc.property(game, ({ players, u }) => {
        assert.equal(sum(exact(players, u)), BigInt((u.at(-1) ?? 0) - (u[0] ?? 0)) * 100n)
      }),
      { numRuns: 60 }
    )
  })

  it('are equal for players whom nothing tells apart, but for one unit of rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.array(fc.nat(10_000), { minLength: 7, maxLength: 7 }),
        (players, bySize) => {
          const u = all(players).map(mask => bySize[sizeOf(mask)] ?? 0)
          const phi = exact(players, u)
          for (const value of phi) assert.ok(value - (phi[0] ?? 0n) <= 1n && (phi[0] ?? 0n) - value <= 1n)
        }
      )
    )
  })

  it('are nothing for a player who adds nothing to any coalition', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.nat(5),
        fc.infiniteStream(fc.nat(10_000)),
        (players, pick, stream) => {
          const idle = BigInt(pick % players)
          const values = all(players).map(() => stream.next().value as number)
          const u = all(players).map(mask => values[Number(mask & ~(1n << idle))] ?? 0)
          assert.ok([0n, 1n].includes(exact(players, u)[Number(idle)] ?? -1n))
        }
      )
    )
  })

  it('do not depend on who comes first: players and coalitions in another order give the same values', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
        fc.infiniteStream(fc.nat(10_000)),
        (order, stream) => {
          const coalitions = all(5)
          const u = coalitions.map(() => stream.next().value as number)
          const renamed = coalitions.map(mask =>
            order.reduce((to, from, i) => to | (((mask >> BigInt(from)) & 1n) << BigInt(i)), 0n)
          )
          const at = coalitions.map((_, k) => k).reverse()
          const phi = exact(5, u)
          const other = exact(
            5,
            at.map(k => u[k] ?? 0),
            at.map(k => renamed[k] ?? 0n)
          )
          order.forEach((from, i) => {
            const apart = (phi[from] ?? 0n) - (other[i] ?? 0n)
            assert.ok(apart >= -1n && apart <= 1n) // the unit of rounding goes by place
          })
        }
      )
    )
  })

  it('are linear: held-out questions may be summed before', () => {
    const [a, b] = [
      [100, 900, 300, 1200, 50, 800, 700, 2000],
      [0, 10, 20, 30, 40, 50, 60, 70]
    ]
    const whole = exact(
      3,
      a.map((value, k) => value + (b[k] ?? 0))
    )
    const parts = exact(3, a).map((value, i) => value + (exact(3, b)[i] ?? 0n))
    whole.forEach((value, i) => {
      assert.ok(value - (parts[i] ?? 0n) <= 1n && (parts[i] ?? 0n) - value <= 1n)
    })
  })

  it('refuse coalitions that measure nothing', () => {
    assert.throws(
      () => weightMatrix(3, [0n, 1n]),
      (error: unknown) => error instanceof InvalidError && error.code === 'coalitions.incomplete'
    )
    assert.throws(
      () => weightMatrix(3, [0n, 1n, 1n, 7n]),
      (error: unknown) => error instanceof InvalidError && error.code === 'coalitions.repeated'
    )
    assert.throws(
      () => weightMatrix(3, [0n, 9n, 7n]),
      (error: unknown) => error instanceof InvalidError && error.code === 'coalitions.unknown-player'
    )
    assert.throws(
      () => weightMatrix(3, [0n, 1n, 7n]),
      (error: unknown) => error instanceof InvalidError && error.code === 'coalitions.incomplete'
    )
    assert.throws(
      () => weightsOver(weightMatrix(1, [0n, 1n]), { utilities: [1, 2, 3], candidates: [0] }),
      (error: unknown) => error instanceof InvalidError && error.code === 'utilities.count'
    )
  })
})

describe('shares', () => {
  it('sum to the amount, are off by less than one unit, and keep the order of values', () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 10n ** 30n),
        fc
          .array(fc.bigInt(0n, 10n ** 30n), { minLength: 1, maxLength: 30 })
          .filter(values => values.some(value => value > 0n)),
        (amount, values) => {
          const shares = divide(amount, values)
          const total = sum(values)
          assert.equal(sum(shares), amount)
          shares.forEach((share, i) => {
            const exact = amount * (values[i] ?? 0n)
            assert.ok(share * total > exact - total && share * total < exact + total)
            if (values[i] === 0n) assert.equal(share, 0n)
            shares.forEach((other, j) => {
              if ((values[i] ?? 0n) > (values[j] ?? 0n)) assert.ok(share >= other)
            })
          })
        }
      )
    )
  })

  it('round up the largest remainders, the first of equal ones', () => {
    assert.deepEqual(largestRemainder([10n, 10n, 10n], 3n, 10n), [4n, 3n, 3n])
    assert.deepEqual(largestRemainder([-10n, 25n, 15n], 10n, 3n), [-1n, 3n, 1n])
    assert.throws(() => largestRemainder([10n], 3n, 9n), InvalidError)
    assert.throws(() => divide(5n, [0n, 0n]), InvalidError)
    assert.throws(() => divide(5n, [-1n, 3n]), InvalidError)
  })
})
