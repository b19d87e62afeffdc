import {
  accept,
  award as awardLot,
  budgetLeft,
  coalitionsOf,
  funded,
  pickReplacement,
  release
} from '../../../protocol/jobs/index.ts'
import type { AwardDocument, JobRecord, LotState, PlannedAward } from '../../../protocol/jobs/index.ts'
import { deliveryHash } from '../../../protocol/contracts/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import { maxLives } from '../limits.ts'
import { awardView } from '../views.ts'
import { ofTrainers, signAward } from './bidding.ts'
import type { Desk } from './desk.ts'
import { endWithout, giveAgain } from './endings.ts'
import { verifyDelivery } from './verify.ts'

/** How long an award waits to be taken, in silences, and at least: its worker may be reckoning another job. */
const silencesToTake = 10
const leastToTakeMs = 60_000

/** The lots of the builder's jobs: each goes from being offered to being paid for, one step at a time. */
export interface Lots {
  /** One step of one lot. */
  advance(id: Hex, index: number, lot: LotState): Promise<void>
  /** Milliseconds since the award's worker was last heard. */
  silentFor(award: AwardDocument): number
}

export function createLots(desk: Desk): Lots {
  const { deps, timing, escrows, progress, say, drive, nowSeconds } = desk
  /** By escrow: since when its worker could have taken it. */
  const untaken = createCache<Hex, number>({ max: maxLives })
  const measuring = createQueue({ name: 'measuring', bound: 1_000, concurrency: 1, metrics: deps.metrics })

  /** One step of one lot. */
  async function advance(id: Hex, index: number, lot: LotState): Promise<void> {
    switch (lot.state) {
      case 'offered':
        return replace(id, index, lot)
      case 'funding':
        return mayFund(id, lot) ? fund(id, index, lot) : undefined
      case 'awarded':
      case 'training':
        return watch(id, index, lot)
      case 'delivered':
        return measuring.run('measure', () => measure(id, index, lot))
      case 'accepted':
        return pay(id, index, lot)
      case 'released':
        return undefined
    }
  }

  /**
   * Workers that could take a lot: those connected first, in the order of their bids; who failed at it only when nobody
   * else ever bid, and who delivered what is no good not at all.
   */
  function candidate(
    id: Hex,
    lot: Pick<LotState, 'lot' | 'failed'>,
    open: JobRecord['bids']
  ): PlannedAward | undefined {
    const record = escrows.must(id)
    if (record.state.state !== 'running') return undefined
    const { draw = id, players, rows } = record.state
    const coalitions = coalitionsOf(draw, players.length, record.document.spec.coalitions)
    const here = new Set(deps.peers.connected().map(({ address }) => address))
    const bids = open.filter(({ message }) => message.expires > nowSeconds() && here.has(message.worker))
    return pickReplacement(bids, lot.lot, lot.failed, budgetLeft(record), coalitions, rows)
  }

  /** Bids of workers that would be given the rows: asked before a candidate is chosen and noted, which is one step. */
  const open = (id: Hex): Promise<JobRecord['bids']> => {
    const record = escrows.must(id)
    return ofTrainers(deps, record, record.bids, false)
  }

  /**
   * Training the same rows again gives the same model: once every bidder's adapter was no better than the base model,
   * it is the data.
   */
  function hopeless(id: Hex, { lot, failed }: LotState): boolean {
    const { state, bids } = escrows.must(id)
    if (lot.kind !== 'adapter' || state.state !== 'running') return false
    const untried = bids.some(({ message }) => message.expires > nowSeconds() && !failed.includes(message.worker))
    return (
      !untried && state.forfeits.some(({ award, code }) => award.lot.kind === 'adapter' && code === 'delivery.loss')
    )
  }

  /** Workers whose deliveries were measured to be no good: they cost their price each time. */
  function rejected(id: Hex): Address[] {
    const { state } = escrows.must(id)
    return state.state === 'bidding'
      ? []
      : state.forfeits.flatMap(({ award, code }) => (code === null ? [] : [award.statement.message.worker]))
  }

  async function replace(id: Hex, index: number, lot: Extract<LotState, { state: 'offered' }>): Promise<void> {
    if (hopeless(id, lot))
      return endWithout(
        desk,
        id,
        'every worker that trained it was measured to be no better than the base model on the held-out questions: ' +
          'more rows, more epochs or another learning rate may help'
      )
    const again = { lot: lot.lot, failed: rejected(id) }
    const bids = await open(id)
    const chosen = candidate(id, lot, bids) ?? (lot.attempt < 5 ? candidate(id, again, bids) : undefined)
    if (chosen === undefined) return
    const document = signAward(deps, id, chosen, lot.attempt, escrows.must(id).document.statement.message.deadline)
    // Others of its lots may have been given at the same time: what is left is what is left now.
    await escrows.changeLot(id, index, at =>
      at.state === 'offered' && chosen.price <= budgetLeft(escrows.must(id)) ? awardLot(at, document) : at
    )
    drive(id)
  }

  /** The deployed adapter's award goes out first: whoever trains siblings too begins with it. */
  function mayFund(id: Hex, { lot }: LotState): boolean {
    const { state } = escrows.must(id)
    return (
      lot.kind === 'adapter' ||
      state.state === 'bidding' ||
      !state.lots.some(other => other.lot.kind === 'adapter' && other.state === 'funding')
    )
  }

  async function fund(id: Hex, index: number, lot: Extract<LotState, { state: 'funding' }>): Promise<void> {
    const { message } = lot.award.statement
    const escrow = escrows.escrowOf(lot.award)
    // A crash after the payment and before the note of it must not pay twice: the chain knows.
    const { state } = await deps.chain.escrows.escrow(escrow)
    if (state === 'none')
      await deps.chain.escrows.fund(
        { job: id, lot: message.lot, worker: message.worker, attempt: message.attempt },
        message.price,
        message.deadline
      )
    else if (state === 'refunded') return giveAgain(desk, id, index, 'the worker gave its escrow back')
    await escrows.changeLot(id, index, at => (at.state === 'funding' ? funded(at, escrow) : at))
    progress.live(escrows.awardId(lot.award)).heardAt = deps.clock.now()
    await say({ kind: 'award', award: lot.award })
    const here = escrows.lotOf(escrows.awardId(lot.award))
    if (here !== undefined)
      deps.events.emit('jobs.awarded', {
        job: id,
        award: awardView(escrows.awardId(lot.award), escrow, here.lot, progress.live(escrows.awardId(lot.award)))
      })
  }

  const silentFor = (award: AwardDocument): number => deps.clock.now() - progress.live(escrows.awardId(award)).heardAt

  /** How long the award's worker has had nothing at stake: it has not taken the escrow, or has given it back. */
  async function untakenFor(escrow: Hex): Promise<number> {
    const state = (await deps.chain.ledger.escrow(escrow))?.state
    if (state !== undefined && state !== 'funded' && state !== 'refunded') {
      untaken.delete(escrow)
      return 0
    }
    const since = untaken.get(escrow) ?? deps.clock.now()
    untaken.set(escrow, since)
    return deps.clock.now() - since
  }

  /** A silent worker is dead once somebody else can take over; until then it may come back and go on. */
  async function watch(
    id: Hex,
    index: number,
    lot: Extract<LotState, { state: 'awarded' | 'training' }>
  ): Promise<void> {
    const silent = silentFor(lot.award)
    // Who has not taken its award answers for it with nothing: whatever it says, it keeps nobody from it.
    const isIdle = (await untakenFor(lot.escrow)) >= Math.max(leastToTakeMs, silencesToTake * timing.silenceMs)
    if (silent < timing.silenceMs && !isIdle) return
    const { worker, price } = lot.award.statement.message
    const bids = await open(id)
    const record = escrows.must(id)
    const other = candidate(id, { lot: lot.lot, failed: [...lot.failed, worker] }, bids)
    if (other === undefined || other.price > budgetLeft(record) + price) return
    const heard = `nothing was heard of the worker for ${Math.round(silent / 1000)} s`
    await giveAgain(desk, id, index, isIdle ? 'the worker has not taken the award, nor put its deposit in' : heard)
  }

  async function measure(id: Hex, index: number, lot: Extract<LotState, { state: 'delivered' }>): Promise<void> {
    await standsOnChain(lot)
    try {
      const { content, heldOut } = await verifyDelivery(desk, id, escrows.must(id), lot)
      const live = progress.live(escrows.awardId(lot.award))
      if (lot.lot.kind === 'adapter' || live.losses.length === 0)
        live.losses.splice(0, live.losses.length, ...(content.logs[0]?.loss ?? []))
      if (lot.lot.kind === 'adapter') await desk.curves.close(escrows.awardId(lot.award), live.losses)
      const seconds = content.logs.reduce((longest, log) => Math.max(longest, log.seconds), 0)
      await escrows.changeLot(
        id,
        index,
        at => (at.state === 'delivered' ? accept(at, content.adapters, seconds) : at),
        heldOut === null ? undefined : { heldOut }
      )
      drive(id)
    } catch (error) {
      if (error instanceof TilthError && error.consequence === 'reject')
        return giveAgain(desk, id, index, `rejected: ${error.code}: ${error.message}`, error.code)
      throw error
    }
  }

  /**
   * [reject] What is measured is what its worker has said on chain: before that nothing of it is fetched, so that a
   * worker loses no work by showing it.
   */
  async function standsOnChain({ escrow, delivery }: Extract<LotState, { state: 'delivered' }>): Promise<void> {
    const { delivery: known } = await deps.chain.escrows.escrow(escrow)
    if (known !== deliveryHash(delivery.message))
      throw new TilthError('delivery.chain', 'the delivery does not stand on chain, or another one does', {
        consequence: 'retry'
      })
  }

  async function pay(id: Hex, index: number, lot: Extract<LotState, { state: 'accepted' }>): Promise<void> {
    const { state } = await deps.chain.escrows.escrow(lot.escrow)
    const mined = state === 'delivered' ? await deps.chain.escrows.release(lot.escrow) : undefined
    const transaction = mined?.transaction ?? null
    await escrows.changeLot(id, index, at => (at.state === 'accepted' ? release(at, transaction) : at))
    const award = escrows.awardId(lot.award)
    progress.tell(award)
    deps.events.emit('jobs.accepted', {
      job: id,
      award,
      worker: lot.award.statement.message.worker,
      transaction: transaction ?? award
    })
    drive(id)
  }

  return { advance, silentFor }
}
