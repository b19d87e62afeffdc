import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { ScoringDocument } from '../../protocol/payouts/index.ts'
import { foundBy, placeOf } from '../../protocol/payouts/index.ts'
import { createBook } from './book.ts'
import type { Entry } from './book.ts'
import { createBundles } from './bundles.ts'
import { createClaims } from './claims.ts'
import { createExchange } from './exchange.ts'
import { createFacts } from './facts.ts'
import { createProposals } from './proposals.ts'
import type { MoneyEvent, Proposal } from './proposals.ts'
import { defaultTiming } from './limits.ts'
import { createModels } from './models.ts'
import { createRetention } from './retention.ts'
import {
  createContents,
  createExplaining,
  createScorer,
  createScorings,
  createScoringsExchange,
  createWeigher,
  scoredBy
} from './scorer/index.ts'
import { createSettler } from './settler.ts'
import { createStakes } from './stakes.ts'
import { createTopic } from './topic.ts'
import type { EpochView, PayoutsDeps, PayoutsService, PayoutsTiming, ReceiptView } from './types.ts'
import { epochView, gateView, receiptView, weighedBy } from './views.ts'
import { createWatcher } from './watcher.ts'

/** Own receipts that nobody has scored yet are announced again, so many at a time. */
const announcedAtOnce = 20

/** The payouts phase: attribution → settlement → claim. Wires the parts and gives each its turn. */
export function createPayoutsService(deps: PayoutsDeps): PayoutsService {
  const { self, events, clock, chain, log, roles } = deps
  const timing: PayoutsTiming = { ...defaultTiming, ...deps.timing }
  const models = createModels(deps)
  const stakes = createStakes(deps)
  const facts = createFacts(deps, models, stakes)
  const weigher = createWeigher(deps, models)
  const book = createBook(deps, models, facts)
  const isSettled = (id: Hex): boolean => epochOf(id) !== undefined
  const scorings = createScorings(deps, { get: id => book.entry(id)?.receipt, settled: isSettled }, models, stakes)
  const proposals = createProposals(deps)
  const bundles = createBundles(deps)
  const exchange = createExchange(deps, book)
  const topic = createTopic(deps, timing, book, scorings, { receipt: received, scoring: scored })
  const settledPlaces = new Map<string, number>()
  const contents = createContents(deps, { models, stakes, settled: isSettled })
  const explaining = createExplaining(deps, weigher)
  const retention = createRetention(deps, timing, overSince)
  const scorer = createScorer(
    deps,
    { book, models, stakes, scorings, contents, weigher },
    {
      settled: isSettled,
      async scored(document) {
        await scored(document)
        await topic.announceScoring(document)
      }
    }
  )
  const words = createScoringsExchange(deps, scorings, document => void scored(document))
  const watcher = createWatcher(deps, { proposals, bundles, facts, weigher, scorings })
  const settler = createSettler(deps, timing, {
    proposals,
    book,
    bundles,
    facts,
    weigher,
    scorings,
    words,
    models,
    topic,
    exchange
  })
  const claims = createClaims(deps, proposals, bundles)
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
    if (roles.scorer) scorer.add(id)
  }

  async function scored({
    statement: {
      message: { receipt, scorer }
    }
  }: ScoringDocument): Promise<void> {
    const entry = book.entry(receipt)
    const found = weighedBy(await scorings.of(receipt)).words.find(word => word.scorer === scorer)
    if (entry === undefined || found === undefined) return
    const { worker } = entry.receipt
    events.emit('payouts.scored', { receipt, scorer, agrees: found.agrees, exact: found.exact })
    if (!found.agrees) events.emit('payouts.disagreement', { receipt, scorer, worker })
  }

  /** Since when a receipt is in a final epoch; for one that no epoch counts, since its end. */
  async function overSince(id: Hex): Promise<bigint | undefined> {
    const entry = book.entry(id)
    if (entry === undefined) return undefined
    if (entry.pool === null) return entry.receipt.receipt.message.finishedAt
    const epoch = epochOf(id)
    if (epoch === undefined) return undefined
    return (await proposals.of(entry.pool)).find(({ event, state }) => event.epoch === epoch && state === 'final')
      ?.event.challengeEnds
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

  /** What its scorers have found does not settle what it is worth: others have to hear of it. */
  const open = async ({ id, receipt, pool }: Entry): Promise<boolean> =>
    pool !== null &&
    receipt.worker === self &&
    !receipt.receipt.message.confidential &&
    !isSettled(id) &&
    foundBy((await scorings.of(id)).map(scoredBy))?.settled !== true

  async function announceAgain(): Promise<void> {
    let left = announcedAtOnce
    for (const entry of [...book.entries()].reverse()) {
      if (left === 0) return
      if (!(await open(entry))) continue
      left--
      await topic.announceReceipt(entry.receipt)
    }
  }

  function heard(event: MoneyEvent, live: boolean): void {
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
      await watcher.look()
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

  const view = async (entry: Entry): Promise<ReceiptView> =>
    receiptView(entry, await scorings.of(entry.id), epochOf(entry.id))

  async function prepare(model: Hex): Promise<void> {
    const weighed = await models.weighed(model)
    if (weighed !== null) await models.folders(weighed)
  }

  /** The latest proposal of an epoch. */
  async function epoch(pool: Hex, number: number): Promise<EpochView | undefined> {
    await proposals.caughtUp()
    const proposal = (await proposals.of(pool)).findLast(({ event }) => event.epoch === number)
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
      await scorings.start()
      await proposals.start(heard)
      for await (const { id, epoch } of proposals.pools()) if (epoch > 0) void markSettled(id)
      topic.start()
      exchange.start()
      words.start()
      contents.start()
      explaining.start()
      retention.start()
      const report = (error: unknown): void => {
        log.warn('a periodic task of payouts failed', { error })
      }
      stops.push(
        deps.modelEvents.on('models.receipt', ({ receipt }) => takeOwn(receipt)),
        clock.every(timing.tickMs, look, report),
        clock.every(timing.announceMs, () => models.letGo(), report),
        clock.every(timing.announceMs, announceAgain, report)
      )
      // Siblings of what this node offers are fetched then, not while the first client waits; others' when they are
      // weighed, so that nobody has a stranger fetch by an offer.
      stops.push(
        deps.modelEvents.on('models.offered', async ({ model, worker }) => {
          if (worker !== self) return
          models.keep(model, true)
          await prepare(model).catch((error: unknown) => {
            log.warn("a model's siblings could not be fetched ahead", { model, error })
          })
        })
      )
      stops.push(
        deps.modelEvents.on('models.withdrawn', ({ model }) => {
          models.keep(model, false)
        })
      )
      // What the models phase holds and this one lacks: receipts of a moment when the process died.
      for (const receipt of await deps.models.receipts()) await takeOwn(receipt)
      if (!roles.scorer) return
      scorer.start()
      for (const { id } of book.entries()) if (!isSettled(id)) scorer.add(id)
    },
    async stop() {
      for (const stop of stops.splice(0)) await stop()
      await topic.stop()
      await scorer.stop()
      await exchange.stop()
      await words.stop()
      await contents.stop()
      await explaining.stop()
      await retention.stop()
      await proposals.stop()
    },
    async explain(id) {
      const { receipt, attribution } = await explaining.explain(id)
      const weights: Record<Address, bigint> = {}
      attribution.players.forEach((player, i) => {
        weights[player] = attribution.weights[i] ?? 0n
      })
      return { receipt: id, model: attribution.model, by: receipt.worker, unofficial: true, weights }
    },
    prepare,
    async gate(model) {
      const [weighed, gate] = [await models.weighed(model), await weigher.gate(model)]
      return weighed === null || gate === null ? null : gateView(gate, weighed.measure)
    },
    async receipts({ model, pool } = {}) {
      const found = [...book.entries()].filter(
        entry =>
          (model === undefined || entry.receipt.receipt.message.model === model) &&
          (pool === undefined || entry.pool === pool)
      )
      return (await Promise.all(found.map(view))).sort(
        (a, b) => Number(a.finishedAt - b.finishedAt) || (a.id < b.id ? -1 : 1)
      )
    },
    async receipt(id) {
      const entry = book.entry(id)
      return entry && view(entry)
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
      await proposals.caughtUp()
      const found: Proposal[] = []
      if (pool !== undefined) found.push(...(await proposals.of(pool)))
      else for await (const { id } of proposals.pools()) found.push(...(await proposals.of(id)))
      return (await Promise.all(found.map(viewOf))).reverse()
    },
    epoch,
    ...claims
  }
}
