import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { buildEpoch, selectReceipts } from '../../protocol/payouts/index.ts'
import type { EpochBundle, GateDocument } from '../../protocol/payouts/index.ts'
import { refusedWith } from '../chain/index.ts'
import { createQueue } from '../runtime/index.ts'
import { disputed } from './book.ts'
import type { Book } from './book.ts'
import type { Bundles, History } from './bundles.ts'
import type { Exchange } from './exchange.ts'
import type { Facts } from './facts.ts'
import type { Ledger } from './ledger.ts'
import { maxEpochReceipts } from './limits.ts'
import type { Topic } from './topic.ts'
import type { PayoutsDeps, PayoutsTiming } from './types.ts'
import type { Weigher } from './weigh.ts'

export interface Settler {
  /** Proposes the pool's next epoch, unless it is proposed already. */
  settle(pool: Hex): Promise<void>
  /** @returns the number of the epoch that is the latest final one now */
  finalize(pool: Hex): Promise<number>
  /** Makes own epochs final whose window is over. */
  look(): Promise<void>
}

interface Parts {
  ledger: Ledger
  book: Book
  bundles: Bundles
  facts: Facts
  weigher: Weigher
  topic: Topic
  exchange: Exchange
}

export function createSettler(
  deps: PayoutsDeps,
  timing: PayoutsTiming,
  { ledger, book, bundles, facts, weigher, topic, exchange }: Parts
): Settler {
  const { chain, self, clock, network, log } = deps
  /** One thing at a time per pool: two calls to settle propose once. */
  const perPool = createQueue({ name: 'settlement', bound: 64 })

  /** What would be counted now: sound, not settled, not disputed. */
  const candidates = (pool: Hex): CosignedReceipt[] =>
    [...book.entries()]
      .filter(entry => entry.pool === pool && !disputed(book.scorings(entry.id)))
      .map(({ receipt }) => receipt)

  /**
   * Asks workers to redeem and collects what gossip did not bring, until every channel's receipts come to what it has
   * paid, or time is up.
   */
  async function gather(pool: Hex, epoch: number): Promise<void> {
    await topic.announceClosing(pool, epoch)
    await deps.models.redeem()
    const end = clock.now() + timing.closingMs
    do {
      await exchange.collect(pool)
      await ledger.caughtUp()
    } while (!complete(pool) && clock.now() < end && (await clock.sleep(500).then(() => true)))
  }

  function complete(pool: Hex): boolean {
    const fees = new Map<Hex, bigint>()
    for (const {
      pool: of,
      receipt: {
        receipt: { message }
      }
    } of book.entries()) {
      if (of === pool) fees.set(message.channel, (fees.get(message.channel) ?? 0n) + message.fee)
    }
    return ledger
      .channelsOf(new Set(ledger.modelsOf(pool)))
      .every(({ channel, claimed }) => (fees.get(channel) ?? 0n) === claimed)
  }

  async function gatesOf(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, GateDocument>> {
    const gates = new Map<Hex, GateDocument>()
    for (const model of new Set(receipts.flatMap(({ attribution }) => attribution?.model ?? []))) {
      const gate = await weigher.gate(model)
      if (gate !== null) gates.set(model, gate)
    }
    return gates
  }

  async function make(pool: Hex, history: History): Promise<EpochBundle> {
    const receipts = candidates(pool)
    const known = await facts.of(pool, receipts)
    const { counted, left } = selectReceipts(receipts, {
      ...known,
      settled: history.settled,
      settledFees: history.settledFees
    })
    for (const { id, fault } of left)
      if (fault !== 'settled') log.info('a receipt is left out of the epoch', { receipt: id, fault })
    if (counted.length === 0)
      throw new NotFoundError('epoch.empty', 'there is no receipt to settle: none is new, sound and paid', {
        help: 'Ask the model something first, and let its workers redeem their vouchers.'
      })
    const chosen = counted.slice(0, maxEpochReceipts)
    const { deposited } = await chain.payouts.pool(pool)
    return buildEpoch({
      network,
      pool,
      epoch: history.epoch + 1,
      receipts: chosen,
      measures: known.measures,
      gates: await gatesOf(chosen),
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
      const own = ledger.proposals().filter(({ event, state }) => state === 'pending' && event.proposer === self)
      if (own.length === 0) return
      const now = BigInt(Math.floor(clock.now() / 1000))
      for (const { event } of own) {
        if (now < event.challengeEnds) continue
        await perPool.run(event.pool, () => finalize(event.pool))
      }
    }
  }
}
