import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  dataOf,
  divisionOf,
  gapsIn,
  inOrder,
  linesOf,
  placeOf,
  rebuild,
  receiptId,
  settle,
  settledOf,
  isSettled,
  graceSeconds,
  maxRanges
} from '../../../protocol/payouts/index.ts'
import type { SelectFacts, Settled, SettledPlaces, EpochBundle } from '../../../protocol/payouts/index.ts'
import { epochBundle } from '../../../protocol/payouts/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelsOf,
  factsFor,
  measure,
  model,
  network,
  plans,
  receipt,
  receiptsOf,
  selectReceipts,
  epochFrom,
  now,
  expiry
} from './world.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
/** The state after an epoch that counts these. */
const settledBy = (receipts: readonly ReturnType<typeof receipt>[], claimed?: bigint): Settled => {
  const lines = linesOf(new Map(), channelsOf(receipts, claimed), now)
  const messages = receipts.map(one => one.receipt.message)
  return settle(new Map(), lines, messages, () => true, now).settled
}

describe('receipts that count', () => {
  it('are the same whatever order they were heard in', () => {
    fc.assert(
      fc.property(plans, fc.bigInt(0n, 10n ** 21n), fc.nat(), (plans, claimed, seed) => {
        const receipts = receiptsOf(plans)
        const facts = factsFor(receipts, claimed)
        const shuffled = receipts.toSorted((a, b) =>
          keccak(`${seed}${placeOf(a)}`) < keccak(`${seed}${placeOf(b)}`) ? -1 : 1
        )
        const { counted } = selectReceipts(receipts, facts)
        assert.deepEqual(selectReceipts(shuffled, facts).counted, counted)
        // No channel's receipts count further than it has paid.
        const fees = new Map<string, bigint>()
        for (const one of counted)
          fees.set(one.receipt.message.channel, (fees.get(one.receipt.message.channel) ?? 0n) + one.receipt.message.fee)
        for (const total of fees.values()) assert.ok(total <= claimed)
      }),
      { numRuns: 40 }
    )
  })

  const left = (receipts: ReturnType<typeof receipt>[], facts = factsFor(receipts)): string[] =>
    selectReceipts(receipts, facts).left.map(({ fault }) => fault)

  it('count once', () => {
    const [one, twin] = [receipt(), receipt({ fee: 7n })]
    assert.deepEqual(left([one, twin]), ['duplicate'])
    assert.deepEqual(
      selectReceipts([one, twin], factsFor([one])).counted,
      selectReceipts([twin, one], factsFor([one])).counted
    )
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { settled: settledBy([one]) })), ['settled'])
    // Two that stand on the same fees of their channel, at places of their own.
    assert.deepEqual(left([one, receipt({ sequence: 2n, total: 1500n })]), ['duplicate'])
    const late = receipt({ sequence: 7n, total: 1000n })
    assert.deepEqual(left([late], factsFor([late], 10n ** 9n, { settled: settledBy([one]) })), ['settled'])
  })

  it('count exactly once over any epochs, however late they come, unless their fees were divided without them', () => {
    const arrival = fc.record({
      client: fc.constantFrom('c1', 'c2'),
      sequence: fc.bigInt(1n, 9n),
      fee: fc.bigInt(0n, 1000n),
      epoch: fc.nat(4)
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(arrival, { selector: one => `${one.client} ${one.sequence}`, maxLength: 14 }),
        fc.array(fc.bigInt(1n, 4n), { minLength: 5, maxLength: 5 }),
        (arrivals, quarters) => {
          const plans = arrivals.map(one => ({ ...one, utilities: null }))
          const whole = receiptsOf(plans)
          const epochOf = new Map(arrivals.map(one => [`${one.client} ${one.sequence}`, one.epoch]))
          const nameOf = (client: string): string => (client === accountOf('c1') ? 'c1' : 'c2')
          const all = whole.map(one => ({
            epoch: epochOf.get(`${nameOf(one.client)} ${one.receipt.message.sequence}`) ?? 0,
            receipt: one
          }))
          const paid = channelsOf(whole)
          let previous: { cid: string; bundle: EpochBundle } | undefined
          const counted: string[] = []
          let [divided, held] = [0n, 0n]
          let share = 0n
          for (let number = 0; number <= 4; number++) {
            // Everything that is known by then is offered again and again: what was settled, too; channels pay on.
            const known = all.filter(({ epoch }) => epoch <= number).map(one => one.receipt)
            share = share > (quarters[number] ?? 4n) ? share : (quarters[number] ?? 4n)
            const channels = new Map(
              [...paid].map(([id, one]) => {
                const claimed = (one.claimed * share) / 4n
                const before = previous?.bundle.settled.find(line => line.channel === id)?.claimed ?? 0n
                return [id, { ...one, claimed: claimed > before ? claimed : before }] as const
              })
            )
            const facts = factsFor(known, undefined, {
              channels,
              measures: new Map([[model, null]]),
              settled: settledOf(previous?.bundle.settled ?? [])
            })
            const { counted: chosen } = selectReceipts(known, facts)
            const bundle = epochFrom({
              epoch: number + 1,
              receipts: chosen,
              scorings: new Map(),
              measures: new Map([[model, null]]),
              channels,
              deposited: 10n ** 9n,
              previous
            })
            counted.push(...chosen.map(placeOf))
            // The state holds what has counted, and fees only as far as they were divided.
            const state = settledOf(bundle.settled)
            for (const { receipt: one } of all)
              if (counted.includes(placeOf(one))) assert.ok(isSettled(state, one.receipt.message))
            divided += sum([...bundle.data, ...bundle.unreceipted.map(({ data }) => data)])
            held = bundle.held
            const worth = bundle.settled.map(({ channel, covered }) => dataOf(paid.get(channel)?.claims ?? [], covered))
            assert.equal(divided, sum(worth))
            assert.equal(held, divided)
            // What one epoch has named as waiting the next one has divided, one way or the other.
            for (const line of previous?.bundle.settled ?? [])
              assert.deepEqual(gapsIn(state.get(line.channel)?.covered ?? [], line.claimed), [])
            // Whoever makes it again from its own text and the one before gets the same.
            const text = epochBundle.parse(JSON.parse(canonicalJson(bundle)))
            assert.equal(canonicalJson(rebuild(text, { network, previous })), canonicalJson(bundle))
            previous = { cid: `bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52z${number}`, bundle }
          }
          assert.equal(new Set(counted).size, counted.length)
        }
      ),
      { numRuns: 60 }
    )
  })

  it('of a channel that is over count no more, whatever was forgotten of it', () => {
    const one = receipt()
    const end = expiry + graceSeconds
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { at: end })), [])
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { at: end + 1n })), ['over'])
  })

  it('leave so many gaps in a channel, and wait while there are more', () => {
    const scattered = Array.from({ length: maxRanges + 2 }, (_, i) =>
      receipt({ sequence: BigInt(2 * i + 1), fee: 10n })
    )
    assert.deepEqual(left(scattered), ['scattered', 'scattered'])
    // One that fills a gap makes room for another.
    assert.deepEqual(left([...scattered, receipt({ sequence: 2n, fee: 10n })]), ['scattered'])
  })

  it('leave room for the first fees of their channel, which are divided without receipts', () => {
    const named = settle(new Map(), linesOf(new Map(), channelsOf([receipt()], 50n), now), [], () => true, now).settled
    const scattered = Array.from({ length: maxRanges }, (_, i) =>
      receipt({ sequence: BigInt(i + 1), fee: 10n, total: BigInt(100 + 20 * i) })
    )
    const facts = factsFor(scattered, 5_000n, { settled: named })
    const { counted } = selectReceipts(scattered, facts)
    assert.equal(counted.length, maxRanges - 1)
    const messages = counted.map(one => one.receipt.message)
    const { settled, unreceipted } = settle(named, linesOf(named, facts.channels, now), messages, () => true, now)
    assert.deepEqual(unreceipted[0]?.stretches, [[0n, 50n]])
    assert.equal([...settled.values()][0]?.covered.length, maxRanges)
  })

  it('leave so many gaps in all channels together: who leaves none is counted all the same', () => {
    const fee = 10n
    const of = (client: string, places: bigint[]) => places.map(sequence => receipt({ client, sequence, fee }))
    // Each place that is left out is a gap among places, and one among fees.
    const scattered = ['a', 'b', 'c'].flatMap(client => of(client, [1n, 3n, 5n]))
    const whole = ['d', 'e'].flatMap(client => of(client, [1n, 2n, 3n]))
    const all = [...scattered, ...whole]
    assert.deepEqual(left(all), [])
    assert.deepEqual(left(all, factsFor(all, undefined, { mostGaps: 9 })), ['scattered', 'scattered'])
    assert.deepEqual(left(all, factsFor(all, undefined, { mostGaps: 0 })), Array(6).fill('scattered'))
  })

  it('count as far as the channel has paid, and only if they have brought the pool something', () => {
    const receipts = receiptsOf([{ sequence: 1n }, { sequence: 2n }, { sequence: 3n, fee: 10n }])
    assert.deepEqual(left(receipts, factsFor(receipts, 2000n)), ['unpaid'])
    // What others of the channel come to counts, known here or not.
    assert.deepEqual(left(receipts.slice(2), factsFor(receipts, 2009n)), ['unpaid'])
    assert.deepEqual(left([receipt({ fee: 0n })]), ['worthless'])
    const paid = channelsOf(receipts)
    const nothing = new Map(
      [...paid].map(([id, one]) => [id, { ...one, claims: [{ claimed: one.claimed, data: 0n }] }])
    )
    assert.deepEqual(left(receipts, factsFor(receipts, undefined, { channels: nothing })), Array(3).fill('worthless'))
  })

  it('are signed by both parties of their channel, for its model, in the pool', () => {
    const good = receipt()
    const { message } = good.receipt
    assert.deepEqual(left([{ ...good, clientSignature: receipt({ client: 'other' }).clientSignature }]), ['signature'])
    assert.deepEqual(left([{ ...good, receipt: { ...good.receipt, message: { ...message, fee: 9n } } }]), ['signature'])
    assert.deepEqual(left([receipt({ client: 'mallory', channel: message.channel })], factsFor([good])), ['signature'])
    assert.deepEqual(left([good], factsFor([])), ['channel'])
    assert.deepEqual(left([receipt({ model: keccak('other'), utilities: null })], factsFor([good])), ['model'])
    assert.deepEqual(
      left([good], factsFor([good], 10n ** 9n, { datanets: new Map([[model, keccak('other pool')]]) })),
      ['model']
    )
  })

  it('come in turn where there is no room for all: what is urgent, then those of whose channel most waits', () => {
    const of = (client: string, fee: bigint) => receiptsOf([1n, 2n].map(sequence => ({ client, sequence, fee })))
    const [dust, small, large] = [of('dust', 10n), of('small', 100n), of('large', 1000n)] as const
    const all = [...dust, ...small, ...large].toSorted(inOrder)
    const countedOf = (over: Partial<SelectFacts>): string[] => [
      ...new Set(selectReceipts(all, factsFor(all, undefined, over)).counted.map(({ client }) => client))
    ]
    assert.deepEqual(countedOf({ most: 2 }), [accountOf('large')])
    // Fees that the epoch before named as waiting are divided without a receipt that is left out now.
    const named = (list: typeof all): Settled =>
      settle(new Map(), linesOf(new Map(), channelsOf(list), now), [], () => true, now).settled
    assert.deepEqual(countedOf({ most: 2, settled: named(small) }), [accountOf('small')])
    assert.deepEqual(countedOf({ most: 2, settled: named([...small, ...dust]) }), [accountOf('small')])
    // Nor do receipts on the same fees, or small ones without end, move a channel's turn.
    const crowd = Array.from({ length: 9 }, (_, i) =>
      receipt({ client: 'small', sequence: BigInt(i + 3), fee: 1n, total: BigInt(i + 1) })
    )
    const { counted } = selectReceipts([...all, ...crowd], factsFor([...all, ...crowd], undefined, { most: 2 }))
    assert.deepEqual([...new Set(counted.map(({ client }) => client))], [accountOf('large')])
  })

  it('are chosen alike among those that count and any that do not, whatever totals their parties sign', () => {
    const plan = fc.record({
      client: fc.constantFrom('c1', 'c2', 'c3'),
      sequence: fc.bigInt(1n, 12n),
      fee: fc.bigInt(0n, 4n),
      above: fc.bigInt(0n, 14n)
    })
    fc.assert(
      fc.property(
        fc.array(plan, { maxLength: 24 }),
        fc.record({ most: fc.nat(10), mostGaps: fc.nat(6), claimed: fc.bigInt(1n, 14n), named: fc.bigInt(0n, 9n) }),
        fc.nat(),
        (plans, { most, mostGaps, claimed, named }, seed) => {
          const all = plans.map(({ above, ...one }) => receipt({ ...one, total: one.fee + above }))
          const ids = new Set<string>()
          const known = all.filter(one => !ids.has(receiptId(network, one)) && ids.add(receiptId(network, one)))
          // Every unit of a fee brings something.
          const whole = new Map(
            [...channelsOf(known, claimed)].map(([id, one]) => [id, { ...one, claims: [{ claimed, data: claimed }] }])
          )
          const settled = new Map<Hex, SettledPlaces>()
          for (const [id, { expiry }] of named === 0n ? [] : whole)
            settled.set(id, { model, ranges: [], covered: [], claimed: named, expiry })
          const facts = factsFor(known, claimed, { channels: whole, settled, most, mostGaps })
          const { counted } = selectReceipts(known, facts)
          const chosen = new Set<unknown>(counted)
          const some = known.filter((one, i) => chosen.has(one) || (seed >> (i % 30)) % 2 === 0)
          assert.deepEqual(selectReceipts(some, facts).counted, counted)
        }
      ),
      { numRuns: 400 }
    )
  })

  it('wait while it is not known how their model is weighed', () => {
    const one = receipt()
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { measures: new Map() })), ['measure'])
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { measures: new Map([[model, null]]) })), [])
    assert.equal(divisionOf(receipt({ utilities: null }), measure), 'held-out')
    assert.equal(divisionOf(receipt(), null), 'none')
    assert.equal(divisionOf(receipt({ confidential: true }), measure), 'held-out')
  })
})
