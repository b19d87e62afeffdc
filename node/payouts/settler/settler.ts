import { InvalidError, NotFoundError, TilthError, exactTokenText } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { isOver, receiptsTree } from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { RoundOnChain } from '../../chain/types.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Bundles } from './bundles.ts'
import { createLacking } from './lacking.ts'
import { createMaking, standsOn } from './making.ts'
import type { Facts } from '../facts.ts'
import type { Finality } from './finality.ts'
import type { Proposals } from '../proposals.ts'
import type { Models } from '../models.ts'
import type { Exchange, ReceiptStore } from '../receipts/index.ts'
import type { OpenRound, Rounds } from '../rounds/index.ts'
import type { Scorings, ScoringsExchange, Weigher } from '../scorer/index.ts'
import type { Topic } from '../topic.ts'
import type { PayoutsDeps, PayoutsTiming } from '../types.ts'

/**
 * Does what takes so much of this node's tokens, within whatever budget asks to know. Not begun where what it comes to
 * with the steps that follow, `most`, would not be paid: what is paid first would be lost.
 */
export type Paying = <T>(amount: bigint, act: () => Promise<T>, most?: bigint) => Promise<T>
const freely: Paying = (_, act) => act()

export interface Settler {
  /** Takes up what it kept for others before it was stopped. */
  holdAgain(): Promise<void>
  /** Proposes the pool's next epoch, unless it is proposed already. */
  settle(pool: Hex, pay?: Paying): Promise<void>
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
  rounds: Rounds
  /** Chain seconds. */
  now: () => bigint
  models: Models
  topic: Topic
  exchange: Exchange
}

/** How long a pool in which nothing is open is waited for. */
const quietMs = 5_000
/** Blocks whose hashes a contract can ask for. */
const knownBlocks = 256n

export function createSettler(
  deps: PayoutsDeps,
  timing: PayoutsTiming,
  {
    proposals,
    receipts,
    finality,
    bundles,
    facts,
    weigher,
    scorings,
    words,
    rounds,
    now,
    models,
    topic,
    exchange
  }: Parts
): Settler {
  const { chain, self, clock, log, network } = deps
  const make = createMaking(deps, timing, { bundles, receipts, facts, models, weigher, scorings })
  /** One thing at a time per pool: two calls to settle propose once. */
  const perPool = createQueue({ name: 'settlement', bound: 64, metrics: deps.metrics })

  /**
   * Asks workers to redeem and collects what gossip did not bring, until every channel's receipts come to what it has
   * paid, or time is up.
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
      // Where nothing is open, what is to be counted may be on its way: the redemption and the receipt both.
      if ((await complete(pool, waiting)) && (clock.now() >= patient || (await anyOpen(pool)))) return
    } while (clock.now() < end && (await clock.sleep(500).then(() => true)))
  }

  async function anyOpen(pool: Hex): Promise<boolean> {
    for await (const _ of receipts.open(pool)) return true
    return false
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
        const { models: named } = await bundles.load(event)
        for (const { model } of named) models.keep(model, true, standsOn(event.pool, event.epoch))
      } catch (error) {
        log.warn('an epoch of its own cannot be read', { pool: event.pool, epoch: event.epoch, error })
      }
    }
  }

  async function settle(pool: Hex, pay: Paying): Promise<void> {
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
    const open = await drawn(pool, epoch + 1, await anchored(pool, epoch + 1, pay))
    await propose(await make.payouts(await heard(open)), pay)
  }

  /** Step one: what stands on chain already, where it is what this node would anchor now; else that. */
  async function anchored(pool: Hex, epoch: number, pay: Paying): Promise<RoundOnChain> {
    const known = await chain.payouts.round(pool, epoch)
    if (known !== undefined && !known.spent && !(await forgotten(known))) {
      if (known.settler === self) return known
      if (now() < (await lapses(known)))
        throw new TilthError('epoch.anchored', "another settler has anchored the epoch's receipts", {
          consequence: 'retry',
          help: 'Its payouts follow; if they do not, the epoch can be anchored anew after that.'
        })
    }
    await gather(pool, epoch)
    const document = await make.receipts(pool, await bundles.history(pool))
    const { root } = receiptsTree(network, document.receipts)
    // Validators were against the payouts, not against these receipts: the same draw stands, nobody draws again.
    if (known?.spent === true && known.receiptsRoot === root.hash && known.settler === self) return known
    const receipts = await rounds.save(document)
    const { bond } = await chain.payouts.rules()
    // Payouts come to all that the pool has got at most. Receipts on which none follow cost their bond.
    const most = await chain.payouts.bondFor(pool, (await chain.payouts.pool(pool)).deposited)
    const step = {
      pool,
      epoch,
      receiptsRoot: root.hash,
      receiptsTotal: root.sum,
      receiptCount: document.receipts.length,
      receipts
    }
    try {
      await pay(bond, () => chain.payouts.anchorReceipts(step), most)
    } catch (error) {
      // Another settler was quicker: its receipts are the ones to look at.
      if (!refusedWith(error, 'AlreadyAnchored', 'EpochOutOfOrder')) throw error
    }
    const round = await chain.payouts.round(pool, epoch)
    if (round === undefined) throw new TilthError('epoch.anchored', 'the receipts are not on chain any more')
    return round
  }

  /** Nobody fixed its draw while the chain knew the block that draws: it can only be anchored anew. */
  async function forgotten({ drawn, drawFrom }: RoundOnChain): Promise<boolean> {
    return drawn === undefined && (await chain.head()).block > drawFrom + knownBlocks
  }

  /** When another's round may be anchored anew; never by time while it is not drawn. */
  async function lapses({ drawn }: RoundOnChain): Promise<bigint> {
    const { challengeWindow } = await chain.payouts.rules()
    return drawn === undefined ? 1n << 64n : drawn.revealEnds + challengeWindow
  }

  /** Waits for chance to speak, and fixes what it says. */
  async function drawn(pool: Hex, epoch: number, round: RoundOnChain): Promise<OpenRound> {
    const end = clock.now() + timing.roundMs
    for (;;) {
      const open = await rounds.open(pool, epoch)
      if (open !== undefined) return open
      try {
        await chain.payouts.draw(pool, epoch)
      } catch (error) {
        if (!refusedWith(error, 'NoDrawNow', 'AlreadyDrawn')) throw error
        if (clock.now() > end) throw waits(`the draw waits for block ${round.drawFrom}`)
        await clock.sleep(300)
      }
    }
  }

  /** Waits until nobody can commit or show any more, and collects what was shown. Who was absent pays for it. */
  async function heard({ pool, epoch }: OpenRound): Promise<OpenRound> {
    const end = clock.now() + timing.roundMs
    const lacking = createLacking(scorings)
    for (;;) {
      const open = await rounds.open(pool, epoch)
      if (open === undefined) throw new TilthError('epoch.anchored', 'the receipts are not on chain any more')
      const { number, drawn } = open.round
      const { commitEnds, revealEnds, panel, commitments } = drawn
      if (now() >= commitEnds) {
        const missing = await lacking.of(open)
        if (missing.length > 0) await words.collect(missing, id => scorings.lacks(open, open.places.get(id) ?? -1))
        // Who has committed is waited for once more as long: its words count whenever they come before the proposal.
        if (now() >= (missing.length > 0 ? 2n * revealEnds - commitEnds : revealEnds)) {
          for (const scorer of panel) if (!commitments.has(scorer)) await penalise(pool, epoch, number, scorer)
          return open
        }
      }
      if (clock.now() > end) throw waits(`scorers have time until ${revealEnds} (chain seconds)`)
      await clock.sleep(300)
    }
  }

  async function penalise(pool: Hex, epoch: number, round: number, scorer: Address): Promise<void> {
    try {
      await chain.payouts.penaliseAbsent(pool, epoch, round, scorer)
      log.info('a scorer was absent, and has paid for it', { pool, epoch, scorer })
    } catch (error) {
      if (!refusedWith(error, 'NotAbsent', 'CommitOpen')) throw error
    }
  }

  const waits = (what: string): TilthError =>
    new TilthError('epoch.waits', what, { consequence: 'retry', help: 'Settle again after that; an automation does.' })

  async function propose(bundle: EpochBundle, pay: Paying): Promise<void> {
    const cid = await bundles.save(bundle)
    const { pool, epoch, receiptsRoot, receiptsTotal, payoutsRoot, payoutsTotal } = bundle
    const [posted, round, { bond }] = await Promise.all([
      chain.payouts.bondFor(pool, payoutsTotal),
      chain.payouts.round(pool, epoch),
      chain.payouts.rules()
    ])
    // The bond of the round goes over to what is proposed on it first.
    const missing = round?.spent === false ? posted - bond : posted
    const proposal = {
      pool,
      epoch,
      receiptsRoot,
      receiptsTotal,
      receiptCount: bundle.receipts.length,
      payoutsRoot,
      payoutsTotal,
      bundle: cid
    }
    const end = clock.now() + timing.roundMs
    for (;;)
      try {
        await pay(missing, () => chain.payouts.propose(proposal))
        return
      } catch (error) {
        // Another settler was quicker: its epoch is the one to look at.
        if (refusedWith(error, 'AlreadyProposed', 'EpochOutOfOrder')) return
        // The chain's clock is a little behind this one.
        if (!refusedWith(error, 'RevealOpen') || clock.now() > end) throw error
        await clock.sleep(500)
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
          `the epoch can be challenged until ${new Date(Number(pending.challengeEnds) * 1000).toISOString()}`,
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
    settle: (pool, pay = freely) => perPool.run(pool, () => settle(pool, pay)),
    finalize: pool => perPool.run(pool, () => finalize(pool))
  }
}
