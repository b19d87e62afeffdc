import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  graceSeconds,
  inRanges,
  isOver,
  isSettled,
  maxRanges,
  settle,
  settledChannel,
  settledLines,
  settledOf,
  withPlace
} from '../../../protocol/payouts/index.ts'
import type { Settled } from '../../../protocol/payouts/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const channels = ['a', 'b', 'c'].map(name => keccak(name))
const expiries = new Map(channels.map((channel, i) => [channel, 1000n + BigInt(i) * 10n ** 7n]))
const place = fc.record({
  channel: fc.constantFrom(...channels),
  sequence: fc.bigInt(1n, 60n),
  fee: fc.bigInt(0n, 10n ** 20n)
})

describe('what epochs have settled', () => {
  it('is a set of places, kept as ranges that ascend and do not touch', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.bigInt(0n, 200n), { maxLength: 60 }), places => {
        let ranges: [bigint, bigint][] = []
        for (const one of places) ranges = withPlace(ranges, one)
        const set = new Set(places)
        for (let one = 0n; one <= 201n; one++) assert.equal(inRanges(ranges, one), set.has(one))
        for (const [i, [from, to]] of ranges.entries()) {
          assert.ok(from <= to)
          const before = ranges[i - 1]
          if (before !== undefined) assert.ok(before[1] + 1n < from)
        }
        for (const one of places) assert.throws(() => withPlace(ranges, one), { code: 'settled.twice' })
      })
    )
  })

  it('holds, epoch after epoch, each place once and the exact sum of fees, in whatever order receipts come', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(place, { selector: one => `${one.channel}/${one.sequence}`, maxLength: 60 }),
        fc.infiniteStream(fc.nat(3)),
        (places, cuts) => {
          let settled: Settled = new Map()
          const counted = new Map<Hex, bigint>()
          const rest = [...places]
          while (rest.length > 0) {
            const part = rest.splice(0, 1 + cuts.next().value)
            settled = settle(settled, part, expiries, 900n)
            for (const one of part) counted.set(one.channel, (counted.get(one.channel) ?? 0n) + one.fee)
            // What was counted once is never counted again: not in this epoch, not in any other.
            for (const one of part)
              assert.throws(() => settle(settled, [one], expiries, 900n), { code: 'settled.twice' })
            for (const one of rest) assert.equal(isSettled(settled, one), false)
          }
          for (const [channel, fees] of counted) assert.equal(settled.get(channel)?.fees, fees)
          const lines = settledLines(settled)
          const wire = lines.map(line => settledChannel.parse(JSON.parse(canonicalJson(line))))
          assert.deepEqual(settledOf(wire), new Map(lines.map(({ channel, ...line }) => [channel, line])))
          // All at once is the same.
          assert.deepEqual(settledLines(settle(new Map(), places, expiries, 900n)), lines)
        }
      )
    )
  })

  it('forgets a channel only when nothing of it can be counted any more', () => {
    const [first, second] = [channels[0]!, channels[1]!]
    const one = { channel: first, sequence: 1n, fee: 5n }
    const end = 1000n + graceSeconds
    const settled = settle(new Map(), [one], expiries, 900n)
    assert.ok(settle(settled, [], expiries, end).has(first))
    assert.equal(isOver(1000n, end), false)
    // The last moment at which it could be counted again, and it is known; the moment after it is forgotten, and over.
    assert.throws(() => settle(settled, [one], expiries, end), { code: 'settled.twice' })
    const after = settle(settled, [{ channel: second, sequence: 1n, fee: 1n }], expiries, end + 1n)
    assert.deepEqual([...after.keys()], [second])
    assert.throws(() => settle(after, [one], expiries, end + 1n), { code: 'settled.over' })
    // The expiry that was stated first stands: no later word makes a channel longer.
    assert.equal(
      settle(settled, [{ ...one, sequence: 2n }], new Map([[first, 10n ** 15n]]), 900n).get(first)?.expiry,
      1000n
    )
  })

  it('has a bound for the gaps of a channel', () => {
    const scattered = Array.from({ length: maxRanges + 1 }, (_, i) => ({
      channel: channels[0]!,
      sequence: BigInt(2 * i + 1),
      fee: 1n
    }))
    assert.throws(() => settle(new Map(), scattered, expiries, 900n), { code: 'settled.ranges' })
    const filled = [...scattered, { channel: channels[0]!, sequence: 2n, fee: 1n }]
    assert.equal(settle(new Map(), filled, expiries, 900n).get(channels[0]!)?.ranges.length, maxRanges)
  })
})
