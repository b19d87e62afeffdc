import { checkDelivery, deliver, endOf, started, withBid } from '../../../protocol/jobs/index.ts'
import type { AwardDocument, JobMessage, JobRecord, LotState, TrainingCurve } from '../../../protocol/jobs/index.ts'
import { digest, recoverDigest } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { InvalidError, LimitError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { JobsDeps, JobsTiming } from '../deps.ts'
import type { PostRequest, RefusalView } from '../types.ts'
import { awardByHand, closeBids } from './bidding.ts'
import { cancelJob } from './cancel.ts'
import { createCurves } from './curves.ts'
import type { Desk } from './desk.ts'
import { endWithout, finish, giveAgain, refund } from './endings.ts'
import { createEscrows } from './escrows.ts'
import { createHolds } from './holds.ts'
import { createLots } from './lots.ts'
import { draftJob } from './post.ts'
import { createRefusals } from './refusals.ts'
import { createProgressServer } from './progress.ts'
import type { Live } from './progress.ts'
import { createBuilderStates } from './states.ts'
import { createSteps } from './steps.ts'

export interface Builder {
  start(): Promise<void>
  stop(): Promise<void>
  post(request: PostRequest): Promise<{ id: Hex }>
  /** @throws as JobsService.cancel */
  cancel(id: Hex): Promise<void>
  /** @throws as JobsService.award, JobsService.pause */
  award(id: Hex, workers: readonly Address[]): Promise<void>
  pause(id: Hex, paused: boolean): Promise<void>
  curve(award: Hex): Promise<TrainingCurve | undefined>
  refusals(id: Hex): readonly RefusalView[]
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

/** Committed states that nobody asks for any more are looked for every so many ticks. */
const sweptEvery = 600
/** Deliveries that were looked at, while their states or their held-out questions are waited for: two notes of each. */
const mostSeen = 512
/** Escrows of refused deliveries are looked at every so many ticks. */
const refusedEvery = 600

/** Why a lot is given again that its builder got to see nothing of, though it was delivered. */
const unavailable = ({ state }: LotState): string | null => (state === 'delivered' ? 'delivery.unavailable' : null)

/**
 * The builder's side: every job is driven from the state that stands on disk to the next one, until it is over. A crash
 * between any two steps repeats the later one, so each is done only if the chain or the disk does not show it done.
 */
export function createBuilder(
  deps: JobsDeps,
  timing: JobsTiming,
  say: (message: JobMessage) => Promise<void>,
  random: () => number
): Builder {
  const escrows = createEscrows(deps)
  const { awardId, escrowOf, change, changeLot, changeForfeit } = escrows
  const stopping = new AbortController()
  const curves = createCurves(deps)
  const steps = createSteps(deps.clock, deps.log)
  const holds = createHolds(deps, stopping.signal)
  let stopTicking: (() => void) | undefined
  const nowSeconds = (): bigint => BigInt(Math.floor(deps.clock.now() / 1000))

  const progress = createProgressServer(deps, timing, {
    standing: (award, worker) => escrows.standing(award, worker),
    steps: award => escrows.stepsOf(award),
    async heard(award, report) {
      const here = escrows.lotOf(award)
      if (here === undefined) return
      if (here.lot.state === 'awarded')
        await changeLot(here.id, here.index, lot => (lot.state === 'awarded' ? started(lot) : lot))
      if (report === undefined) return
      const { worker } = here.lot.award.statement.message
      if (here.lot.lot.kind === 'adapter')
        curves.note(award, report.progress, progress.live(award).losses, report.heldOut)
      deps.events.emit('jobs.progress', { job: here.id, award, worker, lot: here.lot.lot, ...report })
    },
    delivered: (award, delivery) => takeDelivery(award, delivery),
    async failed(award, code) {
      const here = escrows.lotOf(award)
      if (here?.lot.state === 'awarded' || here?.lot.state === 'training')
        await giveAgain(desk, here.id, here.index, `the worker gave up: ${code}`)
    },
    async consented(award, signature) {
      const gone = escrows.forfeitOf(award)
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

  const desk: Desk = {
    deps,
    timing,
    escrows,
    progress,
    curves,
    states: createBuilderStates(deps),
    seen: createCache({ max: mostSeen }),
    signal: stopping.signal,
    say,
    drive,
    nowSeconds,
    random
  }
  const lots = createLots(desk)
  const refusals = createRefusals(deps, job => {
    const state = escrows.get(job)?.state.state
    return state === 'bidding' || state === 'running'
  })
  function sweep(): void {
    desk.states.sweep().catch((error: unknown) => {
      deps.log.info('states that nobody asks for any more could not be let go', { error })
    })
  }
  let rounds = 0
  /** Jobs that are being cancelled: nothing new begins for them. */
  const ending = new Set<Hex>()

  async function takeDelivery(award: Hex, delivery: Signed<'Delivery'>): Promise<void> {
    const here = escrows.lotOf(award)
    if (here === undefined || (here.lot.state !== 'awarded' && here.lot.state !== 'training')) return
    checkDelivery(delivery, here.lot.award, { network: deps.network, now: nowSeconds() })
    await changeLot(here.id, here.index, lot =>
      lot.state === 'awarded' || lot.state === 'training' ? deliver(lot, delivery) : lot
    )
    deps.events.emit('jobs.delivered', { job: here.id, award, worker: delivery.message.worker })
    drive(here.id)
  }

  /** Whether a paused job leaves a lot as it is: what was handed over is measured and paid for all the same. */
  const waits = ({ paused }: JobRecord, { state }: LotState): boolean =>
    paused === true && state !== 'delivered' && state !== 'accepted'

  /** Starts every step that a job can take now; each at most once at a time, and later again after a failure. */
  function drive(id: Hex): void {
    if (stopping.signal.aborted || ending.has(id)) return
    const go = (what: string, step: () => Promise<void>, exhausted?: () => Promise<void>): void => {
      steps.attempt(`${id} ${what}`, step, {
        exhausted,
        done: () => {
          if (escrows.get(id) !== record) drive(id)
        }
      })
    }
    const record = escrows.get(id)
    if (record === undefined) return
    const { state } = record
    if (state.state === 'bidding' || state.state === 'running') holds.hold(id, record.document.spec.base)
    else holds.release(id)
    const late = record.document.statement.message.deadline <= nowSeconds()
    if (state.state === 'bidding') {
      // Its builder chooses among the bids, unless the deadline does.
      if (record.byHand === true && !late) return
      go('job', () =>
        late
          ? endWithout(desk, id, record.bids.length === 0 ? 'nobody bid before the deadline' : 'the deadline passed')
          : closeBids(desk, id, record, state)
      )
      return
    }
    if (state.state === 'running' && late)
      go('job', () => endWithout(desk, id, 'the deadline passed before every lot was accepted'))
    else
      for (const [index, lot] of state.lots.entries())
        if (!waits(record, lot))
          go(
            `lot ${index}`,
            () => lots.advance(id, index, lot),
            () => giveAgain(desk, id, index, 'it could not be verified for too long', unavailable(lot))
          )
    if (state.state === 'running' && state.lots.every(lot => lot.state === 'released'))
      go('job', () => finish(desk, id, state))
    for (const [index, forfeit] of state.forfeits.entries()) {
      // Whether one of the two has given way about what was refused is looked at now and then.
      const isLooked = forfeit.money !== 'refused' || rounds % refusedEvery === 0
      if (endOf(forfeit) === undefined && isLooked) go(`forfeit ${index}`, () => refund(desk, id, index))
    }
  }

  return {
    async start() {
      await escrows.load()
      await curves.start()
      progress.start()
      refusals.start()
      stopTicking = deps.clock.every(timing.tickMs, () => {
        if (rounds % sweptEvery === 0) sweep()
        rounds++
        for (const [id] of escrows.all()) drive(id)
      })
      for (const [id] of escrows.all()) drive(id)
    },
    async stop() {
      const stopped = steps.stop()
      stopping.abort()
      stopTicking?.()
      await progress.stop()
      await refusals.stop()
      await stopped
    },
    async post(request) {
      const { id, record } = await draftJob(deps, timing, request)
      // [reject] What is trained is to be run again, from states that have no room here.
      const lots = [...escrows.all()].flatMap(([, { state }]) => (state.state === 'running' ? state.lots : []))
      const coming = lots.filter(({ state }) => state === 'awarded' || state === 'training').length
      if (
        !(await desk.states.hasRoom(coming)) &&
        (await deps.versions.auditedSegments(record.document.spec.datanet)) > 0
      )
        throw new LimitError('states.full', 'the states of open audits take all the room that there is for them', {
          help: 'Wait until one of them is over, or give more with shelf.statesGib in the configuration.'
        })
      await escrows.add(id, record)
      await say({ kind: 'job', job: record.document })
      return { id }
    },
    async cancel(id) {
      ending.add(id)
      try {
        await cancelJob(desk, steps, id)
      } finally {
        ending.delete(id)
        drive(id)
      }
    },
    async award(id, workers) {
      await awardByHand(desk, id, workers)
      drive(id)
    },
    async pause(id, paused) {
      const { state } = escrows.must(id)
      // [reject] What is over neither waits nor goes on.
      if (state.state !== 'bidding' && state.state !== 'running')
        throw new InvalidError('job.over', `the job is ${state.state} already`)
      await change(id, record => (record.paused === paused ? record : { ...record, paused }))
      if (state.state === 'running')
        for (const lot of state.lots) if (lot.state !== 'offered') progress.tell(awardId(lot.award))
      deps.events.emit('jobs.paused', { job: id, paused })
      drive(id)
    },
    curve: award => curves.of(award),
    refusals: id => refusals.of(id),
    bid(id, bid) {
      if (escrows.get(id)?.state.state !== 'bidding' && escrows.get(id)?.state.state !== 'running') return
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
      for (const [, { document, state }] of escrows.all()) {
        if (state.state === 'bidding' || (state.state === 'running' && round % 4 === 0))
          messages.push({ kind: 'job', job: document })
        // An award that its worker has not taken up, or does not speak of any more: it may have lost it.
        if (state.state === 'running')
          for (const lot of state.lots)
            if (lot.state === 'awarded' || (lot.state === 'training' && lots.silentFor(lot.award) > 2 * timing.aliveMs))
              messages.push({ kind: 'award', award: lot.award })
        if (
          (state.state === 'completed' || state.state === 'expired') &&
          round % 12 === 0 &&
          document.statement.message.deadline > nowSeconds()
        )
          messages.push({ kind: 'closed', closed: state.closed })
      }
      return messages
    },
    records: escrows.all,
    record: escrows.get,
    live: award => progress.live(award)
  }
}
