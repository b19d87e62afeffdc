import { join } from 'node:path'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { ScoringDocument } from '../../protocol/payouts/index.ts'
import { createCache } from '../runtime/index.ts'
import { createAudits, createCertificates } from './audits/index.ts'
import {
  createClaiming,
  createFinalizing,
  createQuiet,
  createSettling,
  createVentures,
  createWatching
} from './automation/index.ts'
import { createMatches, createProofs, createQuality, createUse } from './bazaar/index.ts'
import { createFacts } from './facts.ts'
import { createPapers } from './papers.ts'
import { createReceiptPlaces } from './places.ts'
import { createProposals } from './proposals.ts'
import type { MoneyEvent, Proposal } from './proposals.ts'
import { defaultTiming, mostTold, mostValued } from './limits.ts'
import { createJudge } from './judge/index.ts'
import { createListing } from './listing.ts'
import { createModels } from './models.ts'
import { createGathering, type Gathering } from './receipts/gathering.ts'
import { createIntake, createExchange, createOwnReceipts, createReceiptStore, createTree } from './receipts/index.ts'
import type { Entry, Taken } from './receipts/index.ts'
import { createReasons } from './reasons.ts'
import { createRetention } from './retention.ts'
import { createLedgerTime } from '../chain/index.ts'
import { createRounds } from './rounds/index.ts'
import {
  createContents,
  createExplaining,
  createScorer,
  createScorings,
  createScoringsExchange,
  createSeats,
  createWeigher
} from './scorer/index.ts'
import { createBundles, createBonds, createClaims, createFinality, createSettler, standsOn } from './settler/index.ts'
import { createAhead, createExamining, createWatcher, voiceOf } from './watcher/index.ts'
import { createTopic } from './topic.ts'
import type { EpochView, GateView, PayoutsDeps, PayoutsService, PayoutsTiming, ReceiptView } from './types.ts'
import { epochView, gateView, receiptView, weighedBy } from './views.ts'

/** Own receipts that nobody has scored yet are announced again, so many at a time. */
const announcedAtOnce = 20

/** The payouts phase: attribution → settlement → claim. Wires the parts and gives each its turn. */
export function createPayoutsService(deps: PayoutsDeps): PayoutsService {
  const { self, events, clock, chain, log, roles } = deps
  const timing: PayoutsTiming = { ...defaultTiming, ...deps.timing }
  const certificates = createCertificates(deps)
  const models = createModels(deps, certificates)
  const papers = createPapers(deps)
  const rounds = createRounds(deps, papers)
  const now = createLedgerTime(deps)
  const hasVoice = voiceOf(deps)
  const facts = createFacts(deps, models)
  const weigher = createWeigher(deps, models)
  /** Disagreements that were told. */
  const told = createCache<string, true>({ max: mostTold })
  const valued = createCache<string, Promise<GateView>>({ max: mostValued })
  const quiet = createQuiet(deps)
  const receipts = createReceiptStore({
    store: deps.store,
    folder: join(deps.folder, 'receipts'),
    log,
    clock,
    broughtBy: receipt => facts.brought(receipt),
    changed: (pool, id) => {
      tree.changed(pool, id)
      quiet.changed(pool)
    }
  })
  const tree = createTree((pool, prefix, limit) => receipts.openIds(pool, prefix, limit))
  const intake = createIntake(deps, receipts, models, facts)
  const isSettled = async (id: Hex): Promise<boolean> => (await receipts.get(id))?.state.name === 'settled'
  const scorings = createScorings(deps, receipts, rounds, now)
  const proposals = createProposals(deps)
  const quality = createQuality(deps, { models, weigher, proposals }, () => bundles)
  const matches = createMatches(deps, models)
  const bundles = createBundles(deps, papers, (cid, bundle) => quality.note(cid, bundle))
  const placesOf = createReceiptPlaces(deps)
  const proofs = createProofs(deps, { receipts, models, scorings, proposals, bundles, placesOf })
  const use = createUse(deps.store, clock)
  const finality = createFinality(deps, receipts, bundles, proposals)
  const heardOf = { receipt: received, behind: followSoon, caughtUp: async () => gathering?.now() }
  const exchange = createExchange(deps, { receipts, intake, tree }, heardOf)
  const topic = createTopic(deps, timing, { intake, receipts }, scorings, { receipt: received, scoring: scored })
  const contents = createContents(deps, { models, rounds, settled: isSettled })
  const explaining = createExplaining(deps, weigher)
  const retention = createRetention(deps, timing, overSince)
  const scorer = createScorer(
    deps,
    { rounds, scorings, contents, weigher, now, judge: createJudge(deps, { rounds, contents, models, now }) },
    {
      async shown(document) {
        await scored(document)
        await topic.announceScoring(document)
      }
    }
  )
  const seats = createSeats(deps)
  const { auditor, opening } = createAudits(deps, { certificates, models, hasVoice, seats, now, heard: audited })
  const words = createScoringsExchange(deps, scorings, document => void scored(document))
  const ahead = createAhead(deps, models, weigher, hasVoice)
  const examine = createExamining(deps, { proposals, bundles, facts, weigher, scorings, receipts, rounds })
  const watcher = createWatcher(deps, {
    proposals,
    bundles,
    examine
  })
  const settler = createSettler(deps, timing, {
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
  })
  const claims = createClaims(deps, proposals, bundles)
  const bonds = createBonds(deps, proposals)
  const watching = createWatching(deps, timing.tickMs, { proposals, watcher })
  const ventures = createVentures(deps, proposals, hasVoice)
  const settling = createSettling(deps, timing.announceMs, { proposals, receipts, settler, bundles, ventures, quiet })
  const finalizing = createFinalizing(deps, timing.tickMs, { proposals, settler, watcher })
  const claiming = createClaiming(deps, timing.announceMs, claims, () => seats.taken())
  const automations = [watching, settling, finalizing, claiming]
  const stops: (() => Promise<void> | void)[] = []
  const own = createOwnReceipts(deps.store, deps.models, takeOwn, log)
  let gathering: Gathering | undefined

  function received(cosigned: CosignedReceipt, taken: Taken): void {
    if (!taken.fresh) return
    const { id, pool } = taken
    const { model, fee, inputTokens, outputTokens } = cosigned.receipt.message
    const tokens = inputTokens + outputTokens
    events.emit('payouts.receipt', { id, model, worker: cosigned.worker, fee, tokens })
    if (roles.scorer && pool !== null) seats.heard(pool)
    ahead.heard(model)
    use.count(cosigned).catch((error: unknown) => {
      log.warn('a receipt is not in what is shown of its model', { receipt: id, error })
    })
  }

  async function scored({
    statement: {
      message: { receipt, scorer }
    }
  }: ScoringDocument): Promise<void> {
    const entry = await receipts.get(receipt)
    const { words: said, wrong } = weighedBy(await scorings.of(receipt))
    const found = said.find(word => word.scorer === scorer)
    if (entry === undefined || found === undefined) return
    const { worker } = entry.receipt
    events.emit('payouts.scored', { receipt, scorer, agrees: found.agrees, exact: found.exact })
    // Which word is off shows once most agree, whoever's comes last.
    const off = wrong.filter(one => told.get(`${receipt} ${one}`) === undefined)
    for (const one of off) {
      told.set(`${receipt} ${one}`, true)
      events.emit('payouts.disagreement', { receipt, scorer: one, worker })
    }
  }

  /** Since when a receipt is in a final epoch; for one that no epoch counts, since its end. */
  async function overSince(id: Hex): Promise<bigint | undefined> {
    const entry = await receipts.get(id)
    if (entry === undefined) return undefined
    const { state, pool } = entry
    if (state.name === 'over') return entry.receipt.receipt.message.finishedAt
    if (state.name !== 'settled' || pool === null) return undefined
    return (await proposals.of(pool, state.epoch)).find(one => one.state === 'final')?.event.challengeEnds
  }

  async function takeOwn(receipt: CosignedReceipt): Promise<void> {
    const taken = await intake.takeOwn(receipt)
    received(receipt, taken)
    if (taken.fresh && receipt.worker === self) await topic.announceReceipt(receipt)
  }

  /** Those who may weigh them have not done so, or do not agree: perhaps others have not heard of them. */
  async function announceAgain(): Promise<void> {
    for (const id of await receipts.unheard(announcedAtOnce)) {
      const entry = await receipts.get(id)
      if (entry !== undefined) await topic.announceReceipt(entry.receipt)
    }
    await own.tidy()
  }

  function heard(event: MoneyEvent, live: boolean): void {
    if (event.name === 'EpochFinalized' && live) followSoon(event.pool)
    if (event.name === 'EpochFinalized' || event.name === 'EpochVoided')
      models.release(standsOn(event.pool, event.epoch))
    if (!live) return
    if (event.name === 'ReceiptsAnchored') {
      const { pool, epoch, settler, receiptCount, transaction } = event
      events.emit('payouts.anchored', { pool, epoch, settler, receipts: receiptCount, transaction })
    }
    if (event.name === 'ScorersDrawn') {
      const { pool, epoch, panel } = event
      events.emit('payouts.drawn', { pool, epoch, panel })
    }
    if (event.name === 'ReceiptsAnchored' || event.name === 'ScorersDrawn' || event.name === 'WordsCommitted')
      takesPart(event.pool)
    if (event.name === 'EpochProposed') {
      events.emit('payouts.proposed', {
        pool: event.pool,
        epoch: event.epoch,
        proposer: event.proposer,
        transaction: event.transaction
      })
      watching.wake()
    }
    if (event.name === 'EpochVoided') {
      finality.voided(event.pool, event.epoch)
      events.emit('payouts.voided', { pool: event.pool, epoch: event.epoch, challenger: event.challenger })
    }
    if (event.name === 'EpochFinalized') {
      events.emit('payouts.finalized', { pool: event.pool, epoch: event.epoch, payoutsTotal: event.payoutsTotal })
      claiming?.wake()
      bonds.settle(event.pool, event.epoch).catch((error: unknown) => {
        log.warn('the bond of an epoch that was vetoed did not come back', { pool: event.pool, error })
      })
    }
    if (event.name === 'PayoutClaimed')
      events.emit('payouts.claimed', {
        pool: event.pool,
        account: event.account,
        amount: event.amount,
        transaction: event.transaction
      })
    if (event.name === 'Slashed')
      events.emit('payouts.slashed', { node: event.node, amount: event.amount, transaction: event.transaction })
  }

  /** Who scores or votes in a pool fixes its draw in time, whatever its settler would like to wait for. */
  function takesPart(pool: Hex): void {
    if (roles.scorer) scorer.add(pool)
    else
      hasVoice(pool).then(
        voice => {
          if (voice) scorer.add(pool)
        },
        (error: unknown) => {
          log.warn('it is not known whether this node votes in a pool', { pool, error })
        }
      )
  }

  /** A model whose audit goes on may be admitted by now. */
  function audited(model: Hex): void {
    events.emit('payouts.audited', { model })
  }

  /** Takes a pool's receipts to where the chain stands, not awaited. */
  function followSoon(pool: Hex): void {
    finality.follow(pool).catch((error: unknown) => {
      log.warn("a pool's final epochs cannot be had", { pool, error })
    })
  }

  /** Pools with receipts that wait: epochs may have become final while nobody looked. */
  async function followAll(): Promise<void> {
    for await (const { id, epoch } of proposals.pools())
      if (epoch > (await receipts.pool(id)).epoch && (await receipts.openIds(id, '', 1)).length > 0) followSoon(id)
  }

  async function viewOf(proposal: Proposal, whole = false): Promise<EpochView> {
    const { pool, epoch, bundle: cid } = proposal.event
    const stated = await chain.payouts.epoch(pool, epoch)
    const faults = await watcher.faults(proposal)
    try {
      const bundle = await bundles.summary(proposal.event, whole)
      // What was voided and proposed again stands on chain as the later proposal; of the earlier one the bundle tells.
      return epochView(
        proposal,
        stated.bundle === cid ? stated : { receiptsTotal: bundle.receiptsTotal, receiptCount: bundle.receipts },
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

  const view = async (entry: Entry): Promise<ReceiptView> => receiptView(entry, await scorings.of(entry.id))

  async function prepare(model: Hex): Promise<void> {
    const weighed = await models.weighed(model)
    if (weighed !== null) await models.folders(weighed)
  }

  /** The latest proposal of an epoch. */
  async function epoch(pool: Hex, number: number): Promise<EpochView | undefined> {
    await proposals.caughtUp()
    const proposal = (await proposals.of(pool, number)).at(-1)
    return proposal && (await viewOf(proposal, true))
  }
  async function recheck(pool: Hex, number: number): Promise<readonly string[]> {
    await proposals.caughtUp()
    const proposal = (await proposals.of(pool, number)).findLast(({ state }) => state !== 'voided')
    if (proposal === undefined) throw new NotFoundError('epoch.unknown', `the pool has no epoch ${number} that stands`)
    const stated = await chain.payouts.epoch(pool, number)
    const { signal } = new AbortController()
    const { faults } = await examine(proposal.event, stated, { voice: true, signal })
    return [...new Set(faults.map(({ code }) => code))]
  }
  async function present(pool: Hex, number: number): Promise<EpochView> {
    const view = await epoch(pool, number)
    if (view === undefined) throw new NotFoundError('epoch.unknown', `the pool has no epoch ${number}`)
    return view
  }

  return {
    name: 'payouts',
    async start() {
      await receipts.start()
      await use.start(receipts)
      void bundles.start()
      await proposals.start(heard)
      topic.start()
      exchange.start()
      words.start()
      contents.start()
      explaining.start()
      retention.start()
      gathering = createGathering(clock, log, () => own.take())
      const report = (error: unknown): void => {
        const waits = error instanceof TilthError && error.consequence === 'retry'
        log[waits ? 'info' : 'warn']('a periodic task of payouts failed; it is done again', { error })
      }
      stops.push(
        () => gathering?.stop(),
        deps.modelEvents.on('models.receipt', ({ role, receipt }) => {
          if (role === 'client') topic.knowsReceipt(receipt)
          gathering?.came()
        }),
        clock.every(timing.announceMs, () => models.letGo(), report),
        clock.every(timing.announceMs, announceAgain, report),
        clock.every(timing.announceMs, followAll, report)
      )
      // Siblings of what this node offers are fetched then, not while the first client waits; others' when they are
      // weighed, so that nobody has a stranger fetch by an offer.
      stops.push(
        deps.modelEvents.on('models.offered', async ({ model, worker }) => {
          if (worker !== self) return
          models.keep(model, true, 'offer')
          await prepare(model).catch((error: unknown) => {
            log.warn("a model's siblings could not be fetched ahead", { model, error })
          })
        })
      )
      stops.push(
        deps.modelEvents.on('models.withdrawn', ({ model }) => {
          models.keep(model, false, 'offer')
        })
      )
      // What everybody asks first of a model, its builder's node knows soon after it is registered.
      stops.push(
        deps.modelEvents.on('models.registered', ({ model, builder }) => {
          if (builder !== self) return
          matches.measure(model).catch((error: unknown) => {
            log.debug("a model's exact answers could not be counted", { model, error })
          })
        })
      )
      for (const automation of automations) automation?.start()
      settler.holdAgain().catch(report)
      // What came in the moment when the process died.
      await own.take()
      if (chain.account !== undefined) scorer.start()
      await opening.start()
      if (chain.account !== undefined) await auditor.start()
      stops.push(
        clock.every(
          timing.tickMs,
          () => {
            scorer.wake()
            auditor.wake()
          },
          report
        ),
        clock.every(timing.announceMs, () => opening.wake(), report),
        clock.every(timing.announceMs, () => seats.wake(), report)
      )
      seats.wake()
      if (!roles.scorer) return
      for await (const pool of receipts.pools()) {
        seats.heard(pool)
        scorer.add(pool)
      }
    },
    async stop() {
      for (const automation of automations) await automation?.stop()
      matches.stop()
      await watcher.stop()
      ahead.stop()
      for (const stop of stops.splice(0)) await stop()
      await topic.stop()
      for (const part of [scorer, auditor, opening, seats]) await part.stop()
      await exchange.stop()
      await words.stop()
      await contents.stop()
      await explaining.stop()
      await retention.stop()
      await proposals.stop()
      await finality.idle()
      await bundles.stop()
      await use.stop()
      await receipts.stop()
    },
    async explain(id) {
      const { receipt, attribution } = await explaining.explain(id)
      const weights: Record<Address, bigint> = {}
      attribution.players.forEach((player, i) => {
        weights[player] = attribution.weights[i] ?? 0n
      })
      const { model, utilities } = attribution
      return { receipt: id, model, by: receipt.worker, unofficial: true, weights, utilities }
    },
    prepare,
    async knownGate(model) {
      const known = await weigher.knownHeldOut(model)
      const weighed = known === undefined ? null : await models.weighed(model)
      return weighed === null || known === undefined ? null : gateView(known, weighed.measure)
    },
    async gate(model) {
      const [weighed, found] = [await models.weighed(model), await weigher.heldOut(model)]
      return weighed === null || found === null ? null : gateView(found, weighed.measure)
    },
    valuesOf(result, parties) {
      const known = valued.get(result)
      if (known !== undefined) return known
      const measuring = models.unregistered(result, parties).then(async weighed => {
        return gateView(await weigher.measure(weighed), weighed.measure)
      })
      valued.set(result, measuring)
      measuring.catch(() => {
        valued.delete(result) // asked again, it is tried again
      })
      return measuring
    },
    async receipts(filter) {
      const { items, next } = await receipts.list(filter)
      return { items: await Promise.all(items.map(view)), next }
    },
    async receipt(id) {
      const entry = await receipts.get(id)
      return entry && view(entry)
    },
    audit: async model => {
      const weighed = await models.weighed(model)
      return weighed && certificates.of(await models.registered(model), weighed.result)
    },
    provenance: model => models.weighed(model),
    weigh: request => weigher.attribute(request),
    recheck: (pool, epoch) => recheck(pool, epoch),
    quality: model => quality.of(model),
    matches: model => matches.of(model),
    measureMatches: model => matches.measure(model),
    use: (model, from) => use.of(model, from),
    receiptProof: id => proofs.of(id),
    receiptIds: beginning => receipts.idsLike(beginning),
    async papers(id) {
      const entry = await receipts.get(id)
      return entry && { receipt: entry.receipt, scorings: await scorings.of(id) }
    },
    ...createReasons(deps, { proposals, bundles, placesOf }),
    async settle(pool, pay) {
      await settler.settle(pool, pay)
      return present(pool, (await chain.payouts.pool(pool)).epoch + 1)
    },
    async finalize(pool) {
      const number = await settler.finalize(pool)
      await finality.follow(pool)
      return present(pool, number)
    },
    ...createListing(deps, { proposals, bundles }, viewOf),
    epoch,
    seats: () => seats.all(),
    sit: (pool, sits) => seats.sit(pool, sits),
    ...claims
  }
}
