import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  attributionOf,
  calibrationUnit,
  divide,
  divideAnswer,
  foundBy,
  inOrder,
  leastCredit,
  measureOf,
  payoutsTree,
  receiptId,
  receiptsTree,
  rebuild,
  standingOf
} from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import { epochBundle } from '../../../protocol/payouts/index.ts'
import { canonicalJson, InvalidError, keccak, leafNode, inSumTree } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelsOf,
  coalitions,
  heldOut,
  heldOutOf,
  measure,
  measuredOf,
  model,
  network,
  plans,
  players,
  receipt,
  receiptsOf,
  scored,
  typical,
  utilitiesOf,
  epochFrom,
  document,
  worth
} from './world.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
type Receipts = ReturnType<typeof receiptsOf>
type Previous = { cid: string; bundle: EpochBundle }
const share = (bundle: EpochBundle, name: string): bigint =>
  bundle.payouts.find(({ account }) => account === accountOf(name))?.share ?? 0n

const after = (bundle: EpochBundle): Previous => ({ cid: `bafyepoch${bundle.epoch}`.padEnd(50, 'a'), bundle })
const harmful = utilitiesOf([-100, -100, -100, -100])
const worthless = new Map([[model, heldOutOf(measure, [utilitiesOf([-5, 0, 0, -300])])]])

describe('an epoch', () => {
  it('pays the foundation more than the late one, the copier and the spammer nothing, and all of it', () => {
    const bundle = epochFrom({ receipts: receiptsOf([{ sequence: 1n }, { sequence: 2n, fee: 1_000_500n }]) })
    assert.ok(share(bundle, 'foundation') > share(bundle, 'late') && share(bundle, 'late') > 0n)
    assert.equal(share(bundle, 'copier'), 0n)
    assert.equal(share(bundle, 'spammer'), 0n)
    assert.equal(sum(bundle.payouts.map(line => line.share)), bundle.deposited)
    assert.deepEqual([bundle.held, bundle.open], [0n, 0n])
  })

  it('goes by what the rows are worth, not by who wrote them: with names permuted shares go with the rows', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), order => {
        const worth = [4000, 1500, 0, -300]
        const names = order.map(i => players[i] ?? assert.fail())
        const other = measureOf({ model, players: names, coalitions, dataPoints: 3000 })
        const paid = receipt({ fee: 999_999n })
        const bundle = epochFrom({
          receipts: [paid],
          scorings: new Map([[receiptId(network, paid), [scored(paid, utilitiesOf(worth), 'scorer', other)]]]),
          measures: new Map([[model, other]]),
          heldOut: new Map([[model, heldOutOf(other, [typical])]])
        })
        assert.deepEqual(
          bundle.payouts.map(line => line.share),
          epochFrom({ receipts: [paid] }).payouts.map(line => line.share)
        )
        assert.deepEqual(
          bundle.payouts.map(line => line.account),
          [...names, accountOf('scorer')]
        )
      })
    )
  })

  it('conserves every unit over any sequence of epochs, and nobody ever loses a claim', () => {
    const epochs = fc.array(fc.record({ plans, gift: fc.bigInt(0n, 10n ** 24n), good: fc.boolean() }), {
      minLength: 1,
      maxLength: 4
    })
    const answer = { client: 'c1', worker: 'w1', sequence: 1n, fee: 1000n, confidential: false } as const
    fc.assert(
      fc.property(epochs, list => {
        let previous: Previous | undefined
        let donated = 0n
        const all: Receipts[number][] = []
        list.forEach(({ plans, gift, good }, i) => {
          donated += gift
          const names = plans.map(plan => ({ ...plan, client: `${plan.client} ${i}` }))
          const receipts = receiptsOf(names)
          all.push(...receipts)
          const channels = channelsOf(all)
          const documents = good ? heldOut : worthless
          const made = receipts.filter(one => one.receipt.message.fee > 0n)
          const bundle = epochFrom({ epoch: i + 1, receipts: made, channels, donated, previous, heldOut: documents })
          // What came in is what everybody may claim, what is held, and what waits.
          assert.equal(bundle.deposited, bundle.payoutsTotal + bundle.held + bundle.open)
          assert.equal(bundle.payoutsTotal, sum(bundle.payouts.map(line => line.cumulative)))
          assert.equal(bundle.dataFees, sum(bundle.payouts.map(line => line.share)) + bundle.held)
          const before = previous?.bundle
          const fresh = sum([...bundle.data, ...bundle.unreceipted.map(one => one.data)])
          assert.equal(bundle.dataFees, fresh + (before?.held ?? 0n) + donated - (before?.donated ?? 0n))
          assert.equal(bundle.open, 0n)
          assert.equal(bundle.payoutsTotal, (before?.payoutsTotal ?? 0n) + sum(bundle.payouts.map(line => line.share)))
          assert.equal(bundle.receiptsTotal, sum(made.map(one => one.receipt.message.fee)))
          before?.payouts.forEach((line, at) => {
            assert.equal(bundle.payouts[at]?.account, line.account)
            assert.ok((bundle.payouts[at]?.cumulative ?? 0n) >= line.cumulative)
          })
          for (const { share, heldOutShare, scoringShare, gate } of bundle.payouts) {
            assert.ok(0n <= heldOutShare && 0n <= scoringShare && heldOutShare + scoringShare <= share)
            // What the epoch before has held is divided by whom its leading model knows, answers of theirs or none.
            if ((gate ?? 0n) <= 0n && (before?.held ?? 0n) === 0n) assert.equal(share, scoringShare)
          }
          const tree = payoutsTree(bundle.payouts)
          assert.deepEqual(tree.root, { hash: bundle.payoutsRoot, sum: bundle.payoutsTotal })
          previous = after(bundle)
        })
      }),
      {
        numRuns: 40,
        examples: [
          [
            [
              { plans: [{ ...answer, utilities: null }], gift: 100n, good: true },
              { plans: [], gift: 0n, good: true }
            ]
          ]
        ]
      }
    )
  })

  it('is made again from its own text, to the last byte of both roots', () => {
    fc.assert(
      fc.property(plans, fc.bigInt(0n, 10n ** 20n), (plans, donated) => {
        const receipts = receiptsOf(plans)
        const bundle = epochFrom({ receipts: receipts.filter(one => one.receipt.message.fee > 0n), donated })
        const read = epochBundle.parse(JSON.parse(canonicalJson(bundle)))
        assert.deepEqual(read, bundle)
        assert.equal(canonicalJson(rebuild(read, { network, previous: undefined })), canonicalJson(bundle))
      }),
      { numRuns: 40 }
    )
  })

  it('has no room for what was asked and answered', () => {
    const bundle = JSON.parse(canonicalJson(epochFrom({ receipts: [receipt()] }))) as { receipts: object[] }
    assert.ok(epochBundle.safeParse(bundle).success)
    for (const asked of [{ content: { messages: [] } }, { answer: [5, 6, 7] }, { nonce: keccak('nonce') }])
      assert.ok(!epochBundle.safeParse({ ...bundle, receipts: [{ ...bundle.receipts[0], ...asked }] }).success)
  })

  it('divides each answer by itself: an answer that owes nothing to anybody goes by held-out values', () => {
    const [bad, good] = receiptsOf([{ utilities: harmful }, { sequence: 2n, fee: 100_000n }])
    const alone = epochFrom({ receipts: [bad!] })
    const both = epochFrom({ receipts: [bad!, good!] })
    const second = epochFrom({ receipts: [good!], channels: channelsOf([bad!, good!]) })
    for (const [i, line] of both.payouts.entries())
      assert.equal(line.share, (alone.payouts[i]?.share ?? 0n) + (second.payouts[i]?.share ?? 0n))
    assert.ok(alone.payouts.every(line => line.share === line.heldOutShare + line.scoringShare))
    // Of 300 two hundredths go to who weighed it.
    assert.deepEqual(
      alone.payouts.map(line => line.share),
      [...divide(294n, worth.positive), 6n]
    )
  })

  it('pays nothing to whom the held-out questions find worthless, however much the answers say', () => {
    const boasted = utilitiesOf([100, 100, 100, 5000])
    const bundle = epochFrom({ receipts: [receipt({ utilities: boasted })] })
    assert.ok((bundle.payouts.find(line => line.account === accountOf('spammer'))?.value ?? 0n) > 0n)
    assert.equal(share(bundle, 'spammer'), 0n)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 300n)
    assert.throws(
      () => epochFrom({ receipts: [receipt()], heldOut: new Map() }),
      (error: unknown) => error instanceof InvalidError && error.code === 'epoch.held-out'
    )
  })

  it('believes a player as far as true answers bear out what the model says by itself', () => {
    // The second player's rows make the model say things, half of which are so.
    const truth = utilitiesOf([2000, 1000, 0, 0])
    const own = utilitiesOf([2000, 2000, 0, 0])
    const bundle = epochFrom({
      receipts: [receipt({ fee: 10_000n, utilities: utilitiesOf([0, 4000, 0, 0]) })],
      heldOut: new Map([[model, heldOutOf(measure, [truth], [own])]])
    })
    // Of what its scorer leaves, 2940, a half at most is its own: its rows were seen to add 0.1 to a true answer, so
    // of the 0.4 that they add to this one 0.2 counts; and half of that is believed. Of the rest a third, what its rows
    // are worth on held-out questions.
    assert.deepEqual(
      bundle.payouts.map(({ share, heldOutShare }) => [share, heldOutShare]),
      [
        [1470n, 1470n],
        [1470n, 735n],
        [0n, 0n],
        [0n, 0n],
        [60n, 0n]
      ]
    )
  })

  it('weighs two models each by its own held-out values, and tells their mean by what they brought', () => {
    const second = keccak('second model')
    const other = measureOf({
      model: second,
      players: [accountOf('late'), accountOf('newcomer')],
      coalitions: ['0', '1', '2', '3'],
      dataPoints: 1000
    })
    const found = [1000, 2000, 4000, 6000]
    const [first, plain] = [receipt(), receipt({ client: 'z', fee: 3000n, model: second })]
    const receipts = [first, plain].toSorted(inOrder)
    const bundle = epochFrom({
      receipts,
      scorings: new Map([
        [receiptId(network, first), [scored(first)]],
        [receiptId(network, plain), [scored(plain, found, 'scorer', other)]]
      ]),
      measures: new Map([
        [model, measure],
        [second, other]
      ]),
      heldOut: new Map([
        [model, document],
        [second, heldOutOf(other, [[0, 0, 100, 100]])]
      ])
    })
    assert.deepEqual(
      bundle.models.map(one => one.model),
      receipts.map(one => one.receipt.message.model)
    )
    const late = bundle.payouts.find(line => line.account === accountOf('late')) ?? assert.fail()
    const { weights } = attributionOf(other, measuredOf(other, found))
    assert.equal(late.value, 300n * ((worth.truth[1] ?? 0n) / 2n) + 900n * (weights[0] ?? 0n))
    assert.equal(share(bundle, 'newcomer') > 0n, true)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 1200n)
    // Rows of the first model add 0.52 to a right answer, those of the second 0.01.
    assert.deepEqual([bundle.leading?.model, bundle.leading?.gain], [model, 520_000n])
  })

  it('proves every account its cumulative, and every receipt its fee', () => {
    const bundle = epochFrom({ receipts: receiptsOf([1n, 2n, 3n].map(sequence => ({ sequence }))) })
    const tree = payoutsTree(bundle.payouts)
    bundle.payouts.forEach((line, i) => {
      const leaf = leafNode({
        content: keccak(new Uint8Array([...new Uint8Array(12), ...Buffer.from(line.account.slice(2), 'hex')])),
        sum: line.cumulative
      })
      assert.ok(inSumTree({ hash: bundle.payoutsRoot, sum: bundle.payoutsTotal }, leaf, tree.proof(i)))
    })
    assert.deepEqual(receiptsTree(network, bundle.receipts).root, { hash: bundle.receiptsRoot, sum: 3000n })
  })
})

describe('what an epoch holds', () => {
  const bare = keccak('a model without siblings')

  it('is what nobody has a held-out value for, what models bring that nothing is measured of, and gifts', () => {
    const bad = epochFrom({ receipts: [receipt()], heldOut: worthless })
    // Who has weighed it is paid all the same.
    assert.deepEqual([bad.held, bad.payoutsTotal, bad.leading], [294n, 6n, null])
    const plain = receipt({ model: bare, utilities: null })
    const unmeasured = epochFrom({ receipts: [plain], measures: new Map([[bare, null]]) })
    assert.deepEqual([unmeasured.held, unmeasured.unmeasured, unmeasured.payouts], [300n, [bare], []])
    // Before any epoch no model leads.
    assert.equal(epochFrom({ receipts: [receipt()], donated: 1000n }).held, 1000n)
  })

  it('goes by the model whose rows had added most to right answers before: no money turns that', () => {
    const honest = receipt({ fee: 1000n })
    const first = epochFrom({ receipts: [honest] })
    const rival = keccak('rival')
    const theirs = measureOf({ model: rival, players: [accountOf('thief')], coalitions: ['0', '1'], dataPoints: 9000 })
    const washed = receipt({ client: 'thief', model: rival, fee: 10n ** 9n })
    const channels = channelsOf([washed, honest])
    const made = (gain: number, previous: Previous, receipts: Receipts, donated: bigint) =>
      epochFrom({
        epoch: previous.bundle.epoch + 1,
        receipts,
        scorings: new Map([[receiptId(network, washed), [scored(washed, [0, 9000], 'scorer', theirs)]]]),
        measures: new Map([
          [model, measure],
          [rival, theirs]
        ]),
        heldOut: new Map([
          [model, document],
          [rival, heldOutOf(theirs, [[0, gain]])]
        ]),
        channels,
        donated,
        previous
      })
    const gifts = divide(5000n, worth.positive)
    const named = made(5000, after(first), [washed], 5000n)
    assert.deepEqual([named.held, named.leading?.model, share(named, 'thief')], [5000n, model, 294_000_000n])
    const rich = made(5000, after(named), [], 5000n)
    assert.equal(rich.held, 0n)
    for (const [i, account] of players.entries()) {
      const line = rich.payouts.find(one => one.account === account)
      assert.deepEqual([line?.share, line?.heldOutShare], [gifts[i], gifts[i]])
    }
    // A model that answers better leads, from the next epoch on.
    const better = made(9000, after(first), [washed], 5000n)
    assert.equal(share(better, 'thief'), 294_000_000n)
    assert.deepEqual(better.leading, {
      model: rival,
      gain: 900_000n,
      worth: [{ account: accountOf('thief'), worth: 900_000n }]
    })
    const late = made(9000, after(better), [], 5007n)
    assert.deepEqual([share(late, 'thief'), late.held], [5000n, 7n])
  })
})

describe('what several scorers find', () => {
  const utilities = fc.array(fc.nat(10_000), { minLength: 4, maxLength: 4 })
  const word = (utilities: number[], candidates = [0, 1]) => ({ utilities, candidates })
  it('is the median of each utility, whatever a minority says', () => {
    fc.assert(
      fc.property(utilities, fc.array(utilities, { maxLength: 4 }), fc.nat(), (honest, lies, seed) => {
        const words = [...lies.map(lie => word(lie)), ...lies.map(() => word(honest))]
        words.push(word(honest))
        words.sort((a, b) => (keccak(`${seed}${a.utilities.join()}`) < keccak(`${seed}${b.utilities.join()}`) ? -1 : 1))
        const found = foundBy(words)
        assert.deepEqual(found?.measured.utilities, honest)
        assert.equal(found?.settled, true)
      })
    )
  })

  it('agrees to the last digit of rounding, and no further', () => {
    const off = (by: number) => word(typical.map((u, k) => (k === 3 ? u + by : u)))
    const agrees = (by: number): unknown => {
      const { agrees, exact } = foundBy([off(0), off(0), off(by)]) ?? assert.fail()
      return [agrees[2], exact[2]]
    }
    assert.deepEqual(
      [agrees(0), agrees(1), agrees(2)],
      [
        [true, true],
        [true, false],
        [false, false]
      ]
    )
    assert.equal(foundBy([]), undefined)
  })

  it('names the candidates that most of them name', () => {
    const found = foundBy([word(typical, [0, 2]), word(typical), word(typical)]) ?? assert.fail()
    assert.deepEqual(found.measured.candidates, [0, 1])
    assert.deepEqual([found.agrees, found.settled], [[false, true, true], true])
    assert.equal(foundBy([word(typical, [0]), word(typical)])?.settled, false)
  })
})

describe('answers that nobody may see, and those without tokens', () => {
  it('are paid by what data is worth on held-out questions, by positive values alone', () => {
    for (const plan of [{ confidential: true }, { utilities: null }]) {
      const unseen = epochFrom({ receipts: [receipt({ ...plan, fee: 1_000_003n })] })
      assert.deepEqual(
        unseen.payouts.map(line => line.share),
        divide(unseen.deposited, worth.positive)
      )
      for (const line of unseen.payouts) assert.deepEqual([line.heldOutShare, line.value], [line.share, 0n])
    }
  })

  it('are paid beside the others, each by itself; all is held while nobody has a positive value', () => {
    const both = receiptsOf([{ fee: 3000n }, { sequence: 2n, fee: 7000n, confidential: true }])
    const bundle = epochFrom({ receipts: both })
    assert.equal(sum(bundle.payouts.map(line => line.heldOutShare)) >= 2100n, true)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 3000n)
    assert.equal(epochFrom({ receipts: both, heldOut: worthless }).held, 2982n)
  })
})

describe("an answer's shares", () => {
  const values = fc
    .array(fc.tuple(fc.bigInt(-(10n ** 7n), 10n ** 8n), fc.bigInt(0n, 10n ** 8n), fc.bigInt(0n, 2n * 10n ** 6n)), {
      minLength: 1,
      maxLength: 8
    })
    .map(all => {
      const [truth, own, most] = [all.map(([one]) => one), all.map(([, one]) => one), all.map(([, , one]) => one)]
      return { questions: 3, truth, own, gain: 1n, ...standingOf(truth, own, most) }
    })
  const weight = fc.bigInt(-(10n ** 6n), 10n ** 6n)

  it('are never negative, come to the money exactly, and are off by less than a unit each', () => {
    fc.assert(
      fc.property(
        values,
        fc.array(weight, { minLength: 8, maxLength: 8 }),
        weight,
        fc.bigInt(0n, 10n ** 30n),
        (by, all, others, money) => {
          const weights = all.slice(0, by.truth.length)
          const parts = divideAnswer(money, { players: weights, others }, by)
          if (by.total === 0n) return assert.equal(parts, null)
          assert.ok(parts !== null)
          assert.equal(sum(parts.map(({ share }) => share)), money)
          const credits = weights.map(one => (one > 0n ? one : 0n))
          const credit = sum(credits) + (others > 0n ? others : 0n)
          const whole = (credit > leastCredit ? credit : leastCredit) * calibrationUnit
          const proven = credits.map((credit, i) => {
            const most = by.most[i] ?? 0n
            return (credit < most ? credit : most) * (by.calibration[i] ?? 0n)
          })
          for (const [i, { share, heldOut }] of parts.entries()) {
            assert.ok(0n <= heldOut && heldOut <= share)
            const exact = (proven[i] ?? 0n) * by.total + (whole - sum(proven)) * (by.positive[i] ?? 0n)
            const off = share * whole * by.total - money * exact
            assert.ok(off > -whole * by.total && off < whole * by.total)
            // Who is worth nothing on held-out questions gets nothing, by either way.
            if (by.positive[i] === 0n) assert.equal(share, 0n)
          }
        }
      ),
      { numRuns: 300 }
    )
  })
})
