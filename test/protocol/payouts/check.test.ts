import assert from 'node:assert/strict'
import {
  checkBundle,
  maxRanges,
  missingIn,
  mostReceipts,
  payoutsTree,
  receiptId,
  receiptsTree
} from '../../../protocol/payouts/index.ts'
import type { BundleFacts, EpochBundle, StatedEpoch } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import {
  accountOf,
  channelsOf,
  factsFor,
  selectReceipts,
  document,
  heldOut,
  heldOutOf,
  measure,
  measuredOf,
  model,
  network,
  receipt,
  receiptsOf,
  scored,
  saidOf,
  seed,
  panel,
  players,
  committed,
  typical,
  utilitiesOf,
  epochFrom,
  withReceipts,
  now,
  expiry
} from './world.ts'

const honest = receiptsOf([{ sequence: 1n }, { sequence: 2n, fee: 500n }, { client: 'other', sequence: 1n }])
const make = (receipts: CosignedReceipt[] = honest): EpochBundle => epochFrom({ receipts })
/** What three hundred parts of a thousand come to. */
const brought = make().deposited

/** What stands on chain when a proposer posts the roots of its own bundle. */
function stated(bundle: EpochBundle, over: Partial<StatedEpoch> = {}): StatedEpoch {
  const [receipts, payouts] = [receiptsTree(network, bundle.receipts).root, payoutsTree(bundle.payouts).root]
  return {
    receiptsRoot: receipts.hash,
    receiptsTotal: receipts.sum,
    receiptCount: bundle.receipts.length,
    payoutsRoot: payouts.hash,
    payoutsTotal: payouts.sum,
    proposedAt: now + 500_000n,
    anchoredAt: now + 5n,
    seed,
    panel,
    commitments: saidOf(bundle.receipts).commitments,
    ...over
  }
}
const facts = (bundle: EpochBundle, over: Partial<BundleFacts> = {}): BundleFacts => ({
  ...factsFor(bundle.receipts),
  epoch: 1,
  stated: stated(bundle),
  previous: undefined,
  deposited: bundle.deposited,
  donated: bundle.donated,
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
      ...epochFrom({ epoch: 2, receipts: [honest[0]!, honest[1]!], channels: channelsOf(honest), previous }),
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
    assert.ok(found(second({ settled: settled.map(line => ({ ...line, covered: [] })) })).includes('bundle.sums'))
    // An end or a model that the chain does not know, or more than the channel has paid.
    const changed = (change: Partial<EpochBundle['settled'][number]>): string[] =>
      found(second({ settled: settled.map(line => ({ ...line, ...change })) }))
    assert.ok(changed({ expiry: expiry + 1n }).includes('settled.channel'))
    assert.ok(changed({ model: keccak('other') }).includes('settled.channel'))
    assert.ok(changed({ claimed: 10n ** 9n }).includes('settled.claimed'))
    // A time to come would end channels that are open; one long gone keeps what nobody needs.
    const anchoredAt = (at: bigint) => ({ stated: stated(second(), { anchoredAt: at }) })
    assert.deepEqual(found(second(), anchoredAt(now - 1n)), ['bundle.time'])
    assert.deepEqual(found(second(), anchoredAt(now + 86_401n)), ['bundle.time'])
    assert.ok(found(second({ at: now - 1n })).includes('bundle.time'))
  })

  it('finds what a channel has paid and the epoch leaves unsaid, or says wrong', () => {
    const [one, two] = [receipt({ sequence: 1n }), receipt({ sequence: 2n })]
    const channels = channelsOf([one, two])
    const channel = one.receipt.message.channel
    // The second receipt is nowhere: what it paid for is named as waiting …
    const first = epochFrom({ receipts: [one], channels })
    assert.deepEqual(codes(first, { channels }), [])
    assert.equal(first.open, first.deposited - first.payoutsTotal)
    assert.deepEqual([first.settled[0]?.claimed, first.settled[0]?.covered], [2000n, [[0n, 1000n]]])
    // … and divided by held-out values when the next finds none either.
    const previous = { cid: 'bundle 1', bundle: first }
    const second = epochFrom({ epoch: 2, receipts: [], channels, previous })
    const longClaimed = new Map([[channel, 2000n]])
    const found = (bundle: EpochBundle, over: Partial<BundleFacts> = {}): string[] =>
      codes(bundle, { epoch: 2, previous, channels, longClaimed, ...over })
    assert.deepEqual(found(second), [])
    assert.deepEqual(second.unreceipted, [{ channel, fees: 1000n, data: 300n }])
    assert.deepEqual([second.open, second.held], [0n, 0n])
    assert.ok(found({ ...second, unreceipted: [{ channel, fees: 1000n, data: 301n }] }).includes('settled.data'))
    assert.ok(found({ ...second, unreceipted: [] }).length > 0)
    // An epoch that keeps still about a channel that had paid before the last one was proposed.
    const silent = epochFrom({ receipts: [one], channels: channelsOf([one]) })
    assert.deepEqual(codes(silent, { channels }), [])
    assert.deepEqual(codes(silent, { channels, longClaimed }), ['settled.claimed'])
    const other = channelsOf([receipt({ client: 'other' })])
    const both = new Map([...channels, ...other])
    assert.deepEqual(found(second, { channels: both, longClaimed: new Map([...other].map(([id]) => [id, 5n])) }), [
      'settled.claimed'
    ])
    // A receipt divides what it brought, not what it says.
    const greedy = { ...first, data: [first.data[0]! + 1n] }
    assert.ok(codes(greedy, { channels }).includes('receipt.data'))
    const free = receipt({ client: 'friend', fee: 10n ** 20n })
    const nothing = [...channelsOf([free])].map(([id, one]) => [id, { ...one, claims: [] }] as const)
    const washed = epochFrom({ receipts: [free], channels: new Map(nothing) })
    assert.ok(codes(washed, { channels: new Map(nothing) }).includes('receipt.worthless'))
  })

  it('finds a receipt that was there and is left out; what came late, or could not be counted, is none', () => {
    const [one, two] = [receipt({ sequence: 1n }), receipt({ sequence: 2n })]
    const channels = channelsOf([one, two])
    const bundle = epochFrom({ receipts: [one], channels })
    const found = (held: CosignedReceipt[], over: Partial<BundleFacts> = {}): string[] =>
      codes(bundle, { channels, held, ...over })
    assert.deepEqual(found([one]), [])
    assert.deepEqual(found([one, two]), ['receipts.missing'])
    // One that its client has not signed is none, and hides none.
    const forged = { ...two, clientSignature: one.clientSignature }
    assert.deepEqual([found([forged]), found([forged, two])], [[], ['receipts.missing']])
    // Its fees were not paid; its channel is another's; both parties signed twice.
    assert.deepEqual(found([receipt({ sequence: 3n })]), [])
    assert.deepEqual(found([receipt({ client: 'mallory', channel: one.receipt.message.channel })]), [])
    assert.deepEqual(found([receipt({ sequence: 1n, fee: 999n })]), [])
    assert.deepEqual(found([receipt({ sequence: 5n, fee: 500n, total: 1500n })]), ['receipts.missing'])
    // Its money was given elsewhere, as if there were no receipt.
    const previous = { cid: 'bundle 1', bundle }
    const diverted = epochFrom({ epoch: 2, receipts: [], channels, previous })
    assert.deepEqual(codes(diverted, { epoch: 2, previous, channels, held: [two] }), ['receipts.missing'])
    const honestly = epochFrom({ epoch: 2, receipts: [two], channels, previous })
    assert.deepEqual(codes(honestly, { epoch: 2, previous, channels, held: [one, two] }), [])
  })

  it('finds nothing left out where there was no room when it was its turn, whatever its parties sign later', () => {
    // As many stretches as are kept, one more for which there is no room, and one that makes some behind it.
    const apart = Array.from({ length: maxRanges }, (_, i) =>
      receipt({ sequence: BigInt(i + 1), fee: 10n, total: BigInt(20 * i + 10), utilities: null })
    )
    const last = BigInt(maxRanges)
    const left = receipt({ sequence: last + 1n, fee: 10n, total: 5000n, utilities: null })
    const joins = receipt({ sequence: last + 2n, fee: 10n, total: 20n, utilities: null })
    const all = [...apart, left, joins]
    const channels = channelsOf(all, 10_000n)
    const { counted } = selectReceipts(all, factsFor(all, 10_000n))
    assert.equal(counted.length, all.length - 1)
    const bundle = epochFrom({ receipts: counted, channels })
    assert.deepEqual(codes(bundle, { channels, held: all }), [])
    const without = epochFrom({ receipts: counted.slice(0, -1), channels })
    assert.deepEqual(codes(without, { channels, held: all }), ['receipts.missing'])
  })

  it('finds what an epoch leaves out behind small change, however many receipts that comes to', () => {
    const [honest] = receiptsOf([{ client: 'honest', fee: 10_000n }])
    const small = receipt({ client: 'dust', fee: 10n })
    const { message } = small.receipt
    // Signatures of those in it are another check's.
    const dust = Array.from({ length: mostReceipts }, (_, i) => {
      const place = { sequence: BigInt(i + 1), total: 10n * BigInt(i + 1) }
      return { ...small, receipt: { ...small.receipt, message: { ...message, ...place } } }
    })
    const channels = new Map([...channelsOf([honest!]), ...channelsOf([dust.at(-1)!])])
    const paid = epochFrom({ receipts: [], channels, measures: new Map() })
    const full: EpochBundle = {
      ...epochFrom({ receipts: [], channels, previous: { cid: 'bundle 1', bundle: paid }, measures: new Map() }),
      unmeasured: [model],
      receipts: dust
    }
    const known = factsFor([honest!], undefined, { channels })
    const missing = (previous: EpochBundle | undefined): boolean =>
      missingIn(full, { ...known, previous: previous && { cid: 'bundle 1', bundle: previous }, held: [honest!] })
    // Both have waited since the epoch before: more waits of the dust's channel, though its receipts are small.
    assert.equal(missing(paid), false)
    const named = { ...paid, settled: paid.settled.filter(one => one.channel === honest!.receipt.message.channel) }
    // It has waited and the dust has not: it would be divided without its receipt.
    assert.equal(missing(named), true)
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
        {
          account: accountOf('mallory'),
          value: 1n,
          gate: 1n,
          share: 0n,
          heldOutShare: 0n,
          scoringShare: 0n,
          vestedShare: 0n,
          resettled: 0n,
          cumulative: 0n,
          scoringTotal: 0n
        }
      ]
    }
    assert.ok(codes(added).includes('payouts.shares'))
    assert.deepEqual(codes({ ...bundle, held: 7n }), ['bundle.sums'])
  })

  it('finds what is kept back otherwise than the Datanet’s rules say, in whatever part of the ledger', () => {
    const keeping = { share: 3_000, epochs: 3, seconds: 86_400 }
    const bundle = epochFrom({ receipts: honest, keeping })
    const over = { keeping }
    const [row] = bundle.kept.rows
    assert.ok(row !== undefined && bundle.keptBack > 0n)
    assert.deepEqual(codes(bundle, over), [])
    // Everything at once, less than the rules say, or for a shorter time.
    for (const other of [null, { ...keeping, share: 100 }, { ...keeping, epochs: 1 }])
      assert.deepEqual(codes(epochFrom({ receipts: honest, keeping: other }), over), ['bundle.keeping'])
    assert.deepEqual(codes(bundle), ['bundle.keeping'])
    // Evidence that nobody has measured, and another version than the chain has of a model.
    const invented = { rows: [{ ...row, evidence: model }], evidence: bundle.kept.evidence }
    assert.deepEqual(codes({ ...bundle, kept: invented }, over), ['bundle.sums'])
    assert.ok(codes({ ...bundle, versions: [2] }, over).includes('bundle.measure'))
    assert.ok(codes({ ...bundle, format: 1 }, over).includes('bundle.format'))
    // Another's part, paid out of what is kept.
    const early = bundle.payouts.map((line, i) =>
      i === 0 ? { ...line, share: line.share + 1n, cumulative: line.cumulative + 1n } : line
    )
    assert.ok(codes({ ...bundle, payouts: early }, over).includes('payouts.shares'))
  })

  it('finds weights, measures and held-out documents that were made up', () => {
    const bundle = make()
    const boasted = utilitiesOf([0, 9000, 0, 0])
    const [first, ...others] = bundle.scorings
    // Utilities that its scorer has not signed.
    assert.ok(
      codes({ ...bundle, scorings: [{ ...first!, utilities: boasted }, ...others] }).includes('scoring.unsound')
    )
    // What was shown in time is left out; what nobody has seen is nobody's word.
    const shown = new Map([[receiptId(network, bundle.receipts[first!.receipt]!), [first!]]])
    assert.ok(codes({ ...bundle, scorings: others }, { shown }).includes('scoring.missing'))
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
    const near = epochFrom({ receipts: honest })
    const own = (by: number) => {
      const moved = typical.map(value => value + by)
      return new Map([[model, heldOutOf(measure, [typical, moved], [moved, typical])]])
    }
    assert.deepEqual(codes(near, { heldOut: own(1) }), [])
    assert.deepEqual(codes(near, { heldOut: own(2) }), ['held-out.measured'])
  })

  const three = ['scorer', 'scorer 2', 'scorer 3'].map(accountOf)
  const lie = utilitiesOf([0, 9000, 0, 0])

  it('finds words of scorers that do not count, and what most scorers do not find', () => {
    const one = receipt()
    const id = receiptId(network, one)
    const names = ['scorer', 'scorer 2', 'scorer 3', 'liar', 'stranger', 'client', 'worker', 'builder', 'late']
    const saying = (utilities: (name: string) => readonly number[]) =>
      new Map([
        [id, names.map(name => scored(one, utilities(name), name)).toSorted((a, b) => (a.scorer < b.scorer ? -1 : 1))]
      ])
    const words = saying(name => (name.startsWith('scorer') ? typical : lie))
    const found = (
      said: readonly string[],
      over: { panel?: readonly Address[]; words?: typeof words; own?: BundleFacts['own'] } = {}
    ): string[] => {
      const { panel = three, own } = over
      const { scorings, commitments } = committed([one], over.words ?? words, { panel })
      const list = said.flatMap(name => scorings.get(id)?.filter(word => word.scorer === accountOf(name)) ?? [])
      const bundle = epochFrom({ receipts: [one], scorings: new Map([[id, list]]), panel })
      return codes(bundle, { stated: stated(bundle, { panel, commitments }), ...(own === undefined ? {} : { own }) })
    }
    const inOrder = ['scorer', 'scorer 2', 'scorer 3'].toSorted((a, b) => (accountOf(a) < accountOf(b) ? -1 : 1))
    assert.deepEqual(found(inOrder), [])
    assert.deepEqual(found(inOrder.slice(1)), [])
    // Not drawn; a party, the builder, one whose data the model learnt, though on the panel; twice; out of order.
    assert.ok(found(['stranger']).includes('scoring.unsound'))
    for (const name of ['client', 'worker', 'builder', 'late'])
      assert.ok(found([name], { panel: [...three, accountOf(name)] }).includes('scoring.unsound'), name)
    assert.ok(found([inOrder[0]!, inOrder[0]!]).includes('scoring.unsound'))
    assert.ok(found(inOrder.toReversed()).includes('scoring.unsound'))
    // What it has signed, and committed to something else before.
    const { commitments } = committed([one], words, { panel: three })
    const changed = committed(
      [one],
      saying(() => lie),
      { panel: three }
    ).scorings
    const second = epochFrom({ receipts: [one], scorings: changed, panel: three })
    const late = { ...second, scorings: second.scorings.filter(({ scorer }) => three.includes(scorer)) }
    assert.ok(codes(late, { stated: stated(late, { panel: three, commitments }) }).includes('scoring.unsound'))
    // Two who differ: nobody knows, and it is held; no fault of the epoch's.
    const two = { panel: ['scorer', 'liar'].map(accountOf) }
    const both = ['scorer', 'liar'].toSorted((a, b) => (accountOf(a) < accountOf(b) ? -1 : 1))
    assert.deepEqual(found(both, two), [])
    // Whoever has weighed it finds a lie of those who were drawn.
    const own = new Map([[id, measuredOf(measure, typical)]])
    const liar = { panel: [accountOf('liar')] }
    assert.deepEqual(found(['liar'], liar), [])
    assert.deepEqual(found(['liar'], { ...liar, own }), ['scoring.utilities'])
    assert.deepEqual(found(inOrder, { own }), [])
    // What nobody may see is weighed by nobody.
    const unseen = receipt({ confidential: true })
    const nosy = epochFrom({ receipts: [unseen], scorings: new Map([[receiptId(network, unseen), [scored(unseen)]]]) })
    assert.ok(codes(nosy).includes('scoring.unsound'))
  })

  it('finds another draw than the chain’s, and that scorers have read something else', () => {
    const bundle = make()
    assert.deepEqual(codes({ ...bundle, seed: keccak('a better one') }), ['bundle.draw'])
    assert.deepEqual(codes({ ...bundle, panel: [] }).includes('bundle.draw'), true)
    const { pool, epoch, previous, at, receipts, data, deposited, donated } = bundle
    const parties = [{ model, builder: accountOf('builder'), players }]
    const read = { pool, epoch, previous, at, receipts, data, deposited, donated, channels: [], models: parties }
    assert.deepEqual(codes(bundle, { document: read }), [])
    // It may name models whose fees are not divided in the end.
    const other = { model: keccak('other'), builder: accountOf('builder'), players: null }
    assert.deepEqual(codes(bundle, { document: { ...read, models: [...read.models, other] } }), [])
    assert.deepEqual(codes(bundle, { document: { ...read, data: data.map(one => one + 1n) } }), ['bundle.document'])
    assert.deepEqual(codes(bundle, { document: { ...read, models: [{ ...parties[0]!, players: [] }] } }), [
      'bundle.document'
    ])
  })

  it('finds an epoch at the wrong place, out of order, or that shares out what nobody paid', () => {
    const bundle = make()
    assert.deepEqual(codes(bundle, { deposited: brought - 1n }), ['bundle.deposited'])
    const gift = epochFrom({ receipts: honest, donated: 5n })
    assert.deepEqual(codes(gift, { donated: 4n }), ['bundle.donated'])
    assert.ok(codes(bundle, { epoch: 2 }).includes('bundle.place'))
    assert.ok(
      codes(bundle, { pool: keccak('other'), datanets: new Map([[model, keccak('other')]]) }).includes('bundle.place')
    )
    assert.ok(codes(withReceipts(bundle, honest.toReversed())).includes('receipts.order'))
    const twice = receipt({ sequence: 3n, fee: 700n, total: 1500n })
    const [first] = honest.filter(one => one.client === accountOf('client'))
    assert.ok(codes(withReceipts(make([first!]), [first!, twice])).includes('receipt.total'))
    // Two who conspire sign their totals against the order: whoever counts what they paid is right.
    const against = [
      receipt({ sequence: 1n, fee: 500n, total: 1500n }),
      receipt({ sequence: 2n, fee: 400n, total: 400n })
    ]
    assert.deepEqual(codes(make(against), { channels: factsFor(against).channels }), [])
    assert.ok(codes(bundle, { channels: factsFor(honest, 1200n).channels }).includes('receipt.unpaid'))
    assert.ok(codes({ ...bundle, heldOut: [] }).includes('epoch.held-out'))
    assert.ok(codes({ ...bundle, unmeasured: [model] }).includes('bundle.measure'))
  })
})
