import assert from 'node:assert/strict'
import { checkBundle, payoutsTree, placeOf, receiptId, receiptsTree } from '../../../protocol/payouts/index.ts'
import type { BundleFacts, EpochBundle, StatedEpoch } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  factsFor,
  document,
  heldOut,
  heldOutOf,
  measure,
  measuredOf,
  measures,
  model,
  network,
  receipt,
  scored,
  scoringsFor,
  typical,
  utilitiesOf,
  epochFrom,
  withReceipts,
  now
} from './world.ts'

const honest = [
  receipt({ sequence: 1n }),
  receipt({ sequence: 2n, fee: 500n }),
  receipt({ client: 'other', sequence: 1n })
].toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
const make = (receipts: CosignedReceipt[] = honest): EpochBundle =>
  epochFrom({
    epoch: 1,
    receipts,
    scorings: scoringsFor(receipts),
    measures,
    heldOut,
    deposited: 1_000_003n,
    previous: undefined
  })

/** What stands on chain when a proposer posts the roots of its own bundle. */
function stated(bundle: EpochBundle, over: Partial<StatedEpoch> = {}): StatedEpoch {
  const [receipts, payouts] = [receiptsTree(network, bundle.receipts).root, payoutsTree(bundle.payouts).root]
  return {
    receiptsRoot: receipts.hash,
    receiptsTotal: receipts.sum,
    receiptCount: bundle.receipts.length,
    payoutsRoot: payouts.hash,
    payoutsTotal: payouts.sum,
    proposedAt: now + 5n,
    ...over
  }
}
const facts = (bundle: EpochBundle, over: Partial<BundleFacts> = {}): BundleFacts => ({
  ...factsFor(bundle.receipts),
  epoch: 1,
  stated: stated(bundle),
  previous: undefined,
  deposited: 1_000_003n,
  heldOut,
  ...over
})
const codes = (bundle: EpochBundle, over: Partial<BundleFacts> = {}): string[] => [
  ...new Set(checkBundle(bundle, facts(bundle, over)).map(({ code }) => code))
]
const proofs = (bundle: EpochBundle, over: Partial<BundleFacts> = {}) =>
  checkBundle(bundle, facts(bundle, over)).flatMap(({ proof }) => proof ?? [])

describe('what anybody checks of an epoch', () => {
  it('finds nothing wrong with an honest one', () => {
    assert.deepEqual(checkBundle(make(), facts(make())), [])
  })

  it('finds a forged signature, and where to show it', () => {
    const forged = { ...honest[1]!, clientSignature: receipt({ client: 'mallory' }).clientSignature }
    const bundle = make([honest[0]!, forged, honest[2]!])
    assert.ok(codes(bundle).includes('receipt.signature'))
    assert.deepEqual(proofs(bundle), [{ kind: 'signature', index: 1 }])
  })

  it('finds receipts of strangers to the channel, of no channel, of another model or pool', () => {
    const bundle = make()
    assert.deepEqual(
      proofs(bundle, { channels: new Map() }).map(({ kind }) => kind),
      ['signature', 'signature', 'signature']
    )
    assert.deepEqual(
      proofs(bundle, { datanets: new Map([[model, keccak('other')]]) }).map(({ kind }) => kind),
      ['model', 'model', 'model']
    )
    assert.ok(codes(bundle, { datanets: new Map() }).includes('receipt.model'))
  })

  it('does not send to the contract what the contract would not see', () => {
    // The bundle misnames a party; the signatures in the tree are right.
    const bundle = make([{ ...honest[0]!, client: accountOf('mallory') }, honest[1]!, honest[2]!])
    assert.ok(codes(bundle, { channels: factsFor(honest).channels }).includes('receipt.signature'))
    assert.deepEqual(proofs(bundle, { channels: factsFor(honest).channels }), [])
  })

  it('finds a receipt that counts twice, within an epoch or over two', () => {
    const twice = withReceipts(make([honest[0]!, honest[1]!]), [honest[0]!, honest[0]!, honest[1]!])
    assert.ok(codes(twice).includes('receipt.duplicate'))
    assert.deepEqual(proofs(twice), [{ kind: 'duplicate', index: 1, firstIndex: 0 }])
    const previous = { cid: 'bundle 1', bundle: make([honest[2]!]) }
    assert.deepEqual(proofs(make(), { epoch: 2, previous }), [{ kind: 'duplicate', index: 2, firstIndex: undefined }])
  })

  it('finds a state that forgets what was counted, invents an end, or is of another time', () => {
    const first = make([honest[2]!])
    const previous = { cid: 'bundle 1', bundle: first }
    const second = (over: Partial<EpochBundle> = {}): EpochBundle => ({
      ...epochFrom({
        epoch: 2,
        receipts: [honest[0]!, honest[1]!],
        scorings: scoringsFor(honest),
        measures,
        heldOut,
        deposited: 1_000_003n,
        previous
      }),
      ...over
    })
    const found = (bundle: EpochBundle, over: Partial<BundleFacts> = {}): string[] =>
      codes(bundle, { epoch: 2, previous, channels: factsFor(honest).channels, ...over })
    const { settled } = second()
    assert.deepEqual(found(second()), [])
    // What an earlier epoch has counted is left out, so that the next one could count it again.
    assert.ok(found(second({ settled: settled.slice(1) })).length > 0)
    const shorter = settled.map(line => ({
      ...line,
      ranges: [[line.ranges[0]![0], line.ranges[0]![0]] as [bigint, bigint]]
    }))
    assert.ok(found(second({ settled: shorter })).includes('bundle.sums'))
    assert.ok(found(second({ settled: settled.map(line => ({ ...line, fees: 0n })) })).includes('bundle.sums'))
    // An end that the chain does not know would let a channel be forgotten at once, or never.
    const ended = settled.map(line => ({ ...line, expiry: line.expiry + 1n }))
    assert.ok(found(second({ settled: ended })).includes('settled.expiry'))
    // A time to come would end channels that are open; one long gone keeps what nobody needs.
    const proposedAt = (at: bigint) => ({ stated: stated(second(), { proposedAt: at }) })
    assert.deepEqual(found(second(), proposedAt(now - 1n)), ['bundle.time'])
    assert.deepEqual(found(second(), proposedAt(now + 86_401n)), ['bundle.time'])
    assert.ok(found(second({ at: now - 1n })).includes('bundle.time'))
  })

  it('finds totals that are not the sums, and only then says so to the contract', () => {
    const bundle = make()
    assert.deepEqual(proofs(bundle, { stated: stated(bundle, { receiptsTotal: 1n }) }), [
      { kind: 'total', tree: 'receipts' }
    ])
    assert.deepEqual(proofs(bundle, { stated: stated(bundle, { payoutsTotal: 1n }) }), [
      { kind: 'total', tree: 'payouts' }
    ])
    assert.deepEqual(
      proofs(bundle, { stated: stated(bundle, { receiptsRoot: keccak('x'), payoutsRoot: keccak('y') }) }),
      []
    )
    assert.deepEqual(
      codes(bundle, {
        stated: stated(bundle, { receiptsRoot: keccak('x'), payoutsRoot: keccak('y'), receiptCount: 9 })
      }),
      ['receipts.root', 'payouts.root', 'receipts.count']
    )
  })

  it('shows nothing in a tree that is not the one on chain', () => {
    const bundle = make([{ ...honest[0]!, clientSignature: receipt({ client: 'mallory' }).clientSignature }])
    assert.deepEqual(proofs(bundle, { stated: stated(bundle, { receiptsRoot: keccak('x') }) }), [])
  })

  it('finds shares that do not follow from the receipts', () => {
    const bundle = make()
    const [first, second, ...rest] = bundle.payouts
    const greedy = {
      ...bundle,
      payouts: [
        { ...first!, cumulative: first!.cumulative - 5n },
        { ...second!, cumulative: second!.cumulative + 5n },
        ...rest
      ]
    }
    assert.ok(codes({ ...greedy, payoutsRoot: payoutsTree(greedy.payouts).root.hash }).includes('payouts.shares'))
    const added = {
      ...bundle,
      payouts: [
        ...bundle.payouts,
        { account: accountOf('mallory'), value: 1n, gate: 1n, share: 0n, heldOutShare: 0n, cumulative: 0n }
      ]
    }
    assert.ok(codes(added).includes('payouts.shares'))
    assert.deepEqual(codes({ ...bundle, held: 7n }), ['bundle.sums'])
  })

  it('finds weights, measures and held-out documents that were made up', () => {
    const bundle = make()
    const boasted = utilitiesOf([0, 9000, 0, 0])
    const [first, ...others] = bundle.scorings
    // Utilities that its scorer has not signed.
    assert.ok(
      codes({ ...bundle, scorings: [{ ...first!, utilities: boasted }, ...others] }).includes('scoring.unsound')
    )
    assert.ok(codes({ ...bundle, scorings: others }).includes('scoring.missing'))
    assert.ok(
      codes({ ...bundle, models: bundle.models.map(one => ({ ...one, dataPoints: 9 })) }).includes('bundle.measure')
    )
    assert.ok(
      codes({
        ...bundle,
        models: bundle.models.map(one => ({ ...one, coalitions: one.coalitions.toReversed() }))
      }).includes('bundle.measure')
    )
    assert.ok(codes({ ...bundle, heldOut: [{ ...document, model: keccak('other') }] }).length > 0)
    const short = heldOutOf(measure, [typical]).questions.map(({ truth, own }) => ({
      truth: { ...truth, utilities: truth.utilities.slice(1) },
      own
    }))
    assert.ok(codes({ ...bundle, heldOut: [{ ...document, questions: short }] }).includes('utilities.count'))
    const nobody = document.questions.map(({ truth, own }) => ({ truth, own: { ...own, candidates: [] } }))
    assert.ok(codes({ ...bundle, heldOut: [{ ...document, questions: nobody }] }).includes('candidates.players'))
    // One unit a question may be rounding on another machine, more is not.
    const near = epochFrom({
      epoch: 1,
      receipts: honest,
      scorings: scoringsFor(honest),
      measures,
      deposited: 1_000_003n,
      previous: undefined,
      heldOut
    })
    const own = (by: number) => {
      const moved = typical.map(value => value + by)
      return new Map([[model, heldOutOf(measure, [typical, moved], [moved, typical])]])
    }
    assert.deepEqual(codes(near, { heldOut: own(1) }), [])
    assert.deepEqual(codes(near, { heldOut: own(2) }), ['held-out.measured'])
  })

  it('finds words of scorers that do not count, and what most scorers do not find', () => {
    const one = receipt()
    const id = receiptId(network, one)
    const made = (...words: ReturnType<typeof scored>[]): EpochBundle =>
      epochFrom({
        epoch: 1,
        receipts: [one],
        scorings: new Map([[id, words]]),
        measures,
        heldOut,
        deposited: 1_000_003n,
        previous: undefined
      })
    const lie = utilitiesOf([0, 9000, 0, 0])
    const by = (...names: string[]): ReturnType<typeof scored>[] =>
      names
        .toSorted((a, b) => (accountOf(a) < accountOf(b) ? -1 : 1))
        .map(name => scored(one, name.startsWith('scorer') ? typical : lie, name))
    assert.deepEqual(codes(made(...by('scorer', 'scorer 2', 'scorer 3'))), [])
    // By nobody who has something at stake, by a party, by the model's builder, by too many, twice, out of order.
    for (const name of ['stranger', 'client', 'worker', 'builder'])
      assert.ok(
        codes(made(...by(name)), { bonded: new Set([accountOf(name)]) }).length > 0 || name === 'stranger',
        name
      )
    assert.ok(codes(made(...by('stranger'))).includes('scoring.unsound'))
    assert.ok(codes(made(...by('scorer', 'scorer 2', 'scorer 3', 'scorer 4'))).includes('scoring.unsound'))
    assert.ok(codes(made(...by('scorer', 'scorer'))).includes('scoring.unsound'))
    assert.ok(codes(made(...by('scorer', 'scorer 2').toReversed())).includes('scoring.unsound'))
    const bonded = new Set(['scorer', 'liar'].map(accountOf))
    assert.ok(codes(made(...by('scorer', 'liar')), { bonded }).includes('scoring.disputed'))
    // Whoever has weighed it finds a lie of somebody who is bonded.
    const own = new Map([[id, measuredOf(measure, typical)]])
    const liar = new Set([accountOf('liar')])
    assert.deepEqual(codes(made(...by('liar')), { bonded: liar }), [])
    assert.deepEqual(codes(made(...by('liar')), { bonded: liar, own }), ['scoring.utilities'])
    assert.deepEqual(codes(made(...by('scorer')), { own }), [])
    // What nobody may see is weighed by nobody.
    const unseen = receipt({ confidential: true })
    const nosy = epochFrom({
      epoch: 1,
      receipts: [unseen],
      scorings: new Map([[receiptId(network, unseen), [scored(unseen)]]]),
      measures,
      heldOut,
      deposited: 7n,
      previous: undefined
    })
    assert.ok(codes(nosy).includes('scoring.needless'))
  })

  it('finds an epoch at the wrong place, out of order, or that shares out what nobody paid', () => {
    const bundle = make()
    assert.deepEqual(codes(bundle, { deposited: 5n }), ['bundle.deposited'])
    assert.ok(codes(bundle, { epoch: 2 }).includes('bundle.place'))
    assert.ok(
      codes(bundle, { pool: keccak('other'), datanets: new Map([[model, keccak('other')]]) }).includes('bundle.place')
    )
    assert.ok(codes(make(honest.toReversed())).includes('receipts.order'))
    assert.ok(codes(bundle, { channels: factsFor(honest, 1200n).channels }).includes('receipt.unpaid'))
    const rich = make([receipt({ sequence: 9n, fee: 10n ** 30n })])
    assert.ok(codes(bundle, { previous: { cid: 'rich', bundle: rich } }).includes('receipt.unpaid'))
    assert.ok(codes({ ...bundle, heldOut: [] }).includes('epoch.held-out'))
  })
})
