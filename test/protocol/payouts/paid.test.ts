import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  dataOf,
  dataUpTo,
  gapsIn,
  lengthOf,
  overlaps,
  stretchOf,
  withStretch
} from '../../../protocol/payouts/index.ts'
import type { ChannelClaim, Stretch } from '../../../protocol/payouts/index.ts'

/** Claims of a channel as the contract makes them: what it pays grows, and so does what of it the pool gets. */
const claims = fc.array(fc.tuple(fc.bigInt(1n, 10n ** 20n), fc.nat(10_000)), { maxLength: 8 }).map(steps => {
  const list: ChannelClaim[] = []
  for (const [paid, points] of steps) {
    const last = list.at(-1) ?? { claimed: 0n, data: 0n }
    list.push({ claimed: last.claimed + paid, data: last.data + (paid * BigInt(points)) / 10_000n })
  }
  return list
})
const stretch = fc
  .tuple(fc.bigInt(0n, 300n), fc.bigInt(0n, 40n))
  .map(([from, length]): Stretch => [from, from + length])

describe('what a channel has paid', () => {
  it('is, for its first fees, what the chain says at each claim, and never falls in between', () => {
    fc.assert(
      fc.property(claims, fc.array(fc.bigInt(0n, 10n ** 21n), { maxLength: 6 }), (list, places) => {
        for (const { claimed, data } of list) assert.equal(dataUpTo(list, claimed), data)
        const sorted = places.toSorted((a, b) => (a < b ? -1 : 1))
        for (const [i, place] of sorted.entries())
          assert.ok(dataUpTo(list, place) >= dataUpTo(list, sorted[i - 1] ?? 0n))
        const last = list.at(-1) ?? { claimed: 0n, data: 0n }
        assert.equal(dataUpTo(list, last.claimed + 1n), last.data)
        assert.equal(dataUpTo(list, 0n), 0n)
      })
    )
  })

  it('comes to the same however it is cut, also by a claim that comes later', () => {
    fc.assert(
      fc.property(claims, fc.array(fc.bigInt(1n, 10n ** 19n), { maxLength: 10 }), (list, fees) => {
        const end = list.at(-1)?.claimed ?? 0n
        let total = 0n
        const stretches = fees.flatMap((fee): Stretch[] => {
          total += fee
          return total <= end ? [stretchOf({ fee, total })] : []
        })
        const upTo = stretches.at(-1)?.[1] ?? 0n
        assert.equal(dataOf(list, stretches), dataUpTo(list, upTo))
        const later = [...list, { claimed: end + 7n, data: (list.at(-1)?.data ?? 0n) + 3n }]
        assert.equal(dataOf(later, stretches), dataOf(list, stretches))
      })
    )
  })

  it('is covered stretch by stretch, each part once, and what is not covered is known', () => {
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 20 }), fc.bigInt(0n, 350n), (all, upTo) => {
        let covered: Stretch[] = []
        const units = new Set<bigint>()
        for (const one of all) {
          const inside = Array.from({ length: Number(one[1] - one[0]) }, (_, i) => one[0] + BigInt(i))
          const twice = inside.some(unit => units.has(unit))
          assert.equal(overlaps(covered, one), twice)
          if (twice) assert.throws(() => withStretch(covered, one), { code: 'settled.twice' })
          else {
            covered = withStretch(covered, one)
            for (const unit of inside) units.add(unit)
          }
          assert.equal(lengthOf(covered), BigInt(units.size))
          for (const [i, [from, to]] of covered.entries()) assert.ok(from < to && (covered[i - 1]?.[1] ?? -1n) < from)
        }
        const gaps = gapsIn(covered, upTo)
        assert.ok(gaps.every(gap => !overlaps(covered, gap) && gap[1] <= upTo))
        assert.equal(lengthOf(gaps), upTo - BigInt([...units].filter(unit => unit < upTo).length))
      })
    )
  })
})
