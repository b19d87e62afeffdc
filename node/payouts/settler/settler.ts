import { InvalidError, NotFoundError, TilthError, exactTokenText } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { divisionOf, isOver } from '../../../protocol/payouts/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Bundles } from './bundles.ts'
import { createMaking, standsOn } from './making.ts'
import type { Facts } from '../facts.ts'
import type { Finality } from './finality.ts'
import type { Proposals } from '../proposals.ts'
import { maxEpochReceipts } from '../limits.ts'
import type { Models } from '../models.ts'
import type { Exchange, ReceiptStore } from '../receipts/index.ts'
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
  const { chain, self, clock, log } = deps
  const make = createMaking(deps, timing, { receipts, facts, models, weigher, scorings })
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
