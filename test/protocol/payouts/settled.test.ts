import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  gapsIn,
  gapsOf,
  graceSeconds,
  inRanges,
  isOver,
  isSettled,
  lengthOf,
  linesOf,
  maxGaps,
  maxRanges,
  maxSettledChannels,
  settle,
  settledChannel,
  settledLines,
  settledOf,
  withPlace,
  withStretch
} from '../../../protocol/payouts/index.ts'
import type { Settled } from '../../../protocol/payouts/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const channels = ['a', 'b', 'c'].map(name => keccak(name))
const model = keccak('model')
const expiryOf = (channel: Hex): bigint => 1000n + BigInt(channels.indexOf(channel)) * 10n ** 7n
const linesFor = (claimed: bigint, before: Settled = new Map(), at = 900n) =>
  linesOf(before, new Map(channels.map(channel => [channel, { model, claimed, expiry: expiryOf(channel) }])), at)
const place = fc.record({
  channel: fc.constantFrom(...channels),
  sequence: fc.bigInt(1n, 60n),
  fee: fc.bigInt(1n, 10n ** 20n)
})
/** Each channel's with their running totals. */
function withTotals(places: readonly { channel: Hex; sequence: bigint; fee: bigint }[]) {
  const totals = new Map<Hex, bigint>()
  return places.map(one => {
    const total = (totals.get(one.channel) ?? 0n) + one.fee
    totals.set(one.channel, total)
    return { ...one, total }
  })
}
const never = (): boolean => false

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

  it('holds, epoch after epoch, each place and each fee once, in whatever order receipts come', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(place, { selector: one => `${one.channel}/${one.sequence}`, maxLength: 60 }),
        fc.infiniteStream(fc.nat(3)),
        fc.nat(),
        (places, cuts, seed) => {
          const all = withTotals(places)
          const claimed = all.reduce((most, { total }) => (total > most ? total : most), 1n)
          const order = (one: object): string => keccak(`${seed}${canonicalJson(one)}`)
          const rest = all.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
          let settled: Settled = new Map()
          const counted = new Map<Hex, bigint>()
          while (rest.length > 0) {
            const part = rest.splice(0, 1 + cuts.next().value)
            settled = settle(settled, linesFor(claimed, settled), part, never, 900n).settled
            for (const one of part) counted.set(one.channel, (counted.get(one.channel) ?? 0n) + one.fee)
            // What was counted once is never counted again: not in this epoch, not in any other.
            for (const one of part)
              assert.throws(() => settle(settled, linesFor(claimed, settled), [one], never, 900n), {
                code: 'settled.twice'
              })
            for (const one of rest) assert.equal(isSettled(settled, one), false)
          }
          for (const [channel, fees] of counted) assert.equal(lengthOf(settled.get(channel)?.covered ?? []), fees)
          const lines = settledLines(settled)
          const wire = lines.map(line => settledChannel.parse(JSON.parse(canonicalJson(line))))
          assert.deepEqual(settledOf(wire), new Map(lines.map(({ channel, ...line }) => [channel, line])))
          // All at once is the same.
          if (all.length > 0)
            assert.deepEqual(settledLines(settle(new Map(), linesFor(claimed), all, never, 900n).settled), lines)
        }
      )
    )
  })

  it('divides fees without a receipt once two epochs have found none, and never those of a model that waits', () => {
    const [first] = channels
    const one = { channel: first!, sequence: 2n, fee: 30n, total: 70n }
    const begun = settle(new Map(), linesFor(100n), [one], () => true, 900n)
    // The first epoch names them.
    assert.deepEqual(begun.unreceipted, [])
    assert.deepEqual(gapsIn(begun.settled.get(first!)?.covered ?? [], 100n), [
      [0n, 40n],
      [70n, 100n]
    ])
    // One that comes late counts as it would have before.
    const late = { channel: first!, sequence: 1n, fee: 40n, total: 40n }
    const next = settle(begun.settled, linesFor(150n, begun.settled), [late], () => true, 900n)
    assert.deepEqual(
      next.unreceipted.map(({ channel, stretches }) => [channel, stretches]),
      channels.toSorted().map(channel => [channel, channel === first ? [[70n, 100n]] : [[0n, 100n]]])
    )
    assert.ok(isSettled(next.settled, { channel: first!, sequence: 9n, fee: 5n, total: 80n }))
    // What was paid since waits for the epoch after; so does all of a model that cannot be divided now.
    assert.deepEqual(gapsIn(next.settled.get(first!)?.covered ?? [], 150n), [[100n, 150n]])
    assert.deepEqual(settle(begun.settled, linesFor(150n, begun.settled), [], never, 900n).unreceipted, [])
  })

  it('forgets a channel only when it is over and all of it divided, and takes it up no more', () => {
    const first = channels[0]!
    const one = { channel: first, sequence: 1n, fee: 5n, total: 5n }
    const end = 1000n + graceSeconds
    const { settled } = settle(new Map(), linesFor(9n), [one], () => true, 900n)
    assert.ok(linesFor(9n, settled, end + 1n).has(first))
    // It is over: nobody brings a receipt for the rest any more.
    const last = settle(settled, linesFor(12n, settled, end + 1n), [], () => true, end + 1n)
    assert.deepEqual(last.unreceipted.find(({ channel }) => channel === first)?.stretches, [[5n, 12n]])
    assert.ok(!linesFor(12n, last.settled, end + 2n).has(first))
    const gone = settle(last.settled, linesFor(12n, last.settled, end + 2n), [], () => true, end + 2n)
    assert.ok(!gone.settled.has(first))
    assert.ok(!linesFor(20n, gone.settled, end + 3n).has(first))
    assert.equal(isOver(1000n, end), false)
    assert.equal(isOver(1000n, end + 1n), true)
  })

  it('counts no further than a channel has paid, and keeps so many gaps', () => {
    const first = channels[0]!
    const unpaid = { channel: first, sequence: 1n, fee: 5n, total: 10n }
    assert.throws(() => settle(new Map(), linesFor(9n), [unpaid], never, 900n), { code: 'settled.unpaid' })
    assert.throws(() => settle(new Map(), new Map(), [unpaid], never, 900n), { code: 'settled.unpaid' })
    const scattered = Array.from({ length: maxRanges + 1 }, (_, i) => ({
      channel: first,
      sequence: BigInt(2 * i + 1),
      fee: 1n,
      total: BigInt(2 * i + 1)
    }))
    assert.throws(() => settle(new Map(), linesFor(1000n), scattered, never, 900n), { code: 'settled.ranges' })
  })

  it('divides fees without receipts in a pool that has more gaps than are kept, and adds none', () => {
    const covered = Array.from({ length: maxRanges }, (_, i): [bigint, bigint] => [
      BigInt(10 * i + 10),
      BigInt(10 * i + 15)
    ])
    const line = { model, ranges: [], covered, claimed: 5n, expiry: 5000n }
    const crowded = new Map(
      Array.from({ length: Math.ceil(maxGaps / maxRanges) + 1 }, (_, i) => [keccak(`crowded ${i}`), line] as const)
    )
    const gaps = (state: Settled): number => [...state.values()].reduce((sum, one) => sum + gapsOf(one), 0)
    assert.ok(gaps(crowded) > maxGaps)
    const { settled } = settle(crowded, crowded, [], () => true, 900n)
    assert.equal(gaps(settled), gaps(crowded))
    const [channel] = crowded.keys()
    const wire = settledLines(settled).map(one => settledChannel.parse(JSON.parse(canonicalJson(one))))
    assert.deepEqual(wire.find(one => one.channel === channel)?.covered[0], [0n, 5n])
    const lines = new Map([...crowded].map(([id, one]) => [id, { ...one, claimed: 1000n }] as const))
    lines.set(channels[0]!, { ...line, covered: [], claimed: 1000n })
    const more = { channel: channels[0]!, sequence: 1n, fee: 1n, total: 1000n }
    assert.throws(() => settle(crowded, lines, [more], never, 900n), { code: 'settled.ranges' })
  })

  it('never gets more gaps by fees that are divided without receipts', () => {
    const cut = fc
      .uniqueArray(fc.bigInt(0n, 60n), { maxLength: 20 })
      .map(points => points.toSorted((a, b) => Number(a - b)))
    fc.assert(
      fc.property(cut, fc.bigInt(0n, 60n), (points, upTo) => {
        const covered = points.flatMap((from, i): [bigint, bigint][] =>
          i % 2 === 0 && points[i + 1] !== undefined ? [[from, points[i + 1] ?? from]] : []
        )
        const filled = gapsIn(covered, upTo).reduce(withStretch, covered)
        assert.ok(gapsOf({ ranges: [], covered: filled }) <= gapsOf({ ranges: [], covered }))
      })
    )
  })

  it('keeps so many channels, those that paid most', () => {
    const many = new Map(
      Array.from({ length: maxSettledChannels + 2 }, (_, i): [Hex, { model: Hex; claimed: bigint; expiry: bigint }] => [
        `0x${i.toString(16).padStart(64, '0')}`,
        { model, claimed: BigInt(i), expiry: 5000n }
      ])
    )
    const lines = linesOf(new Map(), many, 900n)
    assert.equal(lines.size, maxSettledChannels)
    assert.ok(!lines.has(`0x${'1'.padStart(64, '0')}`))
  })

  it('has room again once channels are over that took all of it, whatever they paid: no channel is endless', () => {
    const end = 5000n
    const dust = Array.from({ length: maxSettledChannels }, (_, i) => `0x${i.toString(16).padStart(64, '0')}` as Hex)
    const all = new Map(dust.map(channel => [channel, { model, claimed: 1n, expiry: end }]))
    let settled: Settled = new Map()
    for (const at of [900n, 901n]) settled = settle(settled, linesOf(settled, all, at), [], () => true, at).settled
    const honest = keccak('honest')
    all.set(honest, { model, claimed: 10n ** 24n, expiry: 10n ** 9n })
    assert.ok(!linesOf(settled, all, end + graceSeconds).has(honest))
    assert.deepEqual([...linesOf(settled, all, end + graceSeconds + 1n).keys()], [honest])
  })
})
