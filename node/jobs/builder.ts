import {
  accept,
  award as awardLot,
  begin,
  budgetLeft,
  checkDelivery,
  coalitionsOf,
  complete,
  deliver,
  expire,
  funded,
  newJob,
  offer,
  pickReplacement,
  planAwards,
  playersOf,
  release,
  reoffer,
  rowCounts,
  started,
  withBid
} from '../../protocol/jobs/index.ts'
import type {
  AwardDocument,
  JobMessage,
  JobRecord,
  JobState,
  LotState,
  PlannedAward,
  TuneSpec
} from '../../protocol/jobs/index.ts'
import { digest, recoverDigest, signStatement } from '../../protocol/crypto/index.ts'
import type { Signed } from '../../protocol/crypto/index.ts'
import { InvalidError, TilthError, canonicalJson, contentHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { createQueue } from '../runtime/index.ts'
import type { Bases } from './bases.ts'
import type { JobsDeps, JobsTiming } from './deps.ts'
import { createFollower } from './follow.ts'
import type { Live } from './follow.ts'
import { createLedger } from './ledger.ts'
import { composeResult } from './result.ts'
import { createSteps } from './steps.ts'
import type { PostRequest } from './types.ts'
import { verifyDelivery } from './verify.ts'
import { awardView } from './views.ts'

export interface Builder {
  start(): Promise<void>
  stop(): Promise<void>
  post(request: PostRequest): Promise<{ id: Hex }>
  /** A bid that was checked. */
  bid(id: Hex, bid: Signed<'Bid'>): void
  /** A delivery that came by gossip. */
  delivery(award: AwardDocument, delivery: Signed<'Delivery'>): void
  /** What late peers should hear; what is over or under way less often than what waits for an answer. */
  announcements(round: number): JobMessage[]
  records(): IterableIterator<[Hex, JobRecord]>
  record(id: Hex): JobRecord | undefined
  live(award: Hex): Live
}

/**
 * The builder's side: every job is driven from the state that stands on disk to the next one, until it is over. A crash
 * between any two steps repeats the later one, so each is done only if the chain or the disk does not show it done.
 */
export function createBuilder(
  deps: JobsDeps,
  timing: JobsTiming,
  bases: Bases,
  say: (message: JobMessage) => Promise<void>,
  random: () => number
): Builder {
  const ledger = createLedger(deps)
  const { awardId, escrowOf, change, changeLot, changeForfeit } = ledger
  const measuring = createQueue({ name: 'measuring', bound: 1_000, concurrency: 1 })
  const stopping = new AbortController()
  const steps = createSteps(deps.clock, deps.log)
  let stopTicking: (() => void) | undefined
  const nowSeconds = (): bigint => BigInt(Math.floor(deps.clock.now() / 1000))

  const follower = createFollower(deps, timing, {
    standing: (award, worker) => ledger.standing(award, worker),
    async heard(award, report) {
      const here = ledger.lotOf(award)
      if (here === undefined) return
      if (here.lot.state === 'awarded')
        await changeLot(here.id, here.index, lot => (lot.state === 'awarded' ? started(lot) : lot))
      if (report === undefined) return
      const { worker } = here.lot.award.statement.message
      deps.events.emit('jobs.progress', { job: here.id, award, worker, lot: here.lot.lot, ...report })
    },
    delivered: (award, delivery) => takeDelivery(award, delivery),
    async failed(award, code) {
      const here = ledger.lotOf(award)
      if (here?.lot.state === 'awarded' || here?.lot.state === 'training')
        await giveAgain(here.id, here.index, `the worker gave up: ${code}`)
    },
    async consented(award, signature) {
      const gone = ledger.forfeitOf(award)
      if (gone === undefined || gone.forfeit.consent !== null || gone.forfeit.refunded) return
      const { worker } = gone.forfeit.award.statement.message
      // [reject] A consent is the worker's signature over a release of nothing.
      const signer = recoverDigest(
        digest(deps.network, 'Release', { escrow: escrowOf(gone.forfeit.award), worker, amount: 0n }),
        signature
      )
      if (signer !== worker) throw new InvalidError('consent.signature', "the consent is not the worker's")
      await changeForfeit(gone.id, gone.index, one => ({ ...one, consent: signature }))
      drive(gone.id)
    }
  })

  async function takeDelivery(award: Hex, delivery: Signed<'Delivery'>): Promise<void> {
    const here = ledger.lotOf(award)
    if (here === undefined || (here.lot.state !== 'awarded' && here.lot.state !== 'training')) return
    checkDelivery(delivery, here.lot.award, { network: deps.network, now: nowSeconds() })
    await changeLot(here.id, here.index, lot =>
      lot.state === 'awarded' || lot.state === 'training' ? deliver(lot, delivery) : lot
    )
    deps.events.emit('jobs.delivered', { job: here.id, award, worker: delivery.message.worker })
    drive(here.id)
  }

  /** A lot is offered again: its worker is dead, gave up, or what it delivered is no good. */
  async function giveAgain(id: Hex, index: number, reason: string): Promise<void> {
    let lost: AwardDocument | undefined
    await change(id, record => {
      const { state } = record
      const lot = state.state === 'running' ? state.lots[index] : undefined
      if (
        state.state !== 'running' ||
        lot === undefined ||
        lot.state === 'offered' ||
        lot.state === 'accepted' ||
        lot.state === 'released'
      )
        return record
      lost = lot.award
      const again = reoffer(lot, reason.slice(0, 200))
      return {
        ...record,
        state: {
          ...state,
          lots: state.lots.map((other, i) => (i === index ? again.lot : other)),
          forfeits: [...state.forfeits, again.forfeit]
        }
      }
    })
    if (lost === undefined) return
    deps.log.warn('a lot is offered again', { job: id, worker: lost.statement.message.worker, reason })
    deps.events.emit('jobs.reoffered', { job: id, award: awardId(lost), worker: lost.statement.message.worker, reason })
    follower.tell(awardId(lost))
    drive(id)
  }

  const signAward = (
    id: Hex,
    { worker, lot, price }: PlannedAward,
    attempt: number,
    deadline: bigint
  ): AwardDocument => ({
    statement: signStatement(
      deps.network,
      'Award',
      { job: id, worker, attempt, lot: contentHash(lot), price, deadline },
      deps.key
    ),
    lot
  })

  /** bidding -> running, when enough have bid or the time for it is over. */
  async function closeBids(id: Hex, record: JobRecord, state: Extract<JobState, { state: 'bidding' }>): Promise<void> {
    const bids = record.bids.filter(({ message }) => message.expires > nowSeconds())
    const enough = state.expected !== null && bids.length >= state.expected
    if (bids.length === 0 || (!enough && deps.clock.now() < state.until)) return
    const owners = (await deps.versions.rows(record.document.spec, { signal: stopping.signal })).map(
      ({ contributor }) => contributor
    )
    const players = playersOf(owners)
    const rows = rowCounts(players, owners)
    const { budget, deadline } = record.document.statement.message
    const plan = planAwards(bids, budget, coalitionsOf(id, players.length, record.document.spec.coalitions), rows)
    if (plan === undefined)
      return endWithout(
        id,
        `no bid fits the budget of ${budget}; the lowest is ${bids.map(({ message }) => message.price).reduce((a, b) => (b < a ? b : a))} for the adapter alone`
      )
    const lots = plan.map(one => awardLot(offer(one.lot), signAward(id, one, 0, deadline)))
    await change(id, now =>
      now.state.state === 'bidding' ? { ...now, state: begin(now.state, players, rows, lots) } : now
    )
  }

  async function endWithout(id: Hex, reason: string): Promise<void> {
    const closed = signStatement(deps.network, 'JobClosed', { job: id, completed: false, result: '' }, deps.key)
    await change(id, record =>
      record.state.state === 'bidding' || record.state.state === 'running'
        ? { ...record, state: expire(record.state, reason.slice(0, 200), closed) }
        : record
    )
    await say({ kind: 'closed', round: 0, closed })
    // Who hears of it now consents to its refund now; others when they attach again, or the deadline does it.
    const { state } = ledger.must(id)
    if (state.state === 'expired') for (const { award } of state.forfeits) follower.tell(awardId(award))
    deps.events.emit('jobs.expired', { job: id, reason })
  }

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
   * else ever bid.
   */
  function candidate(id: Hex, lot: Pick<LotState, 'lot' | 'failed'>): PlannedAward | undefined {
    const record = ledger.must(id)
    if (record.state.state !== 'running') return undefined
    const { players, rows } = record.state
    const coalitions = coalitionsOf(id, players.length, record.document.spec.coalitions)
    const here = new Set(deps.peers.connected().map(({ address }) => address))
    const bids = record.bids.filter(({ message }) => message.expires > nowSeconds() && here.has(message.worker))
    return pickReplacement(bids, lot.lot, lot.failed, budgetLeft(record), coalitions, rows)
  }

  /**
   * Training the same rows again gives the same model: once every bidder's adapter was no better than the base model,
   * it is the data.
   */
  function hopeless(id: Hex, { lot, failed }: LotState): boolean {
    const { state, bids } = ledger.must(id)
    if (lot.kind !== 'adapter' || state.state !== 'running') return false
    const untried = bids.some(({ message }) => message.expires > nowSeconds() && !failed.includes(message.worker))
    return (
      !untried &&
      state.forfeits.some(
        ({ award, reason }) => award.lot.kind === 'adapter' && reason.startsWith('rejected: delivery.loss')
      )
    )
  }

  async function replace(id: Hex, index: number, lot: Extract<LotState, { state: 'offered' }>): Promise<void> {
    if (hopeless(id, lot))
      return endWithout(
        id,
        'every worker that trained it was measured to be no better than the base model on the held-out questions: more rows, more epochs or another learning rate may help'
      )
    const chosen = candidate(id, lot) ?? (lot.attempt < 5 ? candidate(id, { lot: lot.lot, failed: [] }) : undefined)
    if (chosen === undefined) return
    const document = signAward(id, chosen, lot.attempt, ledger.must(id).document.statement.message.deadline)
    await changeLot(id, index, at => (at.state === 'offered' ? awardLot(at, document) : at))
    drive(id)
  }

  /** The deployed adapter's award goes out first: whoever trains siblings too begins with it. */
  function mayFund(id: Hex, { lot }: LotState): boolean {
    const { state } = ledger.must(id)
    return (
      lot.kind === 'adapter' ||
      state.state === 'bidding' ||
      !state.lots.some(other => other.lot.kind === 'adapter' && other.state === 'funding')
    )
  }

  async function fund(id: Hex, index: number, lot: Extract<LotState, { state: 'funding' }>): Promise<void> {
    const { message } = lot.award.statement
    const escrow = escrowOf(lot.award)
    // A crash after the payment and before the note of it must not pay twice: the chain knows.
    const { state } = await deps.chain.escrows.escrow(escrow)
    if (state === 'none')
      await deps.chain.escrows.fund(
        { job: id, lot: message.lot, worker: message.worker, attempt: message.attempt },
        message.price,
        message.deadline
      )
    else if (state !== 'funded') return giveAgain(id, index, 'the worker gave its escrow back')
    await changeLot(id, index, at => (at.state === 'funding' ? funded(at, escrow) : at))
    follower.live(awardId(lot.award)).heardAt = deps.clock.now()
    await say({ kind: 'award', round: 0, award: lot.award })
    const here = ledger.lotOf(awardId(lot.award))
    if (here !== undefined)
      deps.events.emit('jobs.awarded', {
        job: id,
        award: awardView(awardId(lot.award), escrow, here.lot, follower.live(awardId(lot.award)))
      })
  }

  const silentFor = (award: AwardDocument): number => deps.clock.now() - follower.live(awardId(award)).heardAt

  /** A silent worker is dead once somebody else can take over; until then it may come back and go on. */
  async function watch(
    id: Hex,
    index: number,
    lot: Extract<LotState, { state: 'awarded' | 'training' }>
  ): Promise<void> {
    const silent = silentFor(lot.award)
    if (silent < timing.silenceMs) return
    const { worker, price } = lot.award.statement.message
    const record = ledger.must(id)
    const other = candidate(id, { lot: lot.lot, failed: [...lot.failed, worker] })
    if (other === undefined || other.price > budgetLeft(record) + price) return
    await giveAgain(id, index, `nothing was heard of the worker for ${Math.round(silent / 1000)} s`)
  }

  async function measure(id: Hex, index: number, lot: Extract<LotState, { state: 'delivered' }>): Promise<void> {
    try {
      const { content, heldOut } = await verifyDelivery(deps, bases, id, ledger.must(id), lot, random, stopping.signal)
      const live = follower.live(awardId(lot.award))
      if (lot.lot.kind === 'adapter' || live.losses.length === 0)
        live.losses.splice(0, live.losses.length, ...(content.logs[0]?.loss ?? []))
      const seconds = content.logs.reduce((longest, log) => Math.max(longest, log.seconds), 0)
      await changeLot(
        id,
        index,
        at => (at.state === 'delivered' ? accept(at, content.adapters, seconds) : at),
        heldOut === null ? undefined : { heldOut }
      )
      drive(id)
    } catch (error) {
      if (error instanceof TilthError && error.consequence === 'reject')
        return giveAgain(id, index, `rejected: ${error.code}: ${error.message}`)
      throw error
    }
  }

  async function pay(id: Hex, index: number, lot: Extract<LotState, { state: 'accepted' }>): Promise<void> {
    const { state } = await deps.chain.escrows.escrow(lot.escrow)
    const mined =
      state === 'funded' ? await deps.chain.escrows.release(lot.escrow, lot.award.statement.message.price) : undefined
    const transaction = mined?.transaction ?? null
    await changeLot(id, index, at => (at.state === 'accepted' ? release(at, transaction) : at))
    const award = awardId(lot.award)
    follower.tell(award)
    deps.events.emit('jobs.accepted', {
      job: id,
      award,
      worker: lot.award.statement.message.worker,
      transaction: transaction ?? award
    })
    drive(id)
  }

  async function finish(id: Hex, state: Extract<JobState, { state: 'running' }>): Promise<void> {
    const result = composeResult(id, ledger.must(id).document.spec, state)
    const cid = await deps.files.addBytes(new TextEncoder().encode(canonicalJson(result)))
    const closed = signStatement(deps.network, 'JobClosed', { job: id, completed: true, result: cid }, deps.key)
    await change(id, record => ({ ...record, state: complete(record.state, cid, closed) }))
    await say({ kind: 'closed', round: 0, closed })
    deps.files.provide(cid).catch((error: unknown) => {
      deps.log.info('the result is not in the DHT yet', { job: id, error })
    })
    deps.events.emit('jobs.completed', { job: id, result: cid, adapter: result.adapters.at(-1) ?? '' })
  }

  /** What escrow of awards that came to nothing can be had back, is. */
  async function refund(id: Hex, index: number): Promise<void> {
    const { state: job } = ledger.must(id)
    const forfeit = job.state === 'bidding' ? undefined : job.forfeits[index]
    if (forfeit === undefined) return
    const { award, consent } = forfeit
    const escrow = escrowOf(award)
    const { state } = await deps.chain.escrows.escrow(escrow)
    if (state === 'funded') {
      if (consent !== null) await deps.chain.escrows.refundWithConsent(escrow, consent)
      else if (award.statement.message.deadline < nowSeconds()) await deps.chain.escrows.refund(escrow)
      else return
    }
    await changeForfeit(id, index, one => ({ ...one, refunded: true }))
  }

  /** Starts every step that a job can take now; each at most once at a time, and later again after a failure. */
  function drive(id: Hex): void {
    if (stopping.signal.aborted) return
    const go = (what: string, step: () => Promise<void>, exhausted?: () => Promise<void>): void => {
      steps.attempt(`${id} ${what}`, step, {
        exhausted,
        done: () => {
          if (ledger.get(id) !== record) drive(id)
        }
      })
    }
    const record = ledger.get(id)
    if (record === undefined) return
    const { state } = record
    const late = record.document.statement.message.deadline <= nowSeconds()
    if (state.state === 'bidding') {
      go('job', () =>
        late
          ? endWithout(id, record.bids.length === 0 ? 'nobody bid before the deadline' : 'the deadline passed')
          : closeBids(id, record, state)
      )
      return
    }
    if (state.state === 'running' && late)
      go('job', () => endWithout(id, 'the deadline passed before every lot was accepted'))
    else
      for (const [index, lot] of state.lots.entries())
        go(
          `lot ${index}`,
          () => advance(id, index, lot),
          () => giveAgain(id, index, 'it could not be verified for too long')
        )
    if (state.state === 'running' && state.lots.every(lot => lot.state === 'released'))
      go('job', () => finish(id, state))
    for (const [index, { refunded }] of state.forfeits.entries())
      if (!refunded) go(`forfeit ${index}`, () => refund(id, index))
  }

  return {
    async start() {
      await ledger.load()
      follower.start()
      stopTicking = deps.clock.every(timing.tickMs, () => {
        for (const [id] of ledger.all()) drive(id)
      })
      for (const [id] of ledger.all()) drive(id)
    },
    async stop() {
      const stopped = steps.stop()
      stopping.abort()
      stopTicking?.()
      await follower.stop()
      await stopped
    },
    async post(request) {
      const anchored = await deps.chain.datanets.version(request.datanet, request.version)
      if (anchored === undefined)
        throw new InvalidError('job.version', `version ${request.version} of the Datanet is not anchored`, {
          help: 'Anchor it first, or name another version.'
        })
      const { base, datanet, version, settings, coalitions, budget, deadlineSeconds } = request
      const spec: TuneSpec = { base, datanet, version, manifest: anchored.cid, settings, coalitions }
      const balance = await deps.chain.tokens.balanceOf(deps.self)
      if (balance < budget)
        throw new InvalidError(
          'job.funds',
          `the budget of ${budget} is more than the ${balance} that this account holds`,
          { help: 'Lower the budget, or send tokens to the account.' }
        )
      const createdAt = nowSeconds()
      const statement = signStatement(
        deps.network,
        'TuneJob',
        {
          builder: deps.self,
          spec: contentHash(spec),
          budget,
          createdAt,
          deadline: createdAt + BigInt(deadlineSeconds)
        },
        deps.key
      )
      const id = digest(deps.network, 'TuneJob', statement.message)
      const document = { statement, spec }
      const record = newJob(
        document,
        deps.clock.now() + (request.bidSeconds === undefined ? timing.bidMs : request.bidSeconds * 1000),
        request.expectedBids ?? null
      )
      await ledger.add(id, record)
      await say({ kind: 'job', round: 0, job: document })
      return { id }
    },
    bid(id, bid) {
      if (ledger.get(id)?.state.state !== 'bidding' && ledger.get(id)?.state.state !== 'running') return
      change(id, record => withBid(record, bid))
        .then(() => {
          drive(id)
        })
        .catch((error: unknown) => {
          deps.log.error('a bid was not kept', { job: id, error })
        })
    },
    delivery(award, delivery) {
      takeDelivery(awardId(award), delivery).catch((error: unknown) => {
        deps.log.info('a delivery was not taken', { error })
      })
    },
    announcements(round) {
      const messages: JobMessage[] = []
      for (const [, { document, state }] of ledger.all()) {
        if (state.state === 'bidding' || (state.state === 'running' && round % 4 === 0))
          messages.push({ kind: 'job', round: 0, job: document })
        // An award that its worker has not taken up, or does not speak of any more: it may have lost it.
        if (state.state === 'running')
          for (const lot of state.lots)
            if (lot.state === 'awarded' || (lot.state === 'training' && silentFor(lot.award) > 2 * timing.aliveMs))
              messages.push({ kind: 'award', round: 0, award: lot.award })
        if (
          (state.state === 'completed' || state.state === 'expired') &&
          round % 12 === 0 &&
          document.statement.message.deadline > nowSeconds()
        )
          messages.push({ kind: 'closed', round: 0, closed: state.closed })
      }
      return messages
    },
    records: ledger.all,
    record: ledger.get,
    live: award => follower.live(award)
  }
}
