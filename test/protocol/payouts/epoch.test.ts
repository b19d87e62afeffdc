import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  attributionOf,
  divisionOf,
  foundBy,
  gateOf,
  measureOf,
  payoutsTree,
  placeOf,
  receiptId,
  receiptsTree,
  rebuild,
  selectReceipts,
  settle,
  settledOf,
  isSettled,
  graceSeconds,
  maxRanges,
  sharesOf
} from '../../../protocol/payouts/index.ts'
import type { Settled, EpochBundle } from '../../../protocol/payouts/index.ts'
import { epochBundle } from '../../../protocol/payouts/index.ts'
import { canonicalJson, InvalidError, keccak, leafNode, inSumTree } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelOf,
  coalitions,
  factsFor,
  gate,
  gates,
  measure,
  measures,
  model,
  network,
  players,
  receipt,
  scored,
  scoringsFor,
  typical,
  utilitiesOf,
  epochFrom,
  now,
  expiry
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
    gates,
    deposited,
    previous
  })
/** The state after an epoch that counts these. */
const settledBy = (receipts: readonly ReturnType<typeof receipt>[]): Settled =>
  settle(
    new Map(),
    receipts.map(one => one.receipt.message),
    new Map(receipts.map(one => [one.receipt.message.channel, expiry])),
    now
  )
const share = (bundle: EpochBundle, name: string): bigint =>
  bundle.payouts.find(({ account }) => account === accountOf(name))?.share ?? 0n

const plans = fc.uniqueArray(
  fc.record({
    client: fc.constantFrom('c1', 'c2'),
    worker: fc.constantFrom('w1', 'w2'),
    sequence: fc.bigInt(1n, 12n),
    fee: fc.bigInt(0n, 10n ** 20n),
    confidential: fc.boolean(),
    utilities: fc.option(fc.array(fc.nat(10_000), { minLength: 16, maxLength: 16 }))
  }),
  { maxLength: 12, selector: plan => `${plan.client} ${plan.worker} ${plan.sequence}` }
)
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
          gates: new Map([[model, gateOf(other, [typical])]]),
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
          gates: new Map(),
          deposited: 1n,
          previous: undefined
        }),
      (error: unknown) => error instanceof InvalidError && error.code === 'epoch.gate'
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
    const { weights } = attributionOf(other, found)
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
      gates: new Map([
        [model, gate],
        [second, gateOf(other, [[0, 0, 100, 100]])]
      ])
    })
    assert.deepEqual(
      bundle.models.map(one => one.model),
      [model, second]
    )
    const late = bundle.payouts.find(line => line.account === accountOf('late')) ?? assert.fail()
    assert.equal(late.value, (3000n * 1000n * (gate.values[1] ?? 0n)) / 2n + 1000n * 3000n * (weights[0] ?? 0n))
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

describe('receipts that count', () => {
  it('are the same whatever order they were heard in', () => {
    fc.assert(
      fc.property(plans, fc.bigInt(0n, 10n ** 21n), fc.nat(), (plans, claimed, seed) => {
        const receipts = plans.map(plan => receipt(plan))
        const words = scoringsFor(receipts)
        const facts = factsFor(receipts, claimed)
        const shuffled = receipts.toSorted((a, b) =>
          keccak(`${seed}${placeOf(a)}`) < keccak(`${seed}${placeOf(b)}`) ? -1 : 1
        )
        const { counted } = selectReceipts(receipts, words, facts)
        assert.deepEqual(selectReceipts(shuffled, words, facts).counted, counted)
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
    selectReceipts(receipts, scoringsFor(receipts), facts).left.map(({ fault }) => fault)

  it('count once', () => {
    const [one, twin] = [receipt(), receipt({ fee: 7n })]
    assert.deepEqual(left([one, twin]), ['duplicate'])
    assert.deepEqual(
      selectReceipts([one, twin], scoringsFor([one, twin]), factsFor([one])).counted,
      selectReceipts([twin, one], scoringsFor([one, twin]), factsFor([one])).counted
    )
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { settled: settledBy([one]) })), ['settled'])
  })

  it('count exactly once over any epochs, however late they come, and nothing is settled that did not count', () => {
    const arrival = fc.record({
      client: fc.constantFrom('c1', 'c2'),
      sequence: fc.bigInt(1n, 9n),
      fee: fc.bigInt(0n, 1000n),
      epoch: fc.nat(4)
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(arrival, { selector: one => `${one.client} ${one.sequence}`, maxLength: 14 }),
        arrivals => {
          const all = arrivals.map(one => ({ epoch: one.epoch, receipt: receipt({ ...one, utilities: null }) }))
          let previous: { cid: string; bundle: EpochBundle } | undefined
          const counted: string[] = []
          for (let number = 0; number <= 4; number++) {
            // Everything that is known by then is offered again and again: what was settled, too.
            const known = all.filter(({ epoch }) => epoch <= number).map(one => one.receipt)
            const facts = factsFor(known, 10n ** 30n, {
              measures: new Map([[model, null]]),
              settled: settledOf(previous?.bundle.settled ?? [])
            })
            const { counted: chosen } = selectReceipts(known, new Map(), facts)
            const bundle = epochFrom({
              epoch: number + 1,
              receipts: chosen,
              scorings: new Map(),
              measures: new Map([[model, null]]),
              gates: new Map(),
              deposited: 0n,
              previous
            })
            counted.push(...chosen.map(placeOf))
            // The state says exactly what has counted: no place more, no fee less.
            const state = settledOf(bundle.settled)
            for (const { receipt: one } of all)
              assert.equal(isSettled(state, one.receipt.message), counted.includes(placeOf(one)))
            assert.equal(
              sum(bundle.settled.map(line => line.fees)),
              sum(all.filter(one => counted.includes(placeOf(one.receipt))).map(one => one.receipt.receipt.message.fee))
            )
            // Whoever makes it again from its own text and the one before gets the same.
            const text = epochBundle.parse(JSON.parse(canonicalJson(bundle)))
            assert.equal(canonicalJson(rebuild(text, { network, previous })), canonicalJson(bundle))
            previous = { cid: `bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52z${number}`, bundle }
          }
          assert.deepEqual(counted.toSorted(), all.map(one => placeOf(one.receipt)).toSorted())
        }
      ),
      { numRuns: 30 }
    )
  })

  it('of a channel that is over count no more, whatever was forgotten of it', () => {
    const one = receipt()
    const end = expiry + graceSeconds
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { at: end })), [])
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { at: end + 1n })), ['over'])
  })

  it('leave so many gaps in a channel, and wait while there are more', () => {
    const scattered = Array.from({ length: maxRanges + 2 }, (_, i) => receipt({ sequence: BigInt(2 * i + 1), fee: 1n }))
    assert.deepEqual(left(scattered), ['scattered', 'scattered'])
    // One that fills a gap makes room for another.
    assert.deepEqual(left([...scattered, receipt({ sequence: 2n, fee: 1n })]), ['scattered'])
  })

  it('count as far as the channel has paid, fees of earlier epochs included', () => {
    const receipts = [receipt({ sequence: 1n }), receipt({ sequence: 2n }), receipt({ sequence: 3n, fee: 10n })]
    assert.deepEqual(left(receipts, factsFor(receipts, 2000n)), ['unpaid'])
    assert.deepEqual(
      left(receipts, factsFor(receipts, 3010n, { settled: settledBy([receipt({ sequence: 9n, fee: 1001n })]) })),
      ['unpaid']
    )
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

  it('count once somebody who has something to lose has weighed them, and most of those agree', () => {
    const one = receipt()
    const lie = utilitiesOf([0, 9000, 0, 0])
    const choose = (...words: ReturnType<typeof scored>[]): string | number => {
      const { counted, scorings, left } = selectReceipts(
        [one],
        new Map([[receiptId(network, one), words]]),
        factsFor([one])
      )
      assert.equal(counted.length + left.length, 1)
      return left[0]?.fault ?? scorings.get(receiptId(network, one))?.length ?? 0
    }
    assert.equal(choose(), 'unscored')
    assert.equal(choose(scored(one)), 1)
    // Keys made on the spot are no votes, however many; nor are the answer's parties, nor who built the model.
    const strangers = Array.from({ length: 500 }, (_, i) => scored(one, lie, `stranger ${i}`))
    assert.equal(choose(...strangers), 'unscored')
    assert.equal(choose(...strangers, scored(one)), 1)
    assert.equal(choose(...['client', 'worker', 'builder'].map(name => scored(one, lie, name))), 'unscored')
    // A word that is not signed, or says other weights than follow from its utilities, is none.
    assert.equal(choose({ ...scored(one), utilities: lie }), 'unscored')
    assert.equal(choose({ ...scored(one), scorer: accountOf('scorer 2') }), 'unscored')
    assert.equal(choose({ ...scored(one), utilities: [1, 2] }), 'unscored')
    // Two who differ leave it open; the third decides, and of more only the first three count.
    assert.equal(choose(scored(one), scored(one, lie, 'scorer 2')), 'disputed')
    assert.equal(choose(scored(one), scored(one, lie, 'scorer 2'), scored(one, typical, 'scorer 3')), 3)
    assert.equal(choose(...['scorer', 'scorer 2', 'scorer 3', 'scorer 4'].map(name => scored(one, typical, name))), 3)
  })

  it('wait while it is not known how their model is weighed', () => {
    const one = receipt()
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { measures: new Map() })), ['measure'])
    assert.deepEqual(left([one], factsFor([one], 10n ** 9n, { measures: new Map([[model, null]]) })), [])
    assert.equal(divisionOf(receipt({ utilities: null }), measure), 'none')
    assert.equal(divisionOf(receipt({ confidential: true }), measure), 'held-out')
  })
})

describe('what several scorers find', () => {
  const utilities = fc.array(fc.nat(10_000), { minLength: 4, maxLength: 4 })
  it('is the median of each utility, whatever a minority says', () => {
    fc.assert(
      fc.property(utilities, fc.array(utilities, { maxLength: 4 }), fc.nat(), (honest, lies, seed) => {
        const words = [...lies.map(lie => ({ utilities: lie })), ...lies.map(() => ({ utilities: honest }))]
        words.push({ utilities: honest })
        words.sort((a, b) => (keccak(`${seed}${a.utilities.join()}`) < keccak(`${seed}${b.utilities.join()}`) ? -1 : 1))
        const found = foundBy(words)
        assert.deepEqual(found?.utilities, honest)
        assert.equal(found?.settled, true)
      })
    )
  })

  it('agrees to the last digit of rounding, and no further', () => {
    const word = (by: number) => ({ utilities: typical.map((u, k) => (k === 3 ? u + by : u)) })
    const agrees = (by: number): unknown => {
      const { agrees, exact } = foundBy([word(0), word(0), word(by)]) ?? assert.fail()
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
})

describe('answers that nobody may see', () => {
  it('are paid by what data is worth on held-out questions, by positive values alone', () => {
    const unseen = epochOf([receipt({ confidential: true })], 1_000_003n)
    const positive = gate.values.map(value => (value > 0n ? value : 0n))
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
    const worthless = new Map([[model, gateOf(measure, [utilitiesOf([-5, 0, 0, -300])])]])
    const held = epochFrom({
      epoch: 1,
      receipts: both,
      scorings: scoringsFor(both),
      measures,
      gates: worthless,
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
