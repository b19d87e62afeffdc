import {
  buildEpoch,
  dataOf,
  gapsIn,
  isOver,
  isSettled,
  linesOf,
  selectReceipts,
  settledOf,
  stretchOf
} from '../../../protocol/payouts/index.ts'
import type {
  ChannelFacts,
  EpochBundle,
  HeldOutDocument,
  Measure,
  ReceiptFault,
  Scored,
  Settled
} from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Facts } from '../facts.ts'
import { maxEpochReceipts } from '../limits.ts'
import type { Models } from '../models.ts'
import type { Entry, ReceiptStore } from '../receipts/index.ts'
import { scoredBy } from '../scorer/index.ts'
import type { Scorings, Weigher } from '../scorer/index.ts'
import type { PayoutsDeps, PayoutsTiming } from '../types.ts'
import type { History } from './bundles.ts'

/** Receipts that are looked at for one epoch: twice as many as it counts. */
const maxCandidates = 2 * maxEpochReceipts

/** Faults that pass: whoever has such a receipt waits with it. */
const waits: ReadonlySet<ReceiptFault> = new Set(['measure', 'unscored', 'disputed'])

/** Why a model is kept: an epoch that is open to challenge counts its answers. */
export const standsOn = (pool: Hex, epoch: number): string => `epoch ${epoch} of ${pool}`

interface Parts {
  readonly receipts: Pick<ReceiptStore, 'open'>
  readonly facts: Facts
  readonly models: Pick<Models, 'weighed' | 'keep' | 'folders'>
  readonly weigher: Weigher
  readonly scorings: Scorings
}

/** Makes a pool's next epoch of what is here. @throws NotFoundError `epoch.empty` · as buildEpoch */
export type Making = (pool: Hex, history: History) => Promise<EpochBundle>

export function createMaking(
  { chain, clock, network, log }: Pick<PayoutsDeps, 'chain' | 'clock' | 'network' | 'log'>,
  timing: Pick<PayoutsTiming, 'heldOutMs'>,
  { receipts, facts, models, weigher, scorings }: Parts
): Making {
  /**
   * What might count now, channel by channel as far as each has paid: what two parties only sign to each other is not
   * even read into memory.
   */
  async function candidates(pool: Hex, settled: Settled): Promise<Entry[]> {
    const found: Entry[] = []
    let [channel, claimed]: [Hex | undefined, bigint] = [undefined, 0n]
    for await (const entry of receipts.open(pool)) {
      const { message } = entry.receipt.receipt
      if (message.channel !== channel) {
        channel = message.channel
        claimed = (await facts.channels([entry.receipt])).get(channel)?.claimed ?? 0n
      }
      if (isSettled(settled, message) || message.total > claimed) continue
      found.push(entry)
      if (found.length >= maxCandidates) break
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

  return async (pool, { epoch, previous }) => {
    const before = settledOf(previous?.bundle.settled ?? [])
    const entries = await candidates(pool, before)
    const said = new Map<Hex, Scored[]>()
    for (const { id } of entries) said.set(id, (await scorings.of(id)).map(scoredBy))
    const list = entries.map(({ receipt }) => receipt)
    const { timestamp: at } = await chain.head()
    const scorers = [...said.values()].flatMap(scored => scored.map(({ scorer }) => scorer))
    const overdue = overdueModels(before, at)
    const known = await facts.of(pool, list, scorers, { named: overdue })
    const choose = (measures: ReadonlyMap<Hex, Measure | null>): ReturnType<typeof selectReceipts> =>
      selectReceipts(list, said, { ...known, measures, settled: before, at })
    const answering = choose(known.measures).counted.map(({ receipt }) => receipt.message.model)
    const needed = new Set([...answering, ...overdue])
    const heldOut = await heldOutOf(
      new Map([...known.measures].filter(([model]) => needed.has(model))),
      standsOn(pool, epoch + 1)
    )
    const measures = new Map([...known.measures].filter(([model, measure]) => measure === null || heldOut.has(model)))
    const { counted, scorings: weighed, left } = choose(measures)
    for (const { id, fault } of left)
      if (fault !== 'settled') log.info('a receipt is left out of the epoch', { receipt: id, fault })
    const chosen = mostPaid(counted, maxEpochReceipts, { channels: known.channels, before })
    const { deposited } = await chain.payouts.pool(pool)
    const bundle = buildEpoch({
      network,
      pool,
      epoch: epoch + 1,
      receipts: chosen,
      data: chosen.map(receipt => broughtBy(receipt, known.channels)),
      dataOf: ({ channel, stretches }) => dataOf(known.channels.get(channel)?.claims ?? [], stretches),
      channels: new Map([...known.channels].filter(([, { model }]) => known.datanets.get(model) === pool)),
      scorings: weighed,
      measures,
      heldOut,
      deposited,
      donated: await facts.donated(pool),
      at,
      previous,
      seed: null
    })
    const isEmpty = bundle.receipts.length === 0 && bundle.unreceipted.length === 0 && bundle.dataFees === bundle.held
    // Fees for which nobody brings a receipt are named; those whose receipts only wait to be weighed wait with them.
    if (isEmpty && (left.some(({ fault }) => waits.has(fault)) || !namesMore(bundle, before)))
      throw new NotFoundError('epoch.empty', 'there is no receipt to settle: none is new, sound, paid and weighed', {
        help: 'Ask the model something first, and let its workers redeem their vouchers.'
      })
    return bundle
  }
}

/** Models of channels whose fees the epoch before named as waiting for receipts, or that are over. */
function overdueModels(before: Settled, at: bigint): Hex[] {
  const lines = linesOf(before, new Map(), at)
  return [...lines.values()].flatMap(({ model, covered, claimed, expiry }) =>
    gapsIn(covered, claimed).length > 0 || isOver(expiry, at) ? [model] : []
  )
}

/** Whether an epoch says of some channel that it has paid more than the one before said. */
const namesMore = ({ settled }: EpochBundle, before: Settled): boolean =>
  settled.some(({ channel, claimed }) => claimed > (before.get(channel)?.claimed ?? 0n))

const broughtBy = ({ receipt }: Pick<CosignedReceipt, 'receipt'>, channels: ReadonlyMap<Hex, ChannelFacts>): bigint =>
  dataOf(channels.get(receipt.message.channel)?.claims ?? [], [stretchOf(receipt.message)])

/**
 * At most so many, in their order. Where there are more, those come first whose fees would else be divided without
 * them, then those of the channels that have brought most, so that nobody's small change keeps others waiting.
 */
export function mostPaid<R extends CosignedReceipt>(
  counted: readonly R[],
  most: number,
  { channels, before }: { channels: ReadonlyMap<Hex, ChannelFacts>; before: Settled }
): readonly R[] {
  if (counted.length <= most) return counted
  const sums = new Map<Hex, bigint>()
  for (const one of counted) {
    const { channel } = one.receipt.message
    sums.set(channel, (sums.get(channel) ?? 0n) + broughtBy(one, channels))
  }
  const places = counted.map((one, at) => {
    const { channel, total } = one.receipt.message
    return { at, channel, urgent: total <= (before.get(channel)?.claimed ?? 0n), brought: sums.get(channel) ?? 0n }
  })
  places.sort((a, b) => {
    if (a.urgent !== b.urgent) return a.urgent ? -1 : 1
    if (a.brought !== b.brought) return a.brought > b.brought ? -1 : 1
    return a.channel < b.channel ? -1 : a.channel > b.channel ? 1 : a.at - b.at
  })
  const chosen = new Set(places.slice(0, most).map(({ at }) => at))
  return counted.filter((_, at) => chosen.has(at))
}
