import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  attributionOf,
  checkBundle,
  counterfactualPlace,
  credited,
  disbelieved,
  divideAnswer,
  epochBundle,
  foundBy,
  isFound,
  isNear,
  measureOf,
  payOfWord,
  reasonsOf,
  payoutsTree,
  receiptId,
  receiptsTree,
  standingOf,
  withCounterfactual,
  wrongScorers
} from '../../../protocol/payouts/index.ts'
import type { BundleFacts, EpochBundle, MeasuredAnswer, Scored, Weights } from '../../../protocol/payouts/index.ts'
import { canonicalJson, InvalidError } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  committed,
  coalitions,
  epochFrom,
  factsFor,
  heldOutOf,
  measure,
  measuredOf,
  model,
  network,
  now,
  players,
  receiptsOf,
  scored,
  seed,
  utilitiesOf
} from './world.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
const weight = fc.bigInt({ min: -2_000_000n, max: 2_000_000n })
const weightsOfSome = fc.record({
  players: fc.array(weight, { minLength: 4, maxLength: 4 }),
  others: fc.constant(0n)
})
const standings = fc
  .tuple(
    fc.array(weight, { minLength: 4, maxLength: 4 }),
    fc.array(weight, { minLength: 4, maxLength: 4 }),
    fc.array(fc.bigInt({ min: 0n, max: 2_000_000n }), { minLength: 4, maxLength: 4 })
  )
  .map(([truth, own, most]) => standingOf(truth, own.map(credited), most))

describe('an answer that hardly anybody believes', () => {
  // The spammer has caused it, and held-out questions know nothing good of it; the late one would have known better.
  const standing = standingOf(
    [4_000_000n, 1_500_000n, 0n, -100n],
    [4_000_000n, 1_500_000n, 0n, 0n],
    [1_000_000n, 1_000_000n, 0n, 0n]
  )
  const wrong = { players: [20_000n, -10_000n, 0n, 800_000n], others: 0n }
  const better = { players: [0n, 850_000n, 0n, -300_000n], others: 0n }

  it('goes to whose the answer without them would have been, and not to who knows most', () => {
    const shares = (weights: Weights) => divideAnswer(1000n, weights, standing)?.map(({ share }) => share)
    assert.deepEqual(shares(wrong), [734n, 266n, 0n, 0n])
    assert.deepEqual(shares(withCounterfactual(wrong, better, standing)), [24n, 976n, 0n, 0n])
  })

  it('is one of which a player is owed much, and believed less than half', () => {
    assert.equal(disbelieved(wrong, standing), 0b1000n)
    // Little of the answer, and an answer that it was seen to know.
    assert.equal(disbelieved({ players: [800_000n, 0n, 0n, 200_000n], others: 0n }, standing), 0n)
    assert.equal(disbelieved({ players: [1_900_000n, 0n, 0n, 0n], others: 0n }, standing), 0n)
    assert.equal(disbelieved({ players: [2_100_000n, 0n, 0n, 0n], others: 0n }, standing), 0b0001n)
  })

  it('is asked of the sibling of all others, where there is one', () => {
    assert.equal(counterfactualPlace(measure, wrong, standing), coalitions.indexOf('7'))
    assert.equal(counterfactualPlace(measure, better, standing), undefined)
    // Nobody is left where nobody is believed.
    const nobody = standingOf(
      players.map(() => 0n),
      players.map(() => 0n),
      players.map(() => 0n)
    )
    const all = { players: players.map(() => 300_000n), others: 0n }
    const some = { ...all, players: all.players.with(0, 0n) }
    assert.equal(disbelieved(some, nobody), 0b1110n)
    assert.equal(counterfactualPlace(measure, some, nobody), undefined)
    const two = measureOf({ model, players: players.slice(0, 1), coalitions: ['0', '1'], dataPoints: 3000 })
    assert.equal(counterfactualPlace(two, { players: [500_000n], others: 0n }, nobody), undefined)
  })

  it('has as much credit as it had, none less than nothing, and gives nobody believed less than before', () => {
    fc.assert(
      fc.property(weightsOfSome, weightsOfSome, standings, (weights, other, standing) => {
        const by = withCounterfactual(weights, other, standing)
        const without = disbelieved(weights, standing)
        assert.equal(sum(by.players.map(credited)) + by.others, sum(weights.players.map(credited)) + weights.others)
        by.players.forEach((credit, i) => {
          const before = credited(weights.players[i] ?? 0n)
          if ((without >> BigInt(i)) % 2n === 1n) assert.ok(credit <= before)
          else assert.ok(credited(credit) >= before)
        })
        if (without === 0n) assert.deepEqual(by, weights)
        assert.ok(by.others >= 0n)
        const parts = divideAnswer(1_000_003n, by, standing)
        if (parts !== null) assert.equal(sum(parts.map(({ share }) => share)), 1_000_003n)
      })
    )
  })

  it('pays no stranger to held-out questions by what would have been answered', () => {
    fc.assert(
      fc.property(weightsOfSome, weightsOfSome, standings, (weights, other, standing) => {
        const parts = divideAnswer(1_000_003n, withCounterfactual(weights, other, standing), standing)
        // Rounding gives a unit at most.
        parts?.forEach(({ share }, i) => {
          const { calibration, positive } = standing
          if (calibration[i] === 0n && positive[i] === 0n) assert.ok(share <= 1n)
        })
      })
    )
  })
})

describe('words on what would have been answered', () => {
  const says = (counterfactual?: number[], utilities = [...wrongly]): MeasuredAnswer => ({
    ...measuredOf(measure, utilities),
    ...(counterfactual === undefined ? {} : { counterfactual })
  })
  const [a, near, far] = [
    utilitiesOf([0, 5000, 0, 0]),
    utilitiesOf([0, 5000, 0, 0], 1001),
    utilitiesOf([0, 0, 5000, 0])
  ]

  it('count where more than half of all have found the same, to one unit', () => {
    const counted = (...words: (number[] | undefined)[]) => foundBy(words.map(one => says(one)))
    assert.ok(isNear(counted(a, near, far)?.measured.counterfactual ?? [], a))
    assert.deepEqual(counted(a, near, far)?.counts, [true, true, false])
    assert.equal(counted(a, undefined, far)?.measured.counterfactual, undefined)
    assert.deepEqual(counted(a, undefined, far)?.counts, [true, true, true])
    assert.deepEqual(counted(a, undefined, a)?.counts, [true, false, true])
    assert.equal(counted(undefined, undefined, a)?.measured.counterfactual, undefined)
  })

  it('blame nobody: rounding may bring one to the other side of a bound', () => {
    const words = [a, undefined, far].map((one, i) => ({
      ...says(one),
      receipt: 0,
      scorer: accountOf(`scorer ${i}`),
      signature: '0x' as const,
      path: []
    }))
    assert.deepEqual(wrongScorers(words), [])
    assert.ok(isFound(says(), says(a)) && isFound(says(a), says()))
    assert.ok(isFound(says(near), says(a)))
    assert.ok(!isFound(says(far), says(a)))
  })

  it('are none of a model whose coalitions have not all a sibling, nor of another number of coalitions', () => {
    const refused = (code: string) => (error: unknown) => error instanceof InvalidError && error.code === code
    assert.throws(() => attributionOf(measure, says(a.slice(1))), refused('utilities.count'))
    const many = measureOf({
      model,
      players: Array.from({ length: 8 }, (_, i) => accountOf(`player ${i}`)),
      coalitions: ['0', '15', '240', '255'],
      dataPoints: 3000
    })
    const word = { utilities: [0, 1, 2, 3], candidates: [0, 1], counterfactual: [0, 1, 2, 3] }
    assert.throws(() => attributionOf(many, word), refused('counterfactual.coalitions'))
  })
})

/** The spammer alone has caused it. */
const wrongly = utilitiesOf([0, 0, 0, 8000])

describe('an epoch with wrong answers', () => {
  const document = heldOutOf(measure, [utilitiesOf([4000, 0, 0, -300]), utilitiesOf([0, 4000, 0, -300])])
  const receipts = receiptsOf([{ sequence: 1n, fee: 10n ** 9n, utilities: wrongly }])
  const panel = ['one', 'two', 'three'].map(accountOf)
  const better = utilitiesOf([0, 5000, 0, -800])
  const epoch = (...said: (readonly number[] | undefined)[]) => {
    const words = receipts.map(one => {
      const list = said.map((counterfactual, i): Scored =>
        scored(one, wrongly, ['one', 'two', 'three'][i], measure, counterfactual)
      )
      return [receiptId(network, one), list.toSorted((x, y) => (x.scorer < y.scorer ? -1 : 1))] as const
    })
    const { scorings, commitments } = committed(receipts, new Map(words), { panel })
    const bundle = epochFrom({ receipts, panel, scorings, heldOut: new Map([[model, document]]) })
    return { bundle, commitments }
  }
  type Epoch = ReturnType<typeof epoch>
  const codesOf = ({ bundle, commitments }: Epoch, own?: BundleFacts['own']): string[] => {
    const [anchored, paid] = [receiptsTree(network, bundle.receipts).root, payoutsTree(bundle.payouts).root]
    return checkBundle(bundle, {
      ...factsFor(bundle.receipts),
      epoch: 1,
      stated: {
        receiptsRoot: anchored.hash,
        receiptsTotal: anchored.sum,
        receiptCount: bundle.receipts.length,
        payoutsRoot: paid.hash,
        payoutsTotal: paid.sum,
        proposedAt: now + 500_000n,
        anchoredAt: now + 5n,
        seed,
        panel,
        commitments
      },
      previous: undefined,
      deposited: bundle.deposited,
      donated: bundle.donated,
      heldOut: new Map([[model, document]]),
      ...(own === undefined ? {} : { own })
    }).map(({ code }) => code)
  }
  const shareOf = ({ bundle }: Epoch, name: string): bigint =>
    bundle.payouts.find(({ account }) => account === accountOf(name))?.share ?? 0n

  it('pays who would have known better, as the chain, its watchers and its readers find again', () => {
    const [without, by] = [epoch(undefined, undefined, undefined), epoch(better, better, better)]
    const money = sum(by.bundle.data) - 3n * sum(by.bundle.data.map(payOfWord))
    assert.equal(shareOf(without, 'late'), money / 2n)
    assert.ok(shareOf(by, 'late') > (money * 9n) / 10n)
    assert.equal(shareOf(by, 'spammer'), 0n)
    assert.equal(sum(by.bundle.payouts.map(({ share }) => share)), sum(by.bundle.data))
    const [reason] = reasonsOf(network, by.bundle).answersOf(accountOf('late'), 0, 1)
    assert.equal(reason?.money, shareOf(by, 'late'))
    assert.equal(reason.counterfactual, 5_000n * 100n)
    assert.equal(canonicalJson(epochBundle.parse(JSON.parse(canonicalJson(by.bundle)))), canonicalJson(by.bundle))
    assert.deepEqual(codesOf(by), [])
    // Whoever has measured it finds a lie; whoever has not, says nothing.
    const id = receiptId(network, receipts[0]!)
    const own = (counterfactual?: readonly number[]) =>
      new Map([
        [id, { ...measuredOf(measure, wrongly), ...(counterfactual && { counterfactual: [...counterfactual] }) }]
      ])
    assert.deepEqual(codesOf(by, own()), [])
    assert.deepEqual(codesOf(by, own(better)), [])
    assert.deepEqual(codesOf(by, own(utilitiesOf([5000, 0, 0, -800]))), ['scoring.utilities'])
  })

  it('is not turned by one of three, who is not paid for it', () => {
    const lie = utilitiesOf([0, 0, 9000, 0])
    const bundle = epoch(better, better, lie)
    assert.equal(shareOf(bundle, 'late'), shareOf(epoch(better, better, undefined), 'late'))
    assert.equal(shareOf(bundle, 'three'), 0n)
    assert.ok(shareOf(bundle, 'one') > 0n)
  })

  it('takes no word with another counterfactual than it was signed with', () => {
    const { bundle, commitments } = epoch(better, better, better)
    const scorings = bundle.scorings.map((word, i) => (i === 0 ? { ...word, counterfactual: [...wrongly] } : word))
    const codes = codesOf({ bundle: { ...bundle, scorings } satisfies EpochBundle, commitments })
    assert.ok(codes.includes('scoring.unsound'), codes.join())
  })
})
