import { InvalidError, NotFoundError, TilthError, exactTokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import {
  buildEpoch,
  divisionOf,
  isOver,
  isSettled,
  selectReceipts,
  settledOf
} from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { EpochBundle, HeldOutDocument, Measure, Scored } from '../../../protocol/payouts/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Bundles, History } from './bundles.ts'
import type { Facts } from '../facts.ts'
import type { Finality } from './finality.ts'
import type { Proposals } from '../proposals.ts'
import { maxEpochReceipts } from '../limits.ts'
import type { Models } from '../models.ts'
import type { Entry, Exchange, ReceiptStore } from '../receipts/index.ts'
import { scoredBy } from '../scorer/index.ts'
import type { Scorings, ScoringsExchange, Weigher } from '../scorer/index.ts'
import type { Topic } from '../topic.ts'
import type { PayoutsDeps, PayoutsTiming } from '../types.ts'

export interface Settler {
  /** Takes up what it kept for others before it was stopped. */
  holdAgain(): Promise<void>
  /** Proposes the pool's next epoch, unless it is proposed already. */
  settle(pool: Hex): Promise<void>
  /** @returns the number of the epoch that is the latest final one now */
  finalize(pool: Hex): Promise<number>
}

/** Receipts that are looked at for one epoch: twice as many as it counts. */
const maxCandidates = 2 * maxEpochReceipts

/** Why a model is kept: an epoch that is open to challenge counts its answers. */
export const standsOn = (pool: Hex, epoch: number): string => `epoch ${epoch} of ${pool}`

interface Parts {
  proposals: Proposals
  receipts: ReceiptStore
  finality: Finality
  bundles: Bundles
  facts: Facts
  weigher: Weigher
  scorings: Scorings
  words: ScoringsExchange
  models: Models
  topic: Topic
  exchange: Exchange
}

/** How long a pool in which nothing is open is waited for. */
const quietMs = 5_000

export function createSettler(
  deps: PayoutsDeps,
  timing: PayoutsTiming,
  { proposals, receipts, finality, bundles, facts, weigher, scorings, words, models, topic, exchange }: Parts
): Settler {
  const { chain, self, clock, network, log } = deps
  /** One thing at a time per pool: two calls to settle propose once. */
  const perPool = createQueue({ name: 'settlement', bound: 64, metrics: deps.metrics })

  /**
   * Asks workers to redeem and collects what gossip did not bring, until every channel's receipts come to what it has
   * paid and all are weighed, or time is up.
   */
  async function gather(pool: Hex, epoch: number): Promise<void> {
    await topic.announceClosing(pool, epoch)
    await deps.models.redeem()
    const end = clock.now() + timing.closingMs
    const patient = clock.now() + Math.min(timing.closingMs, quietMs)
    const waiting = { for: undefined as Hex | undefined }
    do {
      await exchange.collect(pool)
      await proposals.caughtUp()
      const missing = await unweighed(pool)
      if (missing.length > 0) await words.collect(missing)
      // Where nothing is open, what is to be counted may be on its way: the redemption and the receipt both.
      else if ((await complete(pool, waiting)) && (clock.now() >= patient || (await anyOpen(pool)))) return
    } while (clock.now() < end && (await clock.sleep(500).then(() => true)))
  }

  async function anyOpen(pool: Hex): Promise<boolean> {
    for await (const _ of receipts.open(pool)) return true
    return false
  }

  /** Receipts that wait for a scorer: as many as an epoch counts. */
  async function unweighed(pool: Hex): Promise<Hex[]> {
    const missing: Hex[] = []
    for (const id of await receipts.unscored(pool, maxEpochReceipts)) {
      const entry = await receipts.get(id)
      if (entry === undefined) continue
      const { result } = await models.registered(entry.receipt.receipt.message.model)
      if (divisionOf(entry.receipt, result === '' ? null : result) === 'weighed') missing.push(id)
    }
    return missing
  }

  /** @param waiting the channel that lacked receipts the last time: while it does no other is looked at */
  async function complete(pool: Hex, waiting: { for: Hex | undefined }): Promise<boolean> {
    const { timestamp } = await chain.head()
    const lacks = async (channel: Hex, claimed: bigint): Promise<boolean> =>
      (await receipts.feesOf(pool, channel)) !== claimed
    const before = waiting.for === undefined ? undefined : await chain.channels.known(waiting.for)
    if (before !== undefined && !isOver(before.expiry, timestamp) && (await lacks(before.id, before.claimed)))
      return false
    // What is over counts no more, and is no longer remembered.
    for await (const { channel, claimed, expiry } of proposals.channelsOf(pool))
      if (!isOver(expiry, timestamp) && (await lacks(channel, claimed))) {
        waiting.for = channel
        return false
      }
    return true
  }

  /**
   * What might count now, channel by channel as far as each has paid: what two parties only sign to each other is not
   * even read into memory.
   */
  async function candidates(pool: Hex, { previous }: History): Promise<Entry[]> {
    const settled = settledOf(previous?.bundle.settled ?? [])
    const found: Entry[] = []
    let [channel, claimed, sum]: [Hex | undefined, bigint, bigint] = [undefined, 0n, 0n]
    for await (const entry of receipts.open(pool)) {
      const { message } = entry.receipt.receipt
      if (message.channel !== channel) {
        channel = message.channel
        claimed = (await facts.channels([entry.receipt])).get(channel)?.claimed ?? 0n
        sum = settled.get(channel)?.fees ?? 0n
      }
      if (isSettled(settled, message) || claimed === 0n || sum + message.fee > claimed) continue
      sum += message.fee
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

  /** What this node has proposed before it was started again is kept for those who check it. */
  async function holdAgain(): Promise<void> {
    for (const { event } of await proposals.pending()) {
      if (event.proposer !== self) continue
      try {
        const { models: named } = await bundles.load(event.bundle, self)
        for (const { model } of named) models.keep(model, true, standsOn(event.pool, event.epoch))
      } catch (error) {
        log.warn('an epoch of its own cannot be read', { pool: event.pool, epoch: event.epoch, error })
      }
    }
  }

  async function make(pool: Hex, history: History): Promise<EpochBundle> {
    const entries = await candidates(pool, history)
    const said = new Map<Hex, Scored[]>()
    for (const { id } of entries) said.set(id, (await scorings.of(id)).map(scoredBy))
    const list = entries.map(({ receipt }) => receipt)
    const { timestamp: at } = await chain.head()
    const known = await facts.of(
      pool,
      list,
      [...said.values()].flatMap(scored => scored.map(({ scorer }) => scorer))
    )
    const choose = (measures: ReadonlyMap<Hex, Measure | null>): ReturnType<typeof selectReceipts> =>
      selectReceipts(list, said, {
        ...known,
        measures,
        settled: settledOf(history.previous?.bundle.settled ?? []),
        at
      })
    const named = new Set(choose(known.measures).counted.map(({ receipt }) => receipt.message.model))
    const why = standsOn(pool, history.epoch + 1)
    const heldOut = await heldOutOf(new Map([...known.measures].filter(([model]) => named.has(model))), why)
    const measures = new Map([...known.measures].filter(([model, measure]) => measure === null || heldOut.has(model)))
    const { counted, scorings: weighed, left } = choose(measures)
    for (const { id, fault } of left)
      if (fault !== 'settled') log.info('a receipt is left out of the epoch', { receipt: id, fault })
    if (counted.length === 0)
      throw new NotFoundError('epoch.empty', 'there is no receipt to settle: none is new, sound, paid and weighed', {
        help: 'Ask the model something first, and let its workers redeem their vouchers.'
      })
    const chosen = mostPaid(counted, maxEpochReceipts)
    const { deposited } = await chain.payouts.pool(pool)
    return buildEpoch({
      network,
      pool,
      epoch: history.epoch + 1,
      receipts: chosen,
      scorings: weighed,
      measures,
      heldOut,
      deposited,
      at,
      expiries: new Map([...known.channels].map(([channel, { expiry }]) => [channel, expiry])),
      previous: history.previous
    })
  }

  async function settle(pool: Hex): Promise<void> {
    const { epoch } = await chain.payouts.pool(pool)
    if ((await chain.payouts.epoch(pool, epoch + 1)).state === 'pending') return
    const { minStake } = await chain.payouts.rules()
    const stake = await chain.nodes.stakeOf(self)
    if (stake < minStake)
      throw new InvalidError(
        'epoch.stake',
        `settling needs a stake of ${exactTokenText(minStake)} tokens, this node has ${exactTokenText(stake)}`,
        { help: `Stake first: tilth wallet stake ${exactTokenText(minStake - stake)}` }
      )
    await finality.follow(pool)
    await gather(pool, epoch + 1)
    const bundle = await make(pool, await bundles.history(pool))
    const cid = await bundles.save(bundle)
    const { receiptsRoot, receiptsTotal, payoutsRoot, payoutsTotal } = bundle
    try {
      await chain.payouts.propose({
        pool,
        epoch: bundle.epoch,
        receiptsRoot,
        receiptsTotal,
        receiptCount: bundle.receipts.length,
        payoutsRoot,
        payoutsTotal,
        bundle: cid
      })
    } catch (error) {
      // Another settler was quicker: its epoch is the one to look at.
      if (!refusedWith(error, 'AlreadyProposed') && !refusedWith(error, 'EpochOutOfOrder')) throw error
    }
  }

  async function finalize(pool: Hex): Promise<number> {
    const { epoch } = await chain.payouts.pool(pool)
    const pending = await chain.payouts.epoch(pool, epoch + 1)
    if (pending.state !== 'pending') {
      if (epoch === 0)
        throw new NotFoundError('epoch.unknown', 'no epoch of this pool is proposed', { help: 'Settle it first.' })
      return epoch
    }
    try {
      await chain.payouts.finalize(pool, epoch + 1)
    } catch (error) {
      if (refusedWith(error, 'WindowOpen'))
        throw new TilthError(
          'epoch.window',
          `the epoch can be challenged until ${pending.challengeEnds} (chain seconds)`,
          { cause: error, help: 'Try again after that.' }
        )
      // Made final or voided by another meanwhile.
      if (!refusedWith(error, 'NotPending')) throw error
      return (await chain.payouts.pool(pool)).epoch
    }
    return epoch + 1
  }

  return {
    holdAgain,
    settle: pool => perPool.run(pool, () => settle(pool)),
    finalize: pool => perPool.run(pool, () => finalize(pool))
  }
}

/**
 * At most so many, in their order: where there are more, those of the channels that have paid most go first, so that
 * nobody's small change keeps others waiting.
 */
export function mostPaid<R extends CosignedReceipt>(counted: readonly R[], most: number): readonly R[] {
  if (counted.length <= most) return counted
  const channels = [...Map.groupBy(counted, ({ receipt }) => receipt.message.channel)]
    .map(([channel, list]) => ({
      channel,
      count: list.length,
      fees: list.reduce((sum, { receipt }) => sum + receipt.message.fee, 0n)
    }))
    .sort((a, b) => (a.fees > b.fees ? -1 : a.fees < b.fees ? 1 : a.channel < b.channel ? -1 : 1))
  const room = new Map<Hex, number>()
  let left = most
  for (const { channel, count } of channels) {
    room.set(channel, Math.min(count, left))
    left -= Math.min(count, left)
  }
  return counted.filter(({ receipt: { message } }) => {
    const places = room.get(message.channel) ?? 0
    room.set(message.channel, places - 1)
    return places > 0
  })
}
