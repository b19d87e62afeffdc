import { digest, recoverDigest } from '../crypto/index.ts'
import type { Network } from '../crypto/index.ts'
import { InvalidError, TilthError, canonicalJson } from '../primitives/index.ts'
import type { Address, ErrorCode, Hex } from '../primitives/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import { measureOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import { assignedOf, buildEpoch } from './epoch.ts'
import type { PreviousEpoch } from './epoch.ts'
import { agreesHeldOut, checkHeldOut } from './held-out.ts'
import { payoutsTree, receiptId, receiptsTree } from './leaves.ts'
import type { ReceiptsDocument } from './round.ts'
import type { ChannelFacts } from './select.ts'
import { missingIn } from './missing.ts'
import { countedScorings, faultOf, inOrder, placeOf } from './select.ts'
import type { PoolFacts, ReceiptFault } from './select.ts'
import { inRanges, isOver, isSettled, linesOf, maxSettledChannels, settle, settledOf } from './settled.ts'
import type { SettledPlaces } from './settled.ts'
import { dataOf, stretchOf } from './paid.ts'
import { bundleFormat } from './types.ts'
import type { EpochBundle, HeldOutDocument, MeasuredAnswer, Scored } from './types.ts'
import { foundBy, isFound } from './weighing.ts'

// What anybody checks of a proposed epoch. Some faults can be shown to the contract, which then takes the proposer's
// bond;
// the others (wrong weights, wrong shares) every peer finds alike, and says so.

/** What the chain says about the epoch. */
export interface StatedEpoch {
  readonly receiptsRoot: Hex
  readonly receiptsTotal: bigint
  readonly receiptCount: number
  readonly payoutsRoot: Hex
  readonly payoutsTotal: bigint
  /** When it was proposed, and when its receipts were anchored before; chain seconds. */
  readonly proposedAt: bigint
  readonly anchoredAt: bigint
  /** What chance has said then, and what the panel has committed to. */
  readonly seed: Hex
  readonly panel: readonly Address[]
  readonly commitments: ReadonlyMap<Address, Hex>
}

/** How far an epoch's time may be before its proposal, in seconds. */
const maxAge = 86_400n

export interface BundleFacts extends PoolFacts {
  readonly epoch: number
  readonly stated: StatedEpoch
  /** The epoch before, as the chain knows it. */
  readonly previous: PreviousEpoch | undefined
  /** All that has come into the pool by now, and what of it came out of no channel. */
  readonly deposited: bigint
  readonly donated: bigint
  /** What channels had claimed when the epoch before was proposed; none before the first. */
  readonly longClaimed?: ReadonlyMap<Hex, bigint>
  /** Receipts that were known here well before they were anchored. */
  readonly held?: readonly CosignedReceipt[]
  /** What was anchored, as scorers have read it. */
  readonly document?: ReceiptsDocument
  /** Words that were known here before the time to show them was over, by receipt. */
  readonly shown?: ReadonlyMap<Hex, readonly Scored[]>
  /** Held-out values that were computed here, where they were. */
  readonly heldOut?: ReadonlyMap<Hex, HeldOutDocument>
  /** What was found here, by receipt, for those that were weighed here. */
  readonly own?: ReadonlyMap<Hex, MeasuredAnswer>
}

/**
 * How a fault is shown to the contract: the positions of leaves in the receipts' tree, or the tree whose total is
 * wrong.
 */
export type FraudProof =
  | { readonly kind: 'signature' | 'model'; readonly index: number }
  | {
      readonly kind: 'duplicate'
      readonly index: number
      /** Where the same place stands in this epoch; undefined: an earlier epoch has counted it. */
      readonly firstIndex: number | undefined
    }
  | { readonly kind: 'total'; readonly tree: 'receipts' | 'payouts' }

type Tree = 'receipts' | 'payouts'

/** What an epoch can be found to be; or why its held-out values do not follow. */
export type EpochFaultCode =
  | ErrorCode
  | `receipt.${ReceiptFault}`
  | `${Tree}.${'root' | 'total'}`
  | `receipts.${'count' | 'order' | 'missing'}`
  | `receipt.${'total' | 'data'}`
  | `scoring.${'receipt' | 'unsound' | 'missing' | 'utilities'}`
  | `bundle.${'place' | 'time' | 'draw' | 'document' | 'measure' | 'sums' | 'unreadable' | 'unchecked' | 'broken'}`
  | `bundle.${'deposited' | 'donated' | 'format' | 'keeping'}`
  | 'held-out.measured'
  | `settled.${'channel' | 'claimed' | 'data'}`
  | 'payouts.shares'

export interface EpochFault {
  readonly code: EpochFaultCode
  readonly at?: number
  readonly proof?: FraudProof
}

/** Every fault of a proposed epoch, those that can be proven first; none when it is right. */
export function checkBundle(bundle: EpochBundle, facts: BundleFacts): EpochFault[] {
  const trees = treeFaults(bundle, facts)
  // A leaf can be shown only in the tree that stands on chain.
  const shown = !trees.some(({ tree }) => tree === 'receipts')
  const receipts = receiptFaults(bundle, facts).map(({ proof, ...fault }): EpochFault =>
    shown && proof !== undefined ? { ...fault, proof } : fault
  )
  return [
    ...receipts,
    ...trees.map(({ tree: _tree, ...fault }) => fault),
    ...scoringFaults(bundle, facts),
    ...channelFaults(bundle, facts),
    ...(missingIn(bundle, facts) ? [{ code: 'receipts.missing' } as const] : []),
    ...ruleFaults(bundle, facts)
  ].sort((a, b) => Number(b.proof !== undefined) - Number(a.proof !== undefined))
}

function receiptFaults({ receipts, data, settled }: EpochBundle, facts: BundleFacts): EpochFault[] {
  const faults: EpochFault[] = []
  const places = new Map<string, number>()
  const before = settledOf(facts.previous?.bundle.settled ?? [])
  const lines = settledOf(settled)
  receipts.forEach((receipt, index) => {
    const { message } = receipt.receipt
    // [reject] A receipt counts once: within the epoch and over all of them.
    const first = places.get(placeOf(receipt))
    if (first !== undefined)
      faults.push({ code: 'receipt.duplicate', at: index, proof: { kind: 'duplicate', index, firstIndex: first } })
    else if (isSettled(before, message))
      faults.push({
        code: 'receipt.settled',
        at: index,
        // Only a place can be shown; fees that were divided without a receipt stand in no tree.
        ...(inRanges(before.get(message.channel)?.ranges ?? [], message.sequence)
          ? { proof: { kind: 'duplicate', index, firstIndex: undefined } }
          : {})
      })
    places.set(placeOf(receipt), first ?? index)
    // [reject] Each receipt is sound in itself.
    const fault = faultOf(receipt, facts)
    if (fault !== undefined) faults.push({ code: `receipt.${fault}`, at: index, ...proofOf(receipt, index, facts) })
    // [reject] Receipts stand in order.
    const last = receipts[index - 1]
    if (last !== undefined && inOrder(last, receipt) > 0) faults.push({ code: 'receipts.order', at: index })
    // [reject] A channel's receipts count no further than it has paid, and until so long after its end.
    const channel = facts.channels.get(message.channel)
    if (message.total > (channel?.claimed ?? 0n) || message.total > (lines.get(message.channel)?.claimed ?? 0n))
      faults.push({ code: 'receipt.unpaid', at: index })
    // [reject] It divides what it really brought the pool, and that is something.
    const brought = dataOf(channel?.claims ?? [], [stretchOf(message)])
    if (brought !== data[index]) faults.push({ code: 'receipt.data', at: index })
    if (brought === 0n) faults.push({ code: 'receipt.worthless', at: index })
  })
  // [reject] Fees count once: no two of a channel's receipts stand on the same ones. Its parties may have signed totals
  // in any order, which is no fault of whoever counts them.
  for (const at of twicePaid(receipts)) faults.push({ code: 'receipt.total', at })
  if (data.length !== receipts.length) faults.push({ code: 'receipt.data' })
  return faults
}

/** Receipts that stand on fees on which another one of their channel stands that begins before them. */
function twicePaid(receipts: readonly CosignedReceipt[]): number[] {
  const found: number[] = []
  const paying = receipts.flatMap(({ receipt: { message } }, index) =>
    message.fee === 0n ? [] : [{ channel: message.channel, stretch: stretchOf(message), index }]
  )
  for (const of of Map.groupBy(paying, ({ channel }) => channel).values()) {
    of.sort((a, b) => (a.stretch[0] < b.stretch[0] ? -1 : a.stretch[0] > b.stretch[0] ? 1 : a.index - b.index))
    let end = -1n
    for (const { stretch, index } of of) {
      if (stretch[0] < end) found.push(index)
      if (stretch[1] > end) end = stretch[1]
    }
  }
  return found.sort((a, b) => a - b)
}

/** Whether two lines say the same of a channel itself. */
const isLineOf = (line: SettledPlaces, channel: ChannelFacts | undefined): boolean =>
  channel !== undefined && line.model === channel.model && line.expiry === channel.expiry

/** What the epoch says of channels against what the chain says. */
function channelFaults(bundle: EpochBundle, facts: BundleFacts): EpochFault[] {
  const faults: EpochFault[] = []
  const before = settledOf(facts.previous?.bundle.settled ?? [])
  const lines = settledOf(bundle.settled)
  for (const [channel, line] of lines) {
    const facing = facts.channels.get(channel)
    // [reject] A channel that is counted for the first time is the chain's: its model, and its end.
    if (!before.has(channel) && (!isLineOf(line, facing) || isOver(line.expiry, bundle.at)))
      faults.push({ code: 'settled.channel' })
    // [reject] It says no more than that the channel has paid what it has.
    if (line.claimed > (facing?.claimed ?? before.get(channel)?.claimed ?? 0n)) faults.push({ code: 'settled.claimed' })
  }
  // [reject] What channels had paid when the epoch before was proposed is all accounted for: counted, divided without a
  // receipt, or named as waiting; but for those for which there was no room.
  for (const [channel, { model, expiry }] of facts.channels) {
    const claimed = facts.longClaimed?.get(channel) ?? 0n
    if (claimed === 0n || facts.datanets.get(model) !== facts.pool) continue
    if (!before.has(channel) && (isOver(expiry, bundle.at) || lines.size >= maxSettledChannels)) continue
    const line = lines.get(channel) ?? before.get(channel)
    if ((line?.claimed ?? 0n) < claimed) faults.push({ code: 'settled.claimed' })
  }
  // [reject] Fees without a receipt are worth what they brought the pool.
  try {
    const { unreceipted } = stateOf(bundle, facts)
    const stated = new Map(bundle.unreceipted.map(one => [one.channel, one]))
    for (const { channel, stretches } of unreceipted)
      if (stated.get(channel)?.data !== dataOf(facts.channels.get(channel)?.claims ?? [], stretches))
        faults.push({ code: 'settled.data' })
  } catch (error) {
    // Places or fees that cannot be: said of the receipts.
    if (!(error instanceof TilthError)) throw error
    faults.push({ code: error.code })
  }
  return faults
}

function scoringFaults(bundle: EpochBundle, facts: BundleFacts): EpochFault[] {
  const faults: EpochFault[] = []
  const { network, stated, own, shown } = facts
  const words = Map.groupBy(bundle.scorings, ({ receipt }) => receipt)
  // [reject] A scoring is of a receipt of the epoch.
  if (bundle.scorings.some(({ receipt }) => receipt >= bundle.receipts.length)) faults.push({ code: 'scoring.receipt' })
  const { receipts, data } = bundle
  const { measures, builders } = facts
  const assigned = assignedOf({ network, receipts, data, measures, builders, seed: stated.seed, panel: stated.panel })
  receipts.forEach((receipt, at) => {
    const said = (words.get(at) ?? []).map(({ receipt: _receipt, ...word }): Scored => word)
    const measure = measures.get(receipt.receipt.message.model)
    // What is no model of the pool's is said to be one of its receipt's faults.
    if (measure === undefined) return
    const count = (list: readonly Scored[]): Scored[] =>
      measure === null ? [] : countedScorings(network, { at, receipt, measure }, list, assigned, stated.commitments)
    // [reject] Each word is of a scorer who was drawn, signed, and what it has committed to; in the one order.
    const counted = count(said)
    if (canonicalJson(counted) !== canonicalJson(said)) faults.push({ code: 'scoring.unsound', at })
    const id = receiptId(network, receipt)
    // [reject] What was shown in time counts: a settler chooses no words.
    const inTime = count(shown?.get(id) ?? [])
    if (inTime.some(({ scorer }) => !counted.some(word => word.scorer === scorer)))
      faults.push({ code: 'scoring.missing', at })
    // [reject] Who has weighed it here finds the same.
    const found = foundBy(counted)
    const mine = own?.get(id)
    if (mine !== undefined && found?.settled === true && !isFound(mine, found.measured))
      faults.push({ code: 'scoring.utilities', at })
  })
  return faults
}

/** The scorings of a bundle, by receipt. */
export function scoringsOf(network: Network, { receipts, scorings }: EpochBundle): Map<Hex, readonly Scored[]> {
  const words = Map.groupBy(scorings, ({ receipt }) => receipt)
  return new Map(
    receipts.flatMap((receipt, at) => {
      const own = words.get(at)
      return own === undefined ? [] : [[receiptId(network, receipt), own] as const]
    })
  )
}

/** Exactly what the contract would look at; a receipt may be unsound in ways it does not see. */
function proofOf(
  { receipt, clientSignature }: CosignedReceipt,
  index: number,
  facts: BundleFacts
): { proof?: FraudProof } {
  const channel = facts.channels.get(receipt.message.channel)
  const hash = digest(facts.network, 'Receipt', receipt.message)
  const signed =
    channel !== undefined &&
    recoverDigest(hash, receipt.signature) === channel.worker &&
    recoverDigest(hash, clientSignature) === channel.client
  if (!signed) return { proof: { kind: 'signature', index } }
  if (channel.model !== receipt.message.model || facts.datanets.get(receipt.message.model) !== facts.pool)
    return { proof: { kind: 'model', index } }
  return {}
}

function treeFaults(bundle: EpochBundle, { network, stated }: BundleFacts): (EpochFault & { tree: Tree })[] {
  const faults: (EpochFault & { tree: Tree })[] = []
  const trees = [
    ['receipts', receiptsTree(network, bundle.receipts).root, stated.receiptsRoot, stated.receiptsTotal],
    ['payouts', payoutsTree(bundle.payouts).root, stated.payoutsRoot, stated.payoutsTotal]
  ] as const
  for (const [tree, root, hash, total] of trees) {
    // [reject] The bundle is what stands behind the roots on chain.
    if (root.hash !== hash) faults.push({ tree, code: `${tree}.root` })
    // [reject] The stated total is the sum of the leaves.
    else if (root.sum !== total) faults.push({ tree, code: `${tree}.total`, proof: { kind: 'total', tree } })
  }
  if (bundle.receipts.length !== stated.receiptCount) faults.push({ tree: 'receipts', code: 'receipts.count' })
  return faults
}

function ruleFaults(bundle: EpochBundle, facts: BundleFacts): EpochFault[] {
  const faults: EpochFault[] = []
  // [reject] It is of the form that this epoch's money is kept in, …
  if (bundle.format !== bundleFormat) faults.push({ code: 'bundle.format' })
  // [reject] … and keeps back what the Datanet's rules say.
  if (canonicalJson(bundle.keeping) !== canonicalJson(facts.keeping)) faults.push({ code: 'bundle.keeping' })
  // [reject] It is the pool's next epoch, on top of the one before.
  if (bundle.pool !== facts.pool || bundle.epoch !== facts.epoch || bundle.previous !== (facts.previous?.cid ?? null))
    faults.push({ code: 'bundle.place' })
  // [reject] Its time is not before the last one's, nor after its receipts were anchored, nor long before: by it
  // channels are over.
  const { at } = bundle
  const { anchoredAt, seed, panel } = facts.stated
  if (at < (facts.previous?.bundle.at ?? 0n) || at > anchoredAt || at + maxAge < anchoredAt)
    faults.push({ code: 'bundle.time' })
  // [reject] Its answers were drawn by the chain's seed, their scorers of the chain's panel.
  if (bundle.seed !== seed || bundle.panel.join() !== panel.join()) faults.push({ code: 'bundle.draw' })
  // [reject] It is about what was anchored: scorers have read the same.
  if (facts.document !== undefined && !isOf(bundle, facts.document, facts)) faults.push({ code: 'bundle.document' })
  // [reject] It shares out no more than the pool got, and of what was given no more than that.
  if (bundle.deposited > facts.deposited) faults.push({ code: 'bundle.deposited' })
  if (bundle.donated > facts.donated) faults.push({ code: 'bundle.donated' })
  // [reject] What nothing is measured of has nothing to be measured.
  if (bundle.unmeasured.some(model => facts.measures.get(model) !== null)) faults.push({ code: 'bundle.measure' })
  const [builders, versions] = [buildersOf(bundle), versionNumbersOf(bundle)]
  // [reject] Answers were weighed by the model's players and the coalitions that were drawn.
  for (const { model, players, coalitions, dataPoints } of bundle.models) {
    const measure = facts.measures.get(model) ?? undefined
    if (
      measure === undefined ||
      measure.dataPoints !== dataPoints ||
      measure.players.join() !== players.join() ||
      facts.builders.get(model) !== builders.get(model) ||
      facts.versions.get(model) !== versions.get(model) ||
      measure.coalitions.join() !== coalitions.join()
    )
      faults.push({ code: 'bundle.measure' })
  }
  for (const document of bundle.heldOut) {
    const [measure, own] = [facts.measures.get(document.model), facts.heldOut?.get(document.model)]
    try {
      // [reject] What held-out values follow from can be what was measured.
      if (measure !== undefined && measure !== null) checkHeldOut(document, measure)
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      faults.push({ code: error.code })
    }
    // [reject] … and is what this machine has measured, but for one unit of rounding.
    if (own !== undefined && !agreesHeldOut(own, document)) faults.push({ code: 'held-out.measured' })
  }
  // [reject] Everything else follows from the receipts, the held-out documents and what the pool got.
  try {
    const again = rebuild(bundle, facts)
    if (canonicalJson(again.payouts) !== canonicalJson(bundle.payouts)) faults.push({ code: 'payouts.shares' })
    else if (canonicalJson(again) !== canonicalJson(bundle)) faults.push({ code: 'bundle.sums' })
  } catch (error) {
    if (!(error instanceof TilthError)) throw error
    faults.push({ code: error.code })
  }
  return faults
}

/** Whether what was anchored says the same, as far as scorers go by it. */
function isOf(bundle: EpochBundle, document: ReceiptsDocument, { measures, builders }: BundleFacts): boolean {
  const { pool, epoch, previous, at, deposited, donated, data } = document
  const said = { pool, epoch, previous, at, deposited, donated, data, receipts: document.receipts }
  const named = new Set(document.models.map(({ model }) => model))
  // It names all that could be divided then; of one that is not divided now nobody needs to know anything.
  const divided = new Set([...bundle.models.map(({ model }) => model), ...bundle.unmeasured])
  const parties = (model: Hex): unknown => ({
    model,
    builder: builders.get(model),
    players: measures.get(model)?.players ?? null
  })
  return (
    Object.entries(said).every(
      ([name, value]) => canonicalJson(value) === canonicalJson(bundle[name as keyof typeof said])
    ) &&
    document.models.every(one => !divided.has(one.model) || canonicalJson(one) === canonicalJson(parties(one.model))) &&
    bundle.receipts.every(({ receipt: { message } }) => named.has(message.model))
  )
}

/**
 * The same epoch made again from a bundle's own receipts, measures and held-out documents: equal to it, roots included,
 * exactly when it follows the rules. Needs nothing but the bundle and the one before.
 * @throws InvalidError `epoch.*`, `coalitions.*`
 */
export function rebuild(
  bundle: EpochBundle,
  { network, previous }: Pick<BundleFacts, 'network' | 'previous'>
): EpochBundle {
  const stated = new Map(bundle.unreceipted.map(({ channel, data }) => [channel, data]))
  return buildEpoch({
    network,
    pool: bundle.pool,
    epoch: bundle.epoch,
    receipts: bundle.receipts,
    data: bundle.data,
    dataOf: ({ channel }) => stated.get(channel) ?? 0n,
    channels: settledOf(bundle.settled),
    deposited: bundle.deposited,
    donated: bundle.donated,
    at: bundle.at,
    previous,
    seed: bundle.seed,
    panel: bundle.panel,
    builders: buildersOf(bundle),
    versions: versionNumbersOf(bundle),
    keeping: bundle.keeping,
    measures: measuresOf(bundle),
    scorings: scoringsOf(network, bundle),
    heldOut: new Map(bundle.heldOut.map(document => [document.model, document]))
  })
}

/** Of the models that an epoch divides the fees of. @throws InvalidError as measureOf */
export const measuresOf = ({
  models,
  unmeasured
}: Pick<EpochBundle, 'models' | 'unmeasured'>): Map<Hex, Measure | null> =>
  new Map<Hex, Measure | null>([
    ...unmeasured.map(model => [model, null] as const),
    ...models.map(model => [model.model, measureOf(model)] as const)
  ])

/** Who built them. */
export const buildersOf = ({ models, builders }: Pick<EpochBundle, 'models' | 'builders'>): Map<Hex, Address> =>
  new Map(models.flatMap(({ model }, i) => (builders[i] === undefined ? [] : [[model, builders[i]] as const])))

/** Of which version of the Datanet they are. */
export const versionNumbersOf = ({ models, versions }: Pick<EpochBundle, 'models' | 'versions'>): Map<Hex, number> =>
  new Map(models.flatMap(({ model }, i) => (versions[i] === undefined ? [] : [[model, versions[i]] as const])))

/** What an epoch does to channels. */
function stateOf(bundle: EpochBundle, { previous }: Pick<BundleFacts, 'previous'>): ReturnType<typeof settle> {
  const before = settledOf(previous?.bundle.settled ?? [])
  const divided = new Set([...bundle.models.map(({ model }) => model), ...bundle.unmeasured])
  return settle(
    before,
    linesOf(before, settledOf(bundle.settled), bundle.at),
    bundle.receipts.map(({ receipt }) => receipt.message),
    model => divided.has(model),
    bundle.at
  )
}

/**
 * What a claim needs from a final epoch.
 * @throws NotFoundError-like InvalidError `payouts.root` when the bundle is not what stands on chain
 */
export function checkPayouts(bundle: EpochBundle, stated: Pick<StatedEpoch, 'payoutsRoot' | 'payoutsTotal'>): void {
  const { root } = payoutsTree(bundle.payouts)
  if (root.hash !== stated.payoutsRoot || root.sum !== stated.payoutsTotal)
    throw new InvalidError('payouts.root', "the bundle's payouts are not those that stand on chain")
}
