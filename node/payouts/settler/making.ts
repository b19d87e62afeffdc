import {
  buildEpoch,
  countReceipts,
  countedScorings,
  dataOf,
  inRanges,
  isScattered,
  isSettled,
  isUrgent,
  linesOf,
  maxEpochModels,
  overlaps,
  settledOf,
  soundReceipts,
  stretchOf,
  waitingOf,
  withPlace,
  withStretch
} from '../../../protocol/payouts/index.ts'
import type {
  ChannelFacts,
  EpochBundle,
  EpochInput,
  HeldOutDocument,
  Measure,
  PoolFacts,
  ReceiptsDocument,
  Scored,
  Settled,
  SettledPlaces
} from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { NotFoundError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Facts, Paying } from '../facts.ts'
import { maxEpochReceipts } from '../limits.ts'
import type { Models } from '../models.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import { scoredBy } from '../scorer/index.ts'
import type { Scorings, Weigher } from '../scorer/index.ts'
import type { PayoutsDeps, PayoutsTiming } from '../types.ts'
import type { OpenRound } from '../rounds/index.ts'
import type { Bundles, History } from './bundles.ts'
import { byWaiting, fitting, overdueModels, roomFor, waitingBy } from './room.ts'
import type { Brought } from './room.ts'

/** Receipts that are looked at for one epoch: twice as many as it counts. */
const maxCandidates = 2 * maxEpochReceipts

const nowhere: Pick<SettledPlaces, 'ranges' | 'covered'> = { ranges: [], covered: [] }

/** Why a model is kept: an epoch that is open to challenge counts its answers. */
export const standsOn = (pool: Hex, epoch: number): string => `epoch ${epoch} of ${pool}`

interface Parts {
  readonly bundles: Pick<Bundles, 'history'>
  readonly receipts: Pick<ReceiptStore, 'open'>
  readonly facts: Facts
  readonly models: Pick<Models, 'weighed' | 'registered' | 'keep' | 'folders'>
  readonly weigher: Weigher
  readonly scorings: Scorings
}

/** A receipt that could count beside those before it. */
interface Together {
  readonly receipt: CosignedReceipt
  readonly kind: 'urgent' | 'others'
}

type Measurable = Pick<EpochInput, 'measures' | 'heldOut'>

/** Makes a pool's next epoch of what is here, in its two steps. */
export interface Making {
  /** What it counts, and what of it came into the pool. @throws NotFoundError `epoch.empty` · as buildEpoch */
  receipts(pool: Hex, history: History): Promise<ReceiptsDocument>
  /** What it pays, by the words that were shown. @throws as buildEpoch */
  payouts(open: OpenRound): Promise<EpochBundle>
}

export function createMaking(
  { chain, clock, network, log }: Pick<PayoutsDeps, 'chain' | 'clock' | 'network' | 'log'>,
  timing: Pick<PayoutsTiming, 'heldOutMs'>,
  { bundles, receipts, facts, models, weigher, scorings }: Parts,
  mostLooked = maxCandidates
): Making {
  /** What might count now: what two parties only sign is not kept in memory. */
  async function* paid(pool: Hex, settled: Settled, paying: Paying): AsyncGenerator<CosignedReceipt> {
    for await (const { receipt } of receipts.open(pool)) {
      const { message } = receipt.receipt
      const claims = paying.get(message.channel)?.claims ?? []
      if (message.total > (claims.at(-1)?.claimed ?? 0n) || isSettled(settled, message)) continue
      if (dataOf(claims, [stretchOf(message)]) > 0n) yield receipt
    }
  }

  /**
   * Of a channel only as many as an epoch could count together, in the order in which it would: fees on which two
   * receipts stand are paid once.
   */
  async function* together(pool: Hex, settled: Settled, paying: Paying): AsyncGenerator<Together> {
    const lines = new Map<Hex, Pick<SettledPlaces, 'ranges' | 'covered'>>()
    for (const kind of ['urgent', 'others'] as const)
      for await (const receipt of paid(pool, settled, paying)) {
        if ((kind === 'urgent') !== isUrgent(receipt, settled)) continue
        const { channel, sequence } = receipt.receipt.message
        const line = lines.get(channel) ?? settled.get(channel) ?? nowhere
        const stretch = stretchOf(receipt.receipt.message)
        if (inRanges(line.ranges, sequence) || overlaps(line.covered, stretch)) continue
        const next = { ranges: withPlace(line.ranges, sequence), covered: withStretch(line.covered, stretch) }
        if (isScattered(next, line)) continue
        lines.set(channel, next)
        yield { receipt, kind }
      }
  }

  /**
   * As many as are looked at. Of more, those of the channels whose turn comes first, as an epoch would choose them: not
   * of those that come first, for whose id that is their parties choose.
   */
  async function candidates(pool: Hex, settled: Settled, paying: Paying, at: bigint): Promise<CosignedReceipt[]> {
    const found: CosignedReceipt[] = []
    for await (const receipt of paid(pool, settled, paying)) {
      found.push(receipt)
      if (found.length > mostLooked) break
    }
    if (found.length <= mostLooked) return found
    found.length = 0
    const sums = new Map<Hex, Brought>()
    for await (const { receipt, kind } of together(pool, settled, paying)) {
      const { channel, model } = receipt.receipt.message
      const { claimed = 0n, claims = [] } = paying.get(channel) ?? {}
      const known = sums.get(channel)
      const waiting = known?.waiting ?? waitingOf(settled.get(channel), claimed, claims)
      const { urgent = 0, others = 0 } = known ?? {}
      sums.set(channel, { model, waiting, urgent, others, [kind]: (known?.[kind] ?? 0) + 1 })
    }
    const counting = new Map<Hex, boolean>()
    const room = await roomFor(sums, mostLooked, async model => {
      const counts = counting.get(model) ?? (await facts.counts(model, at))
      counting.set(model, counts)
      return counts
    })
    for await (const { receipt, kind } of together(pool, settled, paying)) {
      const { channel } = receipt.receipt.message
      const left = room.get(channel)
      if (left === undefined || left[kind] === 0) continue // what came meanwhile waits
      room.set(channel, { ...left, [kind]: left[kind] - 1 })
      found.push(receipt)
    }
    return found
  }

  /** Held-out values of models; one whose values cannot be had keeps nobody's answers but its own from being paid. */
  async function heldOutOf(
    measures: ReadonlyMap<Hex, Measure | null>,
    why: string
  ): Promise<Map<Hex, HeldOutDocument>> {
    const documents = new Map<Hex, HeldOutDocument>()
    const late = new AbortController()
    const patience = clock.sleep(timing.heldOutMs, late.signal)
    // All at once: a stranger's model whose siblings nobody has is waited for beside the others, not before them.
    await Promise.all(
      [...measures].map(async ([model, measure]) => {
        try {
          const document = measure === null ? null : await Promise.race([measuredAndHeld(model, why), patience])
          if (document === undefined) log.warn("a model's held-out values are not there in time", { model })
          else if (document !== null) documents.set(model, document)
        } catch (error) {
          log.warn("a model's held-out values cannot be had", { model, error })
        }
      })
    )
    late.abort()
    await patience.catch(() => undefined) // its abort is this function's own doing
    return documents
  }

  /**
   * An epoch stands on nothing that its checkers cannot have: what it counts, this node has, and keeps until its window
   * is over, for whoever measures it again.
   */
  async function measuredAndHeld(model: Hex, why: string): Promise<HeldOutDocument | null> {
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    models.keep(model, true, why)
    await models.folders(weighed)
    return weigher.heldOut(model)
  }

  /** The parties of models, as whoever weighs their answers must know them. */
  const partiesOf = (names: Iterable<Hex>, known: PoolFacts): ReceiptsDocument['models'] =>
    [...new Set(names)].flatMap(model => {
      const [builder, measure] = [known.builders.get(model), known.measures.get(model)]
      return builder === undefined ? [] : [{ model, builder, players: measure?.players ?? null }]
    })

  const namesOf = (list: readonly CosignedReceipt[]): Hex[] => list.map(({ receipt }) => receipt.message.model)

  return {
    async receipts(pool, { epoch, previous }) {
      const before = settledOf(previous?.bundle.settled ?? [])
      // What was said and struck before that moment is known here, whatever another of the RPC's machines would show.
      await chain.ledger.caughtUp()
      const [confirmed, last] = [await chain.ledger.confirmedTime(), previous?.bundle.at ?? 0n]
      const at = confirmed > last ? confirmed : last
      // What was paid is read once: a claim that comes while receipts are chosen would have the epoch say that its
      // channel had paid for some that it did not look at.
      const paying = await facts.paying(pool, at, before)
      const list = await candidates(pool, before, paying, at)
      const overdue = overdueModels(before, at)
      const known = await facts.of(pool, list, { at, before, named: overdue, paying })
      const { sound, left: unsound } = soundReceipts(list, { ...known, settled: before })
      const first = countReceipts(sound, { ...known, settled: before, at })
      // Also those for whose receipts others leave no room: they have some where the others cannot be measured.
      const without = new Set(
        first.left.flatMap(({ id, fault }) => (fault === 'scattered' || fault === 'full' ? [id] : []))
      )
      const crowded = sound.flatMap(({ id, receipt }) => (without.has(id) ? [receipt] : []))
      const names = [...namesOf([...first.counted, ...crowded]), ...overdue]
      const needed = byWaiting(names, waitingBy(known.channels, before, at)).slice(0, maxEpochModels)
      const all = await measurable(known, new Set(needed), standsOn(pool, epoch + 1))
      const { deposited } = await chain.payouts.pool(pool)
      const donated = await facts.donated(pool)
      const own = new Map([...known.channels].filter(([, { model }]) => known.datanets.get(model) === pool))
      // What is over counts no more, and of more than are kept those wait that have paid least.
      const channels = [...linesOf(before, own, at)].flatMap(([channel, { model, expiry }]) => {
        const facing = own.get(channel)
        return facing === undefined ? [] : [{ channel, model, claimed: facing.claimed, expiry }]
      })
      const made = fitting(needed, wanted => {
        const { measures, heldOut } = ofModels(all, wanted)
        const rules = { ...known, measures, settled: before, at }
        const { counted: chosen, left } = countReceipts(sound, rules)
        const anchored: ReceiptsDocument = {
          pool,
          epoch: epoch + 1,
          previous: previous?.cid ?? null,
          at,
          receipts: [...chosen],
          data: chosen.map(receipt => broughtBy(receipt, known.channels)),
          channels,
          deposited,
          donated,
          models: []
        }
        const nobody = { scorings: new Map(), previous, seed: zeroHash, panel: [] }
        const bundle = bundleOf(anchored, known, { measures, heldOut, ...nobody })
        // The payouts divide no other model's fees: one that could be measured only later has receipts that wait.
        const divided = [...namesOf(chosen), ...bundle.models.map(({ model }) => model), ...bundle.unmeasured]
        const document = { ...anchored, models: partiesOf(divided, known) }
        return { document, bundle, left, said: false }
      })
      const { document, bundle } = made
      const left = [...unsound, ...made.left]
      for (const { id, fault } of left)
        if (fault !== 'settled') log.info('a receipt is left out of the epoch', { receipt: id, fault })
      const vests = bundle.payouts.some(({ vestedShare }) => vestedShare > 0n)
      const isEmpty =
        document.receipts.length === 0 && bundle.unreceipted.length === 0 && bundle.dataFees === bundle.held && !vests
      // Fees for which nobody brings a receipt are named; those of models whose measure is to come wait with them.
      const waits = left.some(({ fault }) => fault === 'measure')
      if (isEmpty && waits)
        throw new NotFoundError(
          'epoch.empty',
          'what could be settled is of models that are not admitted or measured yet',
          {
            help: 'See `tilth audit model NAME`: where rules ask for audits a model counts once it has passed.'
          }
        )
      if (isEmpty && !namesMore(bundle, before))
        throw new NotFoundError('epoch.empty', 'there is no receipt to settle: none is new, sound and paid', {
          help: 'Ask the model something first, and let its workers redeem their vouchers.'
        })
      return document
    },
    async payouts({ pool, epoch, round, document, assigned, ids }) {
      const { previous } = await bundles.history(pool)
      const before = settledOf(previous?.bundle.settled ?? [])
      const { drawn } = round
      const known = await facts.of(pool, document.receipts, {
        at: document.at,
        before,
        named: overdueModels(before, document.at)
      })
      const first = namesOf(document.receipts)
      // A model that nobody could measure when receipts were chosen has some that wait: its fees wait with them.
      const names = document.models.flatMap(({ model }) => (known.measures.has(model) ? [model] : []))
      const needed = byWaiting(names, waitingBy(known.channels, before, document.at), first)
      const all = await measurable(known, new Set(needed.slice(0, maxEpochModels)), standsOn(pool, epoch))
      const found = new Map<Hex, Scored[]>()
      for (const [at, id] of ids.entries()) {
        const [receipt, measure] = [
          document.receipts[at],
          all.measures.get(document.receipts[at]?.receipt.message.model ?? id)
        ]
        if (receipt === undefined || measure === undefined || measure === null) continue
        if (assigned.scorers[at]?.length === 0) continue
        const said = (await scorings.of(id)).map(scoredBy)
        found.set(id, countedScorings(network, { at, receipt, measure }, said, assigned, drawn.commitments))
      }
      const said = { scorings: found, previous, seed: drawn.seed, panel: drawn.panel }
      const make = (wanted: readonly Hex[]) => {
        const bundle = bundleOf(document, known, { ...ofModels(all, wanted), ...said })
        return { document, bundle, said: true }
      }
      return fitting(needed, make, new Set(first).size).bundle
    }
  }

  /** Of the models that are needed, those that something, or nothing, is measured of here; and what is. */
  async function measurable(known: PoolFacts, needed: ReadonlySet<Hex>, why: string): Promise<Measurable> {
    const wanted = new Map([...known.measures].filter(([model]) => needed.has(model)))
    const heldOut = await heldOutOf(wanted, why)
    const measures = new Map([...known.measures].filter(([model, measure]) => measure === null || heldOut.has(model)))
    return { measures, heldOut }
  }

  /** The same of some of the models. */
  function ofModels({ measures, heldOut }: Measurable, names: readonly Hex[]): Measurable {
    const wanted = new Set(names)
    return { measures: new Map([...measures].filter(([model]) => wanted.has(model))), heldOut }
  }

  function bundleOf(
    document: ReceiptsDocument,
    known: PoolFacts,
    parts: Pick<EpochInput, 'measures' | 'heldOut' | 'scorings' | 'previous' | 'seed' | 'panel'>
  ): EpochBundle {
    const { pool, epoch, receipts: counted, data, channels, deposited, donated, at } = document
    return buildEpoch({
      network,
      pool,
      epoch,
      receipts: counted,
      data,
      dataOf: ({ channel, stretches }) => dataOf(known.channels.get(channel)?.claims ?? [], stretches),
      channels: new Map(channels.map(line => [line.channel, line])),
      builders: known.builders,
      versions: known.versions,
      keeping: known.keeping,
      deposited,
      donated,
      at,
      ...parts
    })
  }
}

/** Whether an epoch says of some channel that it has paid more than the one before said. */
const namesMore = ({ settled }: EpochBundle, before: Settled): boolean =>
  settled.some(({ channel, claimed }) => claimed > (before.get(channel)?.claimed ?? 0n))

const broughtBy = ({ receipt }: Pick<CosignedReceipt, 'receipt'>, channels: ReadonlyMap<Hex, ChannelFacts>): bigint =>
  dataOf(channels.get(receipt.message.channel)?.claims ?? [], [stretchOf(receipt.message)])
