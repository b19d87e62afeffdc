import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { ScoringDocument } from '../../protocol/payouts/index.ts'
import { placeOf } from '../../protocol/payouts/index.ts'
import type { ChainEvent } from '../chain/types.ts'
import { createBook } from './book.ts'
import { createBundles } from './bundles.ts'
import { createClaims } from './claims.ts'
import { createExchange } from './exchange.ts'
import { createFacts } from './facts.ts'
import { createLedger } from './ledger.ts'
import type { Proposal } from './ledger.ts'
import { defaultTiming } from './limits.ts'
import { createModels } from './models.ts'
import { createScorer } from './scorer.ts'
import { createSettler } from './settler.ts'
import { createTopic } from './topic.ts'
import type { EpochView, PayoutsDeps, PayoutsService, PayoutsTiming } from './types.ts'
import { epochView, gateView, receiptView } from './views.ts'
import { createWatcher } from './watcher.ts'
import { createWeigher } from './weigh.ts'

/** Own receipts that nobody has scored yet are announced again, so many at a time. */
const announcedAtOnce = 20

/** The payouts phase: attribution → settlement → claim. Wires the parts and gives each its turn. */
export function createPayoutsService(deps: PayoutsDeps): PayoutsService {
  const { self, events, clock, chain, log, roles } = deps
  const timing: PayoutsTiming = { ...defaultTiming, ...deps.timing }
  const models = createModels(deps)
  const facts = createFacts(deps, models)
  const weigher = createWeigher(deps, models)
  const book = createBook(deps, models, facts)
  const ledger = createLedger(deps)
  const bundles = createBundles(deps)
  const exchange = createExchange(deps, book)
  const topic = createTopic(deps, timing, book, { receipt: received, scoring: scored })
  const settledPlaces = new Map<string, number>()
  const scorer = createScorer(deps, book, weigher, {
    settled: id => epochOf(id) !== undefined,
    async scored(document) {
      scored(document)
      await topic.announceScoring(document)
    }
  })
  const watcher = createWatcher(deps, { ledger, bundles, facts, weigher })
  const settler = createSettler(deps, timing, { ledger, book, bundles, facts, weigher, topic, exchange })
  const claims = createClaims(deps, ledger, bundles)
  const stops: (() => Promise<void> | void)[] = []

  const epochOf = (id: Hex): number | undefined => {
    const entry = book.entry(id)
    return entry && settledPlaces.get(placeOf(entry.receipt))
  }

  function received(id: Hex): void {
    const entry = book.entry(id)
    if (entry === undefined) return
    const { model, fee } = entry.receipt.receipt.message
    events.emit('payouts.receipt', { id, model, worker: entry.receipt.worker, fee })
    if (roles.scorer) scorer.wake()
  }

  function scored({
    statement: {
      message: { receipt, scorer }
    }
  }: ScoringDocument): void {
    const entry = book.entry(receipt)
    const found = book.scorings(receipt).find(word => word.scorer === scorer)
    if (entry === undefined || found === undefined) return
    const { worker } = entry.receipt
    events.emit('payouts.scored', { receipt, scorer, agrees: found.agrees, exact: found.exact })
    if (!found.agrees) events.emit('payouts.disagreement', { receipt, scorer, worker })
  }

  async function takeOwn(receipt: CosignedReceipt): Promise<void> {
    try {
      const { id, fresh } = await book.take(receipt, 'own')
      if (!fresh) return
      received(id)
      if (receipt.worker === self) await topic.announceReceipt(receipt)
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      log.warn('an own receipt was not taken', { code: error.code, error })
    }
  }

  async function announceAgain(): Promise<void> {
    const open = [...book.entries()].filter(
      ({ id, receipt, pool }) =>
        pool !== null &&
        receipt.worker === self &&
        receipt.attribution !== null &&
        epochOf(id) === undefined &&
        book.scorings(id).length === 0
    )
    for (const { id } of open.slice(-announcedAtOnce)) {
      const receipt = await book.full(id)
      if (receipt !== undefined) await topic.announceReceipt(receipt)
    }
  }

  function heard(event: ChainEvent, live: boolean): void {
    if (event.name === 'EpochFinalized') void markSettled(event.pool)
    if (!live) return
    if (event.name === 'EpochProposed') {
      events.emit('payouts.proposed', {
        pool: event.pool,
        epoch: event.epoch,
        proposer: event.proposer,
        transaction: event.transaction
      })
      void look()
    }
    if (event.name === 'EpochVoided')
      events.emit('payouts.voided', { pool: event.pool, epoch: event.epoch, challenger: event.challenger })
    if (event.name === 'EpochFinalized')
      events.emit('payouts.finalized', { pool: event.pool, epoch: event.epoch, payoutsTotal: event.payoutsTotal })
    if (event.name === 'PayoutClaimed')
      events.emit('payouts.claimed', {
        pool: event.pool,
        account: event.account,
        amount: event.amount,
        transaction: event.transaction
      })
  }

  async function markSettled(pool: Hex): Promise<void> {
    try {
      for (const [place, epoch] of (await bundles.history(pool)).settled) settledPlaces.set(place, epoch)
    } catch (error) {
      log.warn("a pool's settled receipts cannot be had", { pool, error })
    }
  }

  async function look(): Promise<void> {
    try {
      watcher.look()
      if (roles.scorer) scorer.wake()
      if (roles.settler) await settler.look()
    } catch (error) {
      log.warn('pending epochs could not be looked at', { error })
    }
  }

  async function viewOf(proposal: Proposal): Promise<EpochView> {
    const { pool, epoch, proposer, bundle: cid } = proposal.event
    const stated = await chain.payouts.epoch(pool, epoch)
    const faults = await watcher.faults(proposal)
    try {
      const bundle = await bundles.load(cid, proposer)
      // What was voided and proposed again stands on chain as the later proposal; of the earlier one the bundle tells.
      return epochView(
        proposal,
        stated.bundle === cid ? stated : { receiptsTotal: bundle.receiptsTotal, receiptCount: bundle.receipts.length },
        bundle,
        faults
      )
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      return epochView(
        proposal,
        stated.bundle === cid ? stated : { receiptsTotal: 0n, receiptCount: 0 },
        undefined,
        faults
      )
    }
  }

  async function prepare(model: Hex): Promise<void> {
    const weighed = await models.weighed(model)
    if (weighed !== null) await models.folders(weighed)
  }

  /** The latest proposal of an epoch. */
  async function epoch(pool: Hex, number: number): Promise<EpochView | undefined> {
    await ledger.caughtUp()
    const proposal = ledger.proposals(pool).findLast(({ event }) => event.epoch === number)
    return proposal && (await viewOf(proposal))
  }
  async function present(pool: Hex, number: number): Promise<EpochView> {
    const view = await epoch(pool, number)
    if (view === undefined) throw new NotFoundError('epoch.unknown', `the pool has no epoch ${number}`)
    return view
  }

  return {
    name: 'payouts',
    async start() {
      await book.start()
      ledger.onEvent(heard)
      ledger.start()
      topic.start()
      exchange.start()
      const report = (error: unknown): void => {
        log.warn('a periodic task of payouts failed', { error })
      }
      stops.push(
        deps.modelEvents.on('models.receipt', ({ receipt }) => takeOwn(receipt)),
        clock.every(timing.tickMs, look, report),
        clock.every(timing.announceMs, announceAgain, report)
      )
      // Siblings are fetched when a model is offered, not while the first client waits; by those who will need them.
      stops.push(
        deps.modelEvents.on('models.offered', async ({ model, worker }) => {
          if (worker !== self && !roles.scorer) return
          await prepare(model).catch((error: unknown) => {
            log.warn("a model's siblings could not be fetched ahead", { model, error })
          })
        })
      )
      // What the models phase holds and this one lacks: receipts of a moment when the process died.
      for (const receipt of await deps.models.receipts()) await takeOwn(receipt)
      if (roles.scorer) scorer.wake()
    },
    async stop() {
      for (const stop of stops.splice(0)) await stop()
      await topic.stop()
      await scorer.stop()
      await exchange.stop()
      await ledger.stop()
    },
    attribute: request => weigher.attribute(request),
    prepare,
    async gate(model) {
      const [weighed, gate] = [await models.weighed(model), await weigher.gate(model)]
      return weighed === null || gate === null ? null : gateView(gate, weighed.measure)
    },
    async receipts({ model, pool } = {}) {
      return [...book.entries()]
        .filter(
          entry =>
            (model === undefined || entry.receipt.receipt.message.model === model) &&
            (pool === undefined || entry.pool === pool)
        )
        .map(entry => receiptView(entry, book.scorings(entry.id), epochOf(entry.id)))
        .sort((a, b) => Number(a.finishedAt - b.finishedAt) || (a.id < b.id ? -1 : 1))
    },
    async receipt(id) {
      const entry = book.entry(id)
      return entry && receiptView(entry, book.scorings(id), epochOf(id))
    },
    async settle(pool) {
      await settler.settle(pool)
      return present(pool, (await chain.payouts.pool(pool)).epoch + 1)
    },
    async finalize(pool) {
      const number = await settler.finalize(pool)
      await markSettled(pool)
      return present(pool, number)
    },
    async epochs(pool) {
      await ledger.caughtUp()
      return (await Promise.all(ledger.proposals(pool).map(viewOf))).reverse()
    },
    epoch,
    ...claims
  }
}
