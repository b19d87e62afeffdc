import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  attributionOf,
  foundBy,
  measureOf,
  payoutsTree,
  receiptId,
  receiptsTree,
  rebuild,
  sharesOf
} from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import { epochBundle } from '../../../protocol/payouts/index.ts'
import { canonicalJson, InvalidError, keccak, leafNode, inSumTree } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelOf,
  coalitions,
  heldOut,
  heldOutOf,
  measure,
  measuredOf,
  measures,
  model,
  network,
  plans,
  players,
  receipt,
  scored,
  scoringsFor,
  typical,
  utilitiesOf,
  epochFrom,
  document,
  worth
} from './world.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
const epochOf = (
  receipts: ReturnType<typeof receipt>[],
  deposited: bigint,
  previous?: { cid: string; bundle: EpochBundle },
  number = 1
): EpochBundle =>
  epochFrom({
    epoch: number,
    receipts,
    scorings: scoringsFor(receipts),
    measures,
    heldOut,
    deposited,
    previous
  })
const share = (bundle: EpochBundle, name: string): bigint =>
  bundle.payouts.find(({ account }) => account === accountOf(name))?.share ?? 0n

const inOrder = (plan: { client: string; worker: string; sequence: bigint }): string =>
  `${channelOf(plan.client, plan.worker)} ${String(plan.sequence).padStart(4, '0')}`

describe('an epoch', () => {
  it('pays the foundation more than the late one, the copier and the spammer nothing, and all of it', () => {
    const bundle = epochOf([receipt({ sequence: 1n }), receipt({ sequence: 2n, fee: 500n })], 1_000_003n)
    assert.ok(share(bundle, 'foundation') > share(bundle, 'late') && share(bundle, 'late') > 0n)
    assert.equal(share(bundle, 'copier'), 0n)
    assert.equal(share(bundle, 'spammer'), 0n)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 1_000_003n)
    assert.equal(bundle.held, 0n)
  })

  it('goes by what the rows are worth, not by who wrote them: with names permuted shares go with the rows', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), order => {
        const worth = [4000, 1500, 0, -300]
        const names = order.map(i => players[i] ?? assert.fail())
        const other = measureOf({ model, players: names, coalitions, dataPoints: 3000 })
        const paid = receipt()
        const bundle = epochFrom({
          epoch: 1,
          receipts: [paid],
          scorings: new Map([[receiptId(network, paid), [scored(paid, utilitiesOf(worth), 'scorer', other)]]]),
          measures: new Map([[model, other]]),
          heldOut: new Map([[model, heldOutOf(other, [typical])]]),
          deposited: 999_999n,
          previous: undefined
        })
        assert.deepEqual(
          bundle.payouts.map(line => line.share),
          epochOf([paid], 999_999n).payouts.map(line => line.share)
        )
        assert.deepEqual(
          bundle.payouts.map(line => line.account),
          names
        )
      })
    )
  })

  it('conserves every unit over any sequence of epochs, and nobody ever loses a claim', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ plans, income: fc.bigInt(0n, 10n ** 24n) }), { minLength: 1, maxLength: 4 }),
        epochs => {
          let previous: { cid: string; bundle: EpochBundle } | undefined
          let deposited = 0n
          epochs.forEach(({ plans, income }, i) => {
            deposited += income
            const receipts = plans.map(plan => receipt({ ...plan, sequence: plan.sequence + BigInt(100 * i) }))
            const bundle = epochOf(receipts, deposited, previous, i + 1)
            // What came in is what everybody may claim, and what is held.
            assert.equal(deposited, bundle.payoutsTotal + bundle.held)
            assert.equal(bundle.payoutsTotal, sum(bundle.payouts.map(line => line.cumulative)))
            assert.equal(bundle.dataFees, sum(bundle.payouts.map(line => line.share)) + bundle.held)
            assert.equal(
              bundle.payoutsTotal,
              (previous?.bundle.payoutsTotal ?? 0n) + sum(bundle.payouts.map(line => line.share))
            )
            assert.equal(bundle.receiptsTotal, sum(receipts.map(one => one.receipt.message.fee)))
            previous?.bundle.payouts.forEach((line, at) => {
              assert.equal(bundle.payouts[at]?.account, line.account)
              assert.ok((bundle.payouts[at]?.cumulative ?? 0n) >= line.cumulative)
            })
            for (const line of bundle.payouts) {
              if (line.value <= 0n || (line.gate ?? 0n) <= 0n) assert.equal(line.share, line.heldOutShare)
              if ((line.gate ?? 0n) <= 0n) assert.equal(line.share, 0n)
            }
            const tree = payoutsTree(bundle.payouts)
            assert.deepEqual(tree.root, { hash: bundle.payoutsRoot, sum: bundle.payoutsTotal })
            previous = { cid: `bafyepoch${i}`.padEnd(50, 'a'), bundle }
          })
        }
      ),
      { numRuns: 40 }
    )
  })

  it('is made again from its own text, to the last byte of both roots', () => {
    fc.assert(
      fc.property(plans, fc.bigInt(0n, 10n ** 20n), (plans, deposited) => {
        const bundle = epochOf(
          plans.toSorted((a, b) => (inOrder(a) < inOrder(b) ? -1 : 1)).map(plan => receipt(plan)),
          deposited
        )
        const read = epochBundle.parse(JSON.parse(canonicalJson(bundle)))
        assert.deepEqual(read, bundle)
        assert.equal(canonicalJson(rebuild(read, { network, previous: undefined })), canonicalJson(bundle))
      }),
      { numRuns: 40 }
    )
  })

  it('has no room for what was asked and answered', () => {
    const bundle = JSON.parse(canonicalJson(epochOf([receipt()], 10n))) as { receipts: object[] }
    assert.ok(epochBundle.safeParse(bundle).success)
    for (const asked of [{ content: { messages: [] } }, { answer: [5, 6, 7] }, { nonce: keccak('nonce') }])
      assert.ok(!epochBundle.safeParse({ ...bundle, receipts: [{ ...bundle.receipts[0], ...asked }] }).success)
  })

  it('holds everything when nobody has earned it, and the next epoch shares it out', () => {
    const harmful = utilitiesOf([-100, -100, -100, -100])
    const first = epochOf([receipt({ utilities: harmful })], 5000n)
    assert.equal(first.held, 5000n)
    assert.equal(first.payoutsTotal, 0n)
    const second = epochOf([receipt({ sequence: 2n })], 5000n, { cid: 'a'.repeat(50), bundle: first }, 2)
    assert.equal(sum(second.payouts.map(line => line.share)), 5000n)
  })

  it('pays nothing to whom the held-out questions find worthless, however much the answers say', () => {
    const boasted = utilitiesOf([100, 100, 100, 5000])
    const bundle = epochOf([receipt({ utilities: boasted })], 777n)
    assert.ok((bundle.payouts.find(line => line.account === accountOf('spammer'))?.value ?? 0n) > 0n)
    assert.equal(share(bundle, 'spammer'), 0n)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 777n)
    assert.throws(
      () =>
        epochFrom({
          epoch: 1,
          receipts: [receipt()],
          scorings: scoringsFor([receipt()]),
          measures,
          heldOut: new Map(),
          deposited: 1n,
          previous: undefined
        }),
      (error: unknown) => error instanceof InvalidError && error.code === 'epoch.held-out'
    )
  })

  it('weighs two models by their fees, on both sides of the gate', () => {
    const second = keccak('second model')
    const other = measureOf({
      model: second,
      players: [accountOf('late'), accountOf('newcomer')],
      coalitions: ['0', '1', '2', '3'],
      dataPoints: 1000
    })
    const found = [1000, 2000, 4000, 6000]
    const { weights } = attributionOf(other, measuredOf(other, found))
    const [first, plain] = [receipt(), receipt({ sequence: 9n, fee: 3000n, model: second })]
    const bundle = epochFrom({
      epoch: 1,
      receipts: [first, plain],
      scorings: new Map([
        [receiptId(network, first), [scored(first)]],
        [receiptId(network, plain), [scored(plain, found, 'scorer', other)]]
      ]),
      deposited: 10_000n,
      previous: undefined,
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
      [model, second]
    )
    const late = bundle.payouts.find(line => line.account === accountOf('late')) ?? assert.fail()
    assert.equal(late.value, (3000n * 1000n * (worth.truth[1] ?? 0n)) / 2n + 1000n * 3000n * (weights[0] ?? 0n))
    assert.equal(share(bundle, 'newcomer') > 0n, true)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 10_000n)
  })

  it('proves every account its cumulative, and every receipt its fee', () => {
    const bundle = epochOf(
      [receipt({ sequence: 1n }), receipt({ sequence: 2n }), receipt({ sequence: 3n, utilities: null })],
      1234n
    )
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

describe('answers that nobody may see', () => {
  it('are paid by what data is worth on held-out questions, by positive values alone', () => {
    const unseen = epochOf([receipt({ confidential: true })], 1_000_003n)
    const positive = worth.truth.map(value => (value > 0n ? value : 0n))
    const total = sum(positive)
    unseen.payouts.forEach((line, i) => {
      const exact = (1_000_003n * (positive[i] ?? 0n)) / total
      assert.ok(line.share === exact || line.share === exact + 1n)
      assert.equal(line.share, line.heldOutShare)
      assert.equal(line.value, 0n)
    })
    assert.equal(sum(unseen.payouts.map(line => line.share)), 1_000_003n)
  })

  it('are paid beside the others by their data fees; all is held while nobody has a positive value', () => {
    const both = [receipt({ fee: 300n }), receipt({ sequence: 2n, fee: 700n, confidential: true })]
    const bundle = epochOf(both, 1_000_000n)
    assert.equal(sum(bundle.payouts.map(line => line.heldOutShare)), 700_000n)
    assert.equal(sum(bundle.payouts.map(line => line.share)), 1_000_000n)
    const worthless = new Map([[model, heldOutOf(measure, [utilitiesOf([-5, 0, 0, -300])])]])
    const held = epochFrom({
      epoch: 1,
      receipts: both,
      scorings: scoringsFor(both),
      measures,
      heldOut: worthless,
      deposited: 999n,
      previous: undefined
    })
    assert.equal(held.held, 999n)
  })
})

describe('a fee', () => {
  it('goes to nobody without value or gate', () => {
    assert.deepEqual(sharesOf(10n, [5n, -5n, 5n], [1n, 1n, 0n]), { shares: [10n, 0n, 0n], held: 0n })
    assert.deepEqual(sharesOf(10n, [5n], [null]), { shares: [0n], held: 10n })
  })
})
