import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  divideAnswer,
  epochBundle,
  keptBackOf,
  keptOf,
  ledgerAfter,
  measureOf,
  mostKeptLines,
  nothingKept,
  rebuild,
  released,
  resettle,
  rowsAdded,
  standingFrom,
  heldOutValues,
  standingOf
} from '../../../protocol/payouts/index.ts'
import type { EpochBundle, KeptPiece, KnownStanding, Measure, ModelStanding } from '../../../protocol/payouts/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { accountOf, epochFrom, heldOutOf, network, now, receipt } from './world.ts'

const sum = (values: Iterable<bigint>): bigint => [...values].reduce((a, b) => a + b, 0n)
const names = ['foundation', 'late', 'complement', 'stranger']
const accounts = names.map(accountOf)
const money = fc.bigInt(0n, 10n ** 24n)
const known = (players: readonly Address[]): fc.Arbitrary<KnownStanding> =>
  fc
    .array(fc.tuple(fc.bigInt(-1_000_000n, 1_000_000n), fc.bigInt(0n, 1_000_000n), fc.bigInt(0n, 2_000_000n)), {
      minLength: players.length,
      maxLength: players.length
    })
    .map(values => {
      const [truth, own] = [values.map(([one]) => one), values.map(([, one]) => one)]
      const { total: _total, ...standing } = standingOf(
        truth,
        own,
        values.map(([, , most]) => most)
      )
      return { players, ...standing }
    })
const piece = (players: number): fc.Arbitrary<KeptPiece> =>
  fc
    .record({
      paid: money,
      kept: money,
      credits: fc.uniqueArray(fc.tuple(fc.nat(players - 1), fc.bigInt(1n, 1_000_000n)), {
        maxLength: players,
        selector: ([player]) => player
      }),
      others: fc.bigInt(0n, 500_000n)
    })
    .map(one => ({ ...one, credits: one.credits.toSorted(([a], [b]) => a - b) }))

describe('what is kept back', () => {
  const [old, later] = [accounts.slice(0, 3), accounts.slice(1)]
  const partsOf = (sum: bigint, { credits, others }: KeptPiece, { players, ...known }: KnownStanding) => {
    const weights = players.map((_, i) => credits.find(([player]) => player === i)?.[1] ?? 0n)
    const total = known.positive.reduce((a, b) => a + b, 0n)
    return divideAnswer(sum, { players: weights, others }, { ...known, total })
  }

  it('is divided to the last unit, and takes nothing back from anybody', () => {
    fc.assert(
      fc.property(piece(3), known(old), fc.option(known(later), { nil: undefined }), (one, first, second) => {
        const parts = resettle(one, first, second)
        if (parts === null) {
          assert.equal(sum(first.positive), 0n)
          return
        }
        assert.equal(sum(parts.map(({ share }) => share)), one.kept)
        assert.equal(sum(parts.map(part => part.first)), one.kept)
        assert.ok(parts.every(({ share }) => share >= 0n))
        assert.deepEqual(
          parts.map(({ account }) => account),
          old
        )
        // Of whom a later version says nothing, and where it says nothing at all, the first division stands.
        for (const { account, share, first: own } of parts)
          if (second === undefined || !later.includes(account)) assert.equal(share, own)
      })
    )
  })

  it('gives nobody what went by held-out values because somebody who was not believed has left', () => {
    const players = accounts.slice(0, 3)
    const standing = { players, positive: [0n, 100_000n, 900_000n], calibration: [0n, 1_000_000n, 1_000_000n] }
    const known: KnownStanding = { ...standing, most: [2_000_000n, 2_000_000n, 2_000_000n] }
    const left: KnownStanding = {
      players: players.slice(1),
      positive: known.positive.slice(1),
      most: known.most.slice(1),
      calibration: known.calibration.slice(1)
    }
    const credits: [number, bigint][] = [
      [0, 900_000n],
      [1, 50_000n]
    ]
    const parts = resettle({ paid: 700_000n, kept: 300_000n, credits, others: 0n }, known, left) ?? []
    // The later version says of the others what was known of them: so they get what they would have got at once.
    assert.ok(
      parts.every(({ share, first }) => share - first <= 2n && first - share <= 2n),
      canonicalJson(parts)
    )
  })

  it('is settled again answer by answer: what stands beside it in the ledger moves nothing of it', () => {
    const all = fc.array(piece(3), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(all, all, known(old), known(later), (theirs, ours, first, second) => {
        const standing = (of: KnownStanding, version: number): ModelStanding => ({
          model: keccak(`version ${version}`),
          version,
          gain: 1n,
          level: 1n,
          players: [...of.players],
          positive: [...of.positive],
          most: [...of.most],
          calibration: [...of.calibration]
        })
        const evidence = standing(second, 2)
        const partsOf = (pieces: readonly KeptPiece[]) => {
          const time = { epoch: 1, until: 4, by: now, evidence: evidence.model }
          const rows = [{ ...standing(first, 1), ...time, pieces: [...pieces] }]
          const sums = new Map<Address, bigint>()
          for (const { account, share } of released({ before: { rows, evidence: [evidence] }, epoch: 4, at: 0n }).parts)
            sums.set(account, (sums.get(account) ?? 0n) + share)
          return sums
        }
        const [alone, among, both] = [partsOf(theirs), partsOf(ours), partsOf([...theirs, ...ours])]
        for (const [account, share] of both)
          assert.equal(share, (alone.get(account) ?? 0n) + (among.get(account) ?? 0n))
      })
    )
  })

  /** The best of two words on the same players. */
  const best = (one: KnownStanding, other: KnownStanding): KnownStanding => {
    const larger = (a: readonly bigint[], b: readonly bigint[]) =>
      a.map((value, i) => (value > (b[i] ?? 0n) ? value : (b[i] ?? 0n)))
    const positive = larger(one.positive, other.positive)
    const calibration = one.calibration.map((part, i) => {
      const worth = one.positive[i] ?? 0n
      const borne = worth === 0n ? (other.calibration[i] ?? 0n) : (part * (positive[i] ?? 0n)) / worth
      return borne < 1_000_000n ? borne : 1_000_000n
    })
    return { players: one.players, positive, most: larger(one.most, other.most), calibration }
  }

  it('comes no farther from the best that is known of everybody than paying at once would, and nobody beyond', () => {
    fc.assert(
      fc.property(piece(3), known(old), known(old), (one, first, second) => {
        const parts = resettle(one, first, second)
        const paid = partsOf(one.paid, one, first)
        const targets = partsOf(one.paid + one.kept, one, best(first, second))
        if (parts === null || paid === null || targets === null) return
        const off = (of: (i: number) => bigint): bigint =>
          sum(
            parts.map((_, i) => {
              const apart = (paid[i]?.share ?? 0n) + of(i) - (targets[i]?.share ?? 0n)
              return apart < 0n ? -apart : apart
            })
          )
        assert.ok(off(i => parts[i]?.share ?? 0n) <= off(i => parts[i]?.first ?? 0n))
        parts.forEach(({ share }, i) => {
          // … but for a unit of rounding.
          if (share > 0n) assert.ok((paid[i]?.share ?? 0n) + share <= (targets[i]?.share ?? 0n) + 1n)
        })
      })
    )
  })

  it('takes nothing from anybody because a later version knows less of them, or has left them out', () => {
    const less = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 9, maxLength: 9 })
    fc.assert(
      fc.property(piece(3), known(old), less, fc.subarray(old), (one, first, percents, left) => {
        const lowered = (values: readonly bigint[], from: number): bigint[] =>
          values.map((value, i) => (value * BigInt(percents[from + i] ?? 0)) / 100n)
        const all = {
          positive: lowered(first.positive, 0),
          most: lowered(first.most, 3),
          // Of whom nothing was known at first any word is more.
          calibration: lowered(first.calibration, 6)
        }
        const places = left.map(account => old.indexOf(account))
        const of = (values: readonly bigint[]): bigint[] => places.map(place => values[place] ?? 0n)
        const second = {
          players: left,
          positive: of(all.positive),
          most: of(all.most),
          calibration: of(all.calibration)
        }
        for (const { share, first: own } of resettle(one, first, second) ?? [])
          assert.ok(share - own <= 1n && own - share <= 1n, `${share} for ${own}`)
      })
    )
  })

  it('gives whom more is known of no less than at first, and nobody else more', () => {
    fc.assert(
      fc.property(piece(3), known(old), known(old), fc.nat(2), fc.subarray(old), (one, first, second, who, there) => {
        const of = (i: number) => (i === who ? second : first)
        const players = old.filter((account, i) => i === who || there.includes(account))
        const at = players.map(account => old.indexOf(account))
        const later: KnownStanding = {
          players,
          positive: at.map(i => of(i).positive[i] ?? 0n),
          most: at.map(i => of(i).most[i] ?? 0n),
          calibration: at.map(i => of(i).calibration[i] ?? 0n)
        }
        resettle(one, first, later)?.forEach(({ share, first: own }, i) => {
          // But for rounding.
          if (i === who) assert.ok(share >= own - 2n, `${share} for ${own}`)
          else assert.ok(share <= own + 2n, `${share} for ${own}`)
        })
      })
    )
  })
})

/** Models of a Datanet's versions: utilities by whose rows are there. */
const modelOf = (name: string, players: readonly Address[]): Measure =>
  measureOf({
    model: keccak(name),
    players: [...players],
    coalitions: Array.from({ length: 2 ** players.length }, (_, mask) => String(mask)),
    dataPoints: 3000
  })
type Utility = (mask: number) => number
const documentOf = (by: Measure, truth: Utility, own = truth) => {
  const all = (of: Utility): number[] => Array.from({ length: 2 ** by.players.length }, (_, mask) => of(mask))
  return heldOutOf(by, [all(truth)], [all(own)])
}
const rule = { share: 3_000, epochs: 3, seconds: 1_000_000 }

// In the first version the foundation's rows help nobody yet: whatever held-out question is answered, the late one's
// rows did it. The second one has what completes them: then half of what it knows is the foundation's.
const first = modelOf('first', accounts.slice(0, 2))
const second = modelOf('second', accounts.slice(0, 3))
const firstSays = documentOf(first, mask => 1000 + (mask & 2 ? 2000 : 0))
const secondSays = documentOf(second, mask => 1000 + (mask & 2 ? 2000 : 0) + ((mask & 5) === 5 ? 4000 : 0))

interface Told {
  readonly by: Measure
  readonly fee?: bigint
}
/** Epochs of private answers, one after the other, each of these models. */
function play(
  told: readonly (readonly Told[])[],
  {
    heldOut = [firstSays, secondSays],
    versions = [
      [first, 1],
      [second, 2]
    ],
    ...over
  }: {
    heldOut?: readonly ReturnType<typeof documentOf>[]
    versions?: readonly (readonly [Measure, number])[]
    keeping?: typeof rule | null
    at?: (epoch: number) => bigint
  } = {}
): EpochBundle[] {
  const bundles: EpochBundle[] = []
  const [counts, totals] = [new Map<Hex, bigint>(), new Map<Hex, bigint>()]
  const channels = new Map()
  told.forEach((answers, i) => {
    const receipts = answers.map(({ by, fee = 1_000_000n }) => {
      const channel = keccak(`of ${by.model}`)
      const [sequence, total] = [(counts.get(channel) ?? 0n) + 1n, (totals.get(channel) ?? 0n) + fee]
      counts.set(channel, sequence)
      totals.set(channel, total)
      const one = receipt({ channel, sequence, fee, total, model: by.model, confidential: true })
      const claims = [...(channels.get(channel)?.claims ?? []), { claimed: total, data: total }]
      const { client, worker } = one
      channels.set(channel, { client, worker, model: by.model, claimed: total, claims, expiry: 10n ** 9n })
      return one
    })
    const before = bundles.at(-1)
    bundles.push(
      epochFrom({
        epoch: i + 1,
        at: over.at?.(i + 1) ?? now,
        receipts: receipts.toSorted((a, b) => (a.receipt.message.channel < b.receipt.message.channel ? -1 : 1)),
        channels: new Map(channels),
        measures: new Map(versions.map(([by]) => [by.model, by])),
        versions: new Map(versions.map(([by, version]) => [by.model, version])),
        heldOut: new Map(heldOut.map(one => [one.model, one])),
        keeping: over.keeping === undefined ? rule : over.keeping,
        previous: before === undefined ? undefined : { cid: `bundle ${i}`, bundle: before }
      })
    )
  })
  return bundles
}
const cumulative = ({ payouts }: EpochBundle, account: Address): bigint =>
  payouts.find(line => line.account === account)?.cumulative ?? 0n

describe('a pool that keeps back a part of data fees', () => {
  const [foundation, late, complement] = accounts as [Address, Address, Address]

  it('makes a foundation whole whose worth shows only with what came later', () => {
    const bundles = play([[{ by: first }], [{ by: second, fee: 10n }], [], []])
    const [one, two, three, four] = bundles as [EpochBundle, EpochBundle, EpochBundle, EpochBundle]
    // At once the late one has all of what is paid, and the foundation nothing.
    assert.deepEqual([cumulative(one, late), cumulative(one, foundation), one.keptBack], [700_000n, 0n, 300_000n])
    assert.equal(two.kept.rows[0]?.evidence, second.model)
    assert.equal(cumulative(three, foundation), cumulative(two, foundation))
    // Held-out values say now that the two are worth the same, and that is more than what was kept: it has all of that.
    const line = four.payouts.find(({ account }) => account === foundation)
    assert.deepEqual([line?.vestedShare, line?.resettled], [300_000n, 300_000n])
    assert.equal(four.payouts.find(({ account }) => account === late)?.resettled, -300_000n)
    // The complement was not there when it was earned.
    assert.equal(four.payouts.find(({ account }) => account === complement)?.vestedShare, 0n)
  })

  it('takes nothing from a foundation because whoever completes it shares in its worth', () => {
    // What the foundation knows comes out half alone, and wholly with what completes it: that has a part of it, then.
    const alone = documentOf(first, mask => 1000 + (mask & 2 ? 2000 : 0) + (mask & 1 ? 2000 : 0))
    const shared = (mask: number): number =>
      (mask & 1 ? 1000 : 0) + (mask & 4 ? 1000 : 0) + ((mask & 5) === 5 ? 800 : 0)
    const together = documentOf(second, mask => 1000 + (mask & 2 ? 2000 : 0) + shared(mask))
    const [, two, , four] = play([[{ by: first }], [{ by: second, fee: 10n }], [], []], {
      heldOut: [alone, together]
    })
    const [own, later] = [two?.kept.rows[0], two?.kept.evidence.find(({ model }) => model === second.model)]
    assert.equal(own?.evidence, second.model)
    assert.ok((later?.positive[0] ?? 0n) < (own?.positive[0] ?? 0n))
    const line = four?.payouts.find(({ account }) => account === foundation)
    assert.deepEqual([line?.vestedShare, line?.resettled], [150_000n, 0n])
  })

  it('pays by the first division where no later version came', () => {
    const [one, , , four] = play([[{ by: first }], [{ by: first, fee: 10n }], [], []])
    assert.equal(one?.keptBack, 300_000n)
    assert.equal(cumulative(four!, late), 1_000_000n + 7n)
    assert.deepEqual([four?.keptBack, four?.payouts.map(({ resettled }) => resettled)], [3n, [0n, 0n]])
  })

  it('pays what is kept when its time is over, also where hardly anybody asks', () => {
    const at = (epoch: number): bigint => (epoch === 1 ? now : now + 1_000_000n)
    const [one, two] = play([[{ by: first }], []], { at })
    assert.deepEqual([one?.keptBack, two?.keptBack, cumulative(two!, late)], [300_000n, 0n, 1_000_000n])
  })

  it('is not moved by a model of the same version, by one that adds less, nor by one that answers worse', () => {
    const same = [
      [first, 1],
      [second, 1]
    ] as const
    const less = documentOf(second, mask => 6000 + (mask & 1 ? 1999 : 0))
    const worse = documentOf(second, mask => (mask & 1 ? 2999 : 0))
    for (const over of [{ versions: same }, { heldOut: [firstSays, less] }, { heldOut: [firstSays, worse] }]) {
      const [, two, , four] = play([[{ by: first }], [{ by: second, fee: 10n }], [], []], over)
      assert.equal(two?.kept.rows[0]?.evidence, null)
      assert.equal(four?.payouts.find(({ account }) => account === late)?.resettled, 0n)
    }
  })

  it('goes by what was known an epoch before: a version that comes with the last one moves nothing', () => {
    const [, , , four] = play([[{ by: first }], [], [], [{ by: second, fee: 10n }]])
    assert.equal(four?.payouts.find(({ account }) => account === late)?.resettled, 0n)
  })

  it('pays everything at once where the Datanet keeps nothing back', () => {
    const [one] = play([[{ by: first }]], { keeping: null })
    assert.deepEqual([one?.keptBack, one?.kept, cumulative(one!, late)], [0n, nothingKept, 1_000_000n])
  })

  it('conserves what came in over random epochs, to the last unit, and is made again from each bundle', () => {
    const answer = fc.record({
      by: fc.constantFrom(first, second),
      fee: fc.bigInt(1n, 10n ** 20n)
    })
    const epochs = fc.array(fc.uniqueArray(answer, { maxLength: 2, selector: ({ by }) => by.model }), {
      minLength: 1,
      maxLength: 7
    })
    const keeping = fc.record({
      share: fc.integer({ min: 1, max: 5_000 }),
      epochs: fc.integer({ min: 1, max: 4 }),
      seconds: fc.constant(1_000)
    })
    fc.assert(
      fc.property(epochs, fc.option(keeping), (told, rule) => {
        const bundles = play(told, { keeping: rule })
        bundles.forEach((bundle, i) => {
          const before = bundles[i - 1]
          assert.equal(bundle.keptBack, keptOf(bundle.kept))
          assert.equal(bundle.payoutsTotal + bundle.held + bundle.keptBack + bundle.open, bundle.deposited)
          const previous = before === undefined ? undefined : { cid: `bundle ${i}`, bundle: before }
          assert.equal(canonicalJson(rebuild(bundle, { network, previous })), canonicalJson(bundle))
          // Nobody's sum ever falls.
          for (const { account } of before?.payouts ?? [])
            assert.ok(cumulative(bundle, account) >= cumulative(before!, account))
          // A bundle that was written and read is the same.
          const read = epochBundle.parse(JSON.parse(canonicalJson({ ...bundle, receipts: [], previous: null })))
          assert.deepEqual(read.kept, bundle.kept)
        })
      }),
      { numRuns: 60 }
    )
  })

  it('reads bundles of before as such that keep nothing, and no others', () => {
    const [one] = play([[]])
    assert.equal(one?.format, 2)
    const added = new Set(['format', 'versions', 'keeping', 'kept', 'keptBack'])
    const before = Object.fromEntries(Object.entries(one).filter(([name]) => !added.has(name)))
    const read = epochBundle.parse(JSON.parse(canonicalJson(before)))
    assert.deepEqual([read.format, read.kept, read.keptBack, read.keeping], [1, nothingKept, 0n, null])
    assert.ok(!epochBundle.safeParse(JSON.parse(canonicalJson({ ...one, format: 3 }))).success)
    // What says that it is of before keeps nothing, whatever it says.
    const claimed = { ...play([[{ by: first }]])[0]!, format: 1, receipts: [] }
    assert.ok(!epochBundle.safeParse(JSON.parse(canonicalJson(claimed))).success)
  })

  it('takes no ledger that says something of nobody, more than all of a weight, or a weight twice', () => {
    const bundle = { ...play([[{ by: first }]])[0]!, receipts: [] }
    const [row] = bundle.kept.rows
    const told = (over: Partial<typeof row>): boolean => {
      const kept = { ...bundle.kept, rows: [{ ...row, ...over }] }
      return epochBundle.safeParse(JSON.parse(canonicalJson({ ...bundle, kept }))).success
    }
    assert.ok(row !== undefined && told({}))
    const piece = (credits: [number, bigint][]) => ({ paid: 7n, kept: 3n, credits, others: 0n })
    assert.ok(
      told({
        pieces: [
          piece([
            [0, 5n],
            [1, 5n]
          ])
        ]
      })
    )
    for (const over of [
      { positive: [1n] },
      { most: [1n] },
      { calibration: [1n, 1_000_001n] },
      { players: [late, late] },
      { pieces: [piece([[2, 5n]])] },
      {
        pieces: [
          piece([
            [1, 5n],
            [1, 5n]
          ])
        ]
      }
    ])
      assert.ok(!told(over), canonicalJson(over))
  })

  it('tells each account what of it waits, and until when', () => {
    const [one] = play([[{ by: first }]])
    assert.deepEqual(keptBackOf(one!.kept, late), [
      { model: first.model, epoch: 1, until: 4, by: now + 1_000_000n, amount: 300_000n, evidence: null }
    ])
    assert.deepEqual(keptBackOf(one!.kept, accounts[3]!), [])
  })

  it('keeps no more than it has room for: what is beyond is paid at once, the smallest first', () => {
    const standing = (name: string): ModelStanding => ({
      ...standingFrom({ measure: first, values: heldOutValues(firstSays, first) }, 1),
      model: keccak(name)
    })
    const weights = { players: [1n, 1n], others: 0n }
    const many = (count: number, money: bigint) => Array.from({ length: count }, () => ({ money, weights }))
    const models = new Map(
      (
        [
          ['small', many(10_000, 1_000n)],
          ['large', many(10_000, 1_000_000n)]
        ] as const
      ).map(([name, pieces]) => [keccak(name), { standing: standing(name), pieces }])
    )
    const keeping = { rule, epoch: 1, at: now, before: nothingKept }
    const rows = rowsAdded(models, keeping)
    assert.deepEqual(
      rows.map(({ model }) => model),
      [keccak('large')]
    )
    const ledger = ledgerAfter(keeping, rows, [])
    assert.ok(ledger.rows.flatMap(({ pieces }) => pieces).length * 3 <= mostKeptLines)
    const end = { before: ledger, epoch: 4, at: now }
    assert.equal(sum(released(end).parts.map(({ share }) => share)), keptOf(ledger))
  })
})
