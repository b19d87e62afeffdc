import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { buildEpoch, divisionOf, placeOf, selectReceipts } from '../../protocol/payouts/index.ts'
import type { EpochBundle, GateDocument, Measure, Scored } from '../../protocol/payouts/index.ts'
import { refusedWith } from '../chain/index.ts'
import { createQueue } from '../runtime/index.ts'
import type { Book, Entry } from './book.ts'
import type { Bundles, History } from './bundles.ts'
import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'
import type { Proposals } from './proposals.ts'
import { maxEpochReceipts } from './limits.ts'
import type { Models } from './models.ts'
import { scoredBy } from './scorer/index.ts'
import type { Scorings, ScoringsExchange, Weigher } from './scorer/index.ts'
import type { Topic } from './topic.ts'
import type { PayoutsDeps, PayoutsTiming } from './types.ts'

export interface Settler {
  /** Proposes the pool's next epoch, unless it is proposed already. */
  settle(pool: Hex): Promise<void>
  /** @returns the number of the epoch that is the latest final one now */
  finalize(pool: Hex): Promise<number>
  /** Makes own epochs final whose window is over. */
  look(): Promise<void>
}

interface Parts {
  proposals: Proposals
  book: Book
  bundles: Bundles
  facts: Facts
  weigher: Weigher
  scorings: Scorings
  words: ScoringsExchange
  models: Models
  topic: Topic
  exchange: Exchange
}

export function createSettler(
  deps: PayoutsDeps,
  timing: PayoutsTiming,
  { proposals, book, bundles, facts, weigher, scorings, words, models, topic, exchange }: Parts
): Settler {
  const { chain, self, clock, network, log } = deps
  /** One thing at a time per pool: two calls to settle propose once. */
  const perPool = createQueue({ name: 'settlement', bound: 64 })

  const ofPool = (pool: Hex): Entry[] => [...book.entries()].filter(entry => entry.pool === pool)

  /**
   * Asks workers to redeem and collects what gossip did not bring, until every channel's receipts come to what it has
   * paid and all are weighed, or time is up.
   */
  async function gather(pool: Hex, epoch: number): Promise<void> {
    await topic.announceClosing(pool, epoch)
    await deps.models.redeem()
    const end = clock.now() + timing.closingMs
    do {
      await exchange.collect(pool)
      await proposals.caughtUp()
      const missing = await unweighed(pool)
      if (missing.length > 0) await words.collect(missing)
      else if (await complete(pool)) return
    } while (clock.now() < end && (await clock.sleep(500).then(() => true)))
  }

  /** Receipts that wait for a scorer. */
  async function unweighed(pool: Hex): Promise<Hex[]> {
    const { settled } = await bundles.history(pool)
    const missing: Hex[] = []
    for (const { id, receipt } of ofPool(pool)) {
      if (scorings.count(id) > 0 || settled.has(placeOf(receipt))) continue
      const { result } = await models.registered(receipt.receipt.message.model)
      if (divisionOf(receipt, result === '' ? null : result) === 'weighed') missing.push(id)
    }
    return missing
  }

  async function complete(pool: Hex): Promise<boolean> {
    const fees = new Map<Hex, bigint>()
    for (const {
      pool: of,
      receipt: {
        receipt: { message }
      }
    } of book.entries()) {
      if (of === pool) fees.set(message.channel, (fees.get(message.channel) ?? 0n) + message.fee)
    }
    for await (const { channel, claimed } of proposals.channelsOf(pool))
      if ((fees.get(channel) ?? 0n) !== claimed) return false
    return true
  }

  /** Held-out values of models; one whose values cannot be had keeps nobody's answers but its own from being paid. */
  async function gatesOf(measures: ReadonlyMap<Hex, Measure | null>): Promise<Map<Hex, GateDocument>> {
    const gates = new Map<Hex, GateDocument>()
    for (const [model, measure] of measures) {
      try {
        const gate = measure === null ? null : await weigher.gate(model)
        if (gate !== null) gates.set(model, gate)
      } catch (error) {
        log.warn("a model's held-out values cannot be had", { model, error })
      }
    }
    return gates
  }

  async function make(pool: Hex, history: History): Promise<EpochBundle> {
    const entries = ofPool(pool).filter(({ receipt }) => !history.settled.has(placeOf(receipt)))
    const said = new Map<Hex, Scored[]>()
    for (const { id } of entries) said.set(id, (await scorings.of(id)).map(scoredBy))
    const receipts = entries.map(({ receipt }) => receipt)
    const known = await facts.of(
      pool,
      receipts,
      [...said.values()].flatMap(scored => scored.map(({ scorer }) => scorer))
    )
    const choose = (measures: ReadonlyMap<Hex, Measure | null>): ReturnType<typeof selectReceipts> =>
      selectReceipts(receipts, said, {
        ...known,
        measures,
        settled: history.settled,
        settledFees: history.settledFees
      })
    const named = new Set(choose(known.measures).counted.map(({ receipt }) => receipt.message.model))
    const gates = await gatesOf(new Map([...known.measures].filter(([model]) => named.has(model))))
    const measures = new Map([...known.measures].filter(([model, measure]) => measure === null || gates.has(model)))
    const { counted, scorings: weighed, left } = choose(measures)
    for (const { id, fault } of left)
      if (fault !== 'settled') log.info('a receipt is left out of the epoch', { receipt: id, fault })
    if (counted.length === 0)
      throw new NotFoundError('epoch.empty', 'there is no receipt to settle: none is new, sound, paid and weighed', {
        help: 'Ask the model something first, and let its workers redeem their vouchers.'
      })
    const chosen = counted.slice(0, maxEpochReceipts)
    const { deposited } = await chain.payouts.pool(pool)
    return buildEpoch({
      network,
      pool,
      epoch: history.epoch + 1,
      receipts: chosen,
      scorings: weighed,
      measures,
      gates,
      deposited,
      previous: history.previous
    })
  }

  async function settle(pool: Hex): Promise<void> {
    const { epoch } = await chain.payouts.pool(pool)
    if ((await chain.payouts.epoch(pool, epoch + 1)).state === 'pending') return
    const { minStake } = await chain.payouts.rules()
    const stake = await chain.nodes.stakeOf(self)
    if (stake < minStake)
      throw new InvalidError('epoch.stake', `settling needs a stake of ${minStake}, this node has ${stake}`, {
        help: 'Stake first.'
      })
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
    settle: pool => perPool.run(pool, () => settle(pool)),
    finalize: pool => perPool.run(pool, () => finalize(pool)),
    async look() {
      const own = (await proposals.pending()).filter(({ event }) => event.proposer === self)
      if (own.length === 0) return
      const now = BigInt(Math.floor(clock.now() / 1000))
      for (const { event } of own) {
        if (now < event.challengeEnds) continue
        await perPool.run(event.pool, () => finalize(event.pool))
      }
    }
  }
}
