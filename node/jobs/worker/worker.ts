import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  checkEscrow,
  coalitionsOf,
  giveUp,
  handOver,
  lotPrice,
  playersOf,
  rowCounts,
  close
} from '../../../protocol/jobs/index.ts'
import type { Assignment, AwardDocument, AwardStatus, JobMessage } from '../../../protocol/jobs/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, Signed } from '../../../protocol/crypto/index.ts'
import { TilthError, anySignal, contentHash } from '../../../protocol/primitives/index.ts'
import type { Hex, Page, PageRequest } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Lease } from '../../shelf/index.ts'
import { awardNames } from '../awards.ts'
import type { Book } from '../book.ts'
import type { KnownJob } from '../known.ts'
import { createAwardKeys } from '../keys.ts'
import type { JobsDeps, JobsTiming, WorkerPolicy } from '../deps.ts'
import { drawOf } from '../draw.ts'
import type { Active } from './active.ts'
import { createAssignments } from './assignments.ts'
import { secondsAhead } from './ahead.ts'
import type { TakenLot } from './ahead.ts'
import { DeclinedError, createDeclines } from './declines.ts'
import type { DeclineView } from './declines.ts'
import { createExperience } from './experience.ts'
import { createEstimator } from './estimate.ts'
import { createTelling } from './telling.ts'
import type { Estimate } from './estimate.ts'
import { createHanding } from './handing.ts'
import { createLent } from './lent.ts'
import { maxTrainingTries } from '../limits.ts'
import { report } from './report.ts'
import { createStates } from './states.ts'
import { sweepLot, trainLot } from './train.ts'
import type { Training } from './train.ts'
import type { ProgressView } from '../types.ts'

export interface Worker {
  start(): Promise<void>
  stop(): Promise<void>
  /** A job that can be bid for. */
  consider(id: Hex): void
  /** An award for this node, or one that supersedes it. */
  awarded(award: AwardDocument): void
  /** The builder closed a job. */
  closed(id: Hex): void
  /** Messages worth saying again to late peers. */
  announcements(): JobMessage[]
  assignment(award: Hex): Assignment | undefined
  /** Jobs that were not bid for, and why; the newest first. */
  declined(request?: PageRequest): Page<DeclineView>
  live(award: Hex): { progress: ProgressView | null; losses: readonly number[] } | undefined
}

/** The worker's side of jobs: bids, takes awards that are paid for, trains, hands over, and lives through restarts. */
export function createWorker(
  deps: JobsDeps,
  policy: WorkerPolicy,
  timing: JobsTiming,
  book: Book,
  say: (message: JobMessage) => Promise<void>
): Worker {
  const active = new Map<Hex, Active>()
  /** Adapters that a builder has still to fetch, by award. */
  const handedOver = new Map<Hex, readonly Lease[]>()
  const experience = createExperience(deps.store)
  const estimator = createEstimator(deps, policy, experience)
  const states = createStates(deps)
  const awardKeys = createAwardKeys(deps)
  const lent = createLent(deps.availability, deps.clock)
  const stopping = new AbortController()
  // One training at a time: two would only make each other slow, and the owner has lent one machine.
  const trainings = createQueue({ name: 'training', bound: 1_000, concurrency: 1, metrics: deps.metrics })
  const bidding = createQueue({ name: 'bids', bound: 1_000, concurrency: 1, metrics: deps.metrics })
  const considering = new Set<Hex>()
  const declines = createDeclines(deps.clock)
  const tellBuilder = createTelling(deps, stopping.signal)
  const admitting = new Set<Hex>()

  const { awardId, escrowOf } = awardNames(deps)
  const now = (): bigint => BigInt(Math.floor(deps.clock.now() / 1000))
  const assignments = createAssignments(deps, now)
  const { open, keep } = assignments
  const log = (what: string, error: unknown, about: { job?: Hex } = {}): void => {
    if (!stopping.signal.aborted) deps.log.info(what, { ...about, error })
  }
  const handing = createHanding(deps, { assignments: open, keep, end, reporter: id => active.get(id)?.reporter, say })
  const lotFolder = ({ statement: { message } }: AwardDocument): string =>
    join(deps.folder, 'work', `${message.job.slice(2, 18)}-${message.lot.slice(2, 18)}`)
  const ownBid = (job: KnownJob): Signed<'Bid'> | undefined =>
    job.bids.find(({ message }) => message.worker === deps.self)

  const takenLots = (): TakenLot[] =>
    [...open].flatMap(([id, { state, award }]) => {
      const spec = state === 'queued' ? book.get(award.statement.message.job)?.document.spec : undefined
      if (spec === undefined) return []
      return [{ spec, lot: award.lot, secondsLeft: active.get(id)?.progress?.secondsLeft }]
    })

  async function bid(id: Hex): Promise<void> {
    const job = book.get(id)
    if (job === undefined || job.closed !== null || ownBid(job) !== undefined) return
    const away = deps.availability?.away()
    if (away !== undefined)
      throw new DeclinedError('work.away', away.why, 'It is looked at again when this machine is lent again.')
    await states.requireRoom(job.document.spec.datanet, takenLots().length)
    const { builder, deadline, budget } = job.document.statement.message
    const ahead = await secondsAhead(takenLots(), estimator, experience, stopping.signal)
    const queued = ahead === 0 ? '' : ` after ${ahead} s of what is queued`
    const accept = ({ adapterSeconds, seconds, price }: Estimate): void => {
      if (price > budget)
        throw new DeclinedError(
          'work.price',
          `it pays at most ${(budget * 100n) / price} % of what its ${adapterSeconds} s cost here`,
          'A lower worker.pricePerSecond in the configuration takes such jobs.',
          undefined,
          { seconds: adapterSeconds, price }
        )
      const late = now() + BigInt(ahead + seconds) - deadline
      if (late > 0n)
        throw new DeclinedError(
          'work.deadline',
          `its ${seconds} s here${queued} would end ${late} s after its deadline`,
          'Nothing to do here but a faster machine: see `tilth engine bench`.',
          undefined,
          { seconds, price }
        )
      // Bids are open for a while before anything begins.
      const lentMs = Math.max(0, (deps.availability?.lentUntil() ?? Infinity) - deps.clock.now() - timing.bidMs)
      if ((ahead + seconds) * 1000 > lentMs)
        throw new DeclinedError(
          'work.hours',
          `its ${seconds} s here${queued} would not end within the ` +
            `${Math.floor(lentMs / 1000)} s for which this machine is still lent`,
          'It is looked at again while its bids are open; longer hours (--hours) take longer jobs.',
          undefined,
          { seconds, price }
        )
    }
    const { spec } = job.document
    await awardKeys.requireKeys(spec, builder)
    const { seconds, price, siblingPrice } = await estimator.estimate(spec, builder, accept, stopping.signal)
    const deposit = deps.chain.escrows.depositOf(price)
    if ((await deps.chain.tokens.balanceOf(deps.self)) < deposit)
      throw new DeclinedError(
        'work.deposit',
        'the deposit that goes with its award is more than this account has',
        'Send the account tokens; the deposit comes back with the pay.'
      )
    const signed = signStatement(
      deps.network,
      'Bid',
      { job: id, worker: deps.self, price, siblingPrice, seconds, expires: deadline },
      deps.key
    )
    await say({ kind: 'bid', bid: signed })
  }

  /** Takes an award once its money is there: until then nothing is promised, and the builder says it again. */
  async function admit(award: AwardDocument): Promise<void> {
    const id = awardId(award)
    const { message } = award.statement
    const job = book.get(message.job)
    if (open.has(id) || job === undefined || superseded(award, job)) return
    // [ignore] After its deadline an escrow takes no delivery: nothing is paid for it any more.
    if (message.deadline <= now()) return
    const mine = ownBid(job)
    if (mine === undefined)
      throw new TilthError('award.uninvited', 'the award answers no bid of this node', { consequence: 'ignore' })
    const { builder } = job.document.statement.message
    const escrow = escrowOf(builder, award)
    // [ignore] An escrow pays once: a second award for it would be work for nothing.
    if (assignments.had(escrow)) return
    const owners = await deps.versions.owners(job.document.spec)
    const players = playersOf(owners)
    const expected = lotPrice(
      mine.message,
      award.lot,
      coalitionsOf(await drawOf(deps.chain, job.document.spec), players.length, job.document.spec.coalitions),
      rowCounts(players, owners)
    )
    checkEscrow(message, builder, expected, await deps.chain.escrows.escrow(escrow))
    await handing.take(escrow)
    await keep(id, { state: 'queued', award, escrow })
    begin(id)
  }

  /** Whether a later attempt at the same lot was awarded. */
  const superseded = ({ statement }: AwardDocument, job: KnownJob): boolean =>
    job.awards.some(
      ({ statement: { message } }) =>
        message.lot === statement.message.lot && message.attempt > statement.message.attempt
    )

  /** Opens the stream to the builder, and queues the training if that is still to be done. */
  function begin(id: Hex): void {
    const at = open.get(id)
    const job = at === undefined ? undefined : book.get(at.award.statement.message.job)
    if (at === undefined || job === undefined || active.has(id)) return
    const [work, stream] = [new AbortController(), new AbortController()]
    const signal = anySignal([work.signal, stopping.signal])
    const reporter = report(
      deps,
      timing,
      id,
      job.document.statement.message.builder,
      { status: state => heard(id, state) },
      anySignal([stream.signal, stopping.signal])
    )
    const entry: Active = {
      work,
      stream,
      reporter,
      progress: null,
      losses: [],
      paused: false,
      hold: () => undefined
    }
    active.set(id, entry)
    if (at.state === 'given-up') reporter.failed(at.reason)
    if (at.state === 'queued') enqueue(id, job, entry, signal)
  }

  function enqueue(id: Hex, job: KnownJob, entry: Active, signal: AbortSignal): void {
    trainings
      .run(id, () => train(id, job, entry, signal))
      .catch((error: unknown) => {
        log('a lot was not trained', error)
      })
  }

  /** A paused training gives its place to others, and is queued anew when it may go on, from its checkpoint. */
  function pause(id: Hex, paused: boolean): void {
    const entry = active.get(id)
    const at = open.get(id)
    if (entry === undefined || at?.state !== 'queued' || entry.paused === paused) return
    entry.paused = paused
    if (paused) {
      entry.reporter.stage('queued')
      return entry.hold()
    }
    const job = book.get(at.award.statement.message.job)
    const signal = anySignal([entry.work.signal, stopping.signal])
    if (job !== undefined) enqueue(id, job, entry, signal)
  }

  async function train(id: Hex, job: KnownJob, live: Active, signal: AbortSignal): Promise<void> {
    const { reporter } = live
    for (let tries = 1; !signal.aborted; tries++) {
      await lent.until(signal)
      if (live.paused) return
      const hold = new AbortController()
      live.hold = () => hold.abort()
      const at = open.get(id)
      if (at?.state !== 'queued') return
      const { message } = at.award.statement
      const attempt = lent.attempt(signal)
      const training: Training = {
        job: message.job,
        spec: job.document.spec,
        builder: job.document.statement.message.builder,
        deadline: message.deadline,
        lot: at.award.lot,
        folder: lotFolder(at.award),
        states,
        signal: anySignal([attempt.signal, hold.signal]),
        onStage: stage => {
          reporter.stage(stage)
        },
        onProgress: progress => {
          const { step, steps, loss, secondsLeft, tokensPerSecond, lr } = progress
          live.progress = { step, steps, loss, secondsLeft, tokensPerSecond, lr }
          live.losses.push(loss)
          reporter.progress(progress)
        }
      }
      let keys: { back(): void } | undefined
      try {
        const began = existsSync(training.folder) ? undefined : deps.clock.now()
        keys = await awardKeys.obtain(job.document, at.award, training.signal)
        const { content, cid, adapters } = await trainLot(deps, training)
        holdFor(id, adapters)
        // What goes on from a checkpoint says nothing of the whole.
        if (began !== undefined) await learn(training, (deps.clock.now() - began) / 1000)
        // Given up, or closed, at the last moment: then its builder has its money back.
        if (open.get(id)?.state !== 'queued') return holdFor(id, [])
        const statement: Message<'Delivery'> = {
          job: message.job,
          worker: deps.self,
          lot: message.lot,
          cid,
          log: contentHash(content)
        }
        const delivery = signStatement(deps.network, 'Delivery', statement, deps.key)
        // On disk before the chain, and the builder, hear of it: from here on no refund is agreed to.
        await keep(id, handOver(at, delivery, content))
        await handing.handIn(id).catch((error: unknown) => {
          log('a delivery is said again', error, { job: message.job })
        })
        return
      } catch (error) {
        if (signal.aborted || hold.signal.aborted) return
        if (attempt.held()) {
          deps.log.info('a training waits until its machine is lent again', { job: message.job })
          tries--
          continue
        }
        deps.log.warn('training a lot failed', { job: message.job, tries, error })
        const hopeless = error instanceof TilthError && error.consequence !== 'retry'
        if (tries >= maxTrainingTries || hopeless) {
          const reason = error instanceof TilthError ? error.code : 'work.failed'
          await keep(id, giveUp(at, reason))
          reporter.failed(reason)
          return
        }
        await deps.clock.sleep(1_000 * tries, signal).catch(() => undefined)
      } finally {
        keys?.back()
        attempt.end()
      }
    }
  }

  /** How long a lot took here: the next bids come nearer. */
  async function learn({ spec, lot, signal }: Training, took: number): Promise<void> {
    try {
      const reckoned = await estimator.reckon(spec, lot, signal)
      if (reckoned !== undefined) await experience.note(lot.kind, { reckoned, took })
    } catch (error) {
      log('how long a lot took is not remembered', error)
    }
  }

  /** The builder's word on an award. */
  async function heard(id: Hex, state: AwardStatus['state']): Promise<Hex | undefined> {
    const at = open.get(id)
    if (state === 'current' || state === 'paused') pause(id, state === 'paused')
    if (at === undefined || state === 'current' || state === 'paused' || state === 'delivered') return undefined
    // [ignore] What is delivered is over when its escrow says so, and no word of the builder's gives its price back.
    if (at.state === 'delivered') {
      if (state === 'closed') await handing.look(id)
      return undefined
    }
    if (state === 'closed') {
      if (at.state === 'given-up') await keep(id, close(at, false))
      await end(id, at)
      return undefined
    }
    await abandon(id, 'superseded')
    // With this the builder's money is free at once; without it, it waits in escrow for the award's deadline.
    return signStatement(deps.network, 'Release', { escrow: at.escrow, worker: deps.self, amount: 0n }, deps.key)
      .signature
  }

  /** Stops the work; the stream goes on until the builder has the consent to its refund. */
  async function abandon(id: Hex, reason: string): Promise<void> {
    const at = open.get(id)
    if (at?.state === 'queued') await keep(id, giveUp(at, reason))
    active.get(id)?.work.abort()
  }

  /** After its deadline nobody waits for an award that was not delivered, and its escrow goes back to its builder. */
  async function closeLate(id: Hex, at: Assignment): Promise<void> {
    active.get(id)?.work.abort()
    await keep(id, close(at.state === 'queued' ? giveUp(at, 'deadline') : at, false))
    await end(id, at)
  }

  function holdFor(id: Hex, leases: readonly Lease[]): void {
    for (const lease of handedOver.get(id) ?? []) lease.release()
    handedOver.delete(id)
    if (leases.length > 0) handedOver.set(id, leases)
  }

  /** After a restart: what was handed over and is not paid for yet is held again. */
  async function holdAgain(id: Hex, adapters: readonly string[]): Promise<void> {
    const leases: Lease[] = []
    for (const cid of adapters)
      leases.push(await deps.shelf.take(cid, { kind: 'adapter', from: [], cause: 'owner', signal: stopping.signal }))
    holdFor(id, leases)
  }

  async function end(id: Hex, { award }: Pick<Assignment, 'award'>): Promise<void> {
    holdFor(id, [])
    active.get(id)?.work.abort()
    active.get(id)?.stream.abort()
    active.delete(id)
    const folder = lotFolder(award)
    if (![...open.values()].some(other => other.state === 'queued' && lotFolder(other.award) === folder))
      await sweepLot(folder)
  }

  return {
    async start() {
      await states.start()
      await assignments.load()
      // The deployed adapter before its siblings, as they were queued the first time.
      for (const [id] of [...open].sort(
        ([, a], [, b]) => Number(b.award.lot.kind === 'adapter') - Number(a.award.lot.kind === 'adapter')
      ))
        begin(id)
      for (const [id, at] of open)
        if (at.state === 'delivered')
          holdAgain(id, at.content.adapters).catch((error: unknown) => {
            log('an adapter that was handed over is not on the shelf any more', error)
          })
    },
    async stop() {
      states.stop()
      stopping.abort()
      await Promise.all([trainings.idle(), bidding.idle()])
    },
    consider(id) {
      if (considering.has(id) || declines.waits(id)) return
      considering.add(id)
      bidding
        .run(id, () => bid(id))
        .then(() => {
          declines.forget(id)
        })
        .catch((error: unknown) => {
          log('no bid for a job', error, { job: id })
          const builder = book.get(id)?.document.statement.message.builder
          if (stopping.signal.aborted || builder === undefined) return
          tellBuilder(id, builder, declines.note(id, builder, error))
        })
        .finally(() => {
          considering.delete(id)
        })
    },
    awarded(award) {
      const id = awardId(award)
      const { job, worker, lot, attempt } = award.statement.message
      if (worker === deps.self) {
        if (admitting.has(id)) return
        admitting.add(id)
        bidding
          .run(id, () => admit(award))
          .catch((error: unknown) => {
            log('an award was not taken', error)
          })
          .finally(() => {
            admitting.delete(id)
          })
      }
      for (const [other, at] of open) {
        const { message } = at.award.statement
        if (at.state === 'queued' && message.job === job && message.lot === lot && message.attempt < attempt)
          abandon(other, 'superseded').catch((error: unknown) => {
            log('a superseded award stayed', error)
          })
      }
    },
    closed(id) {
      for (const [award, at] of open) {
        if (at.award.statement.message.job === id && at.state === 'queued')
          abandon(award, 'closed').catch((error: unknown) => {
            log("a closed job's award stayed", error)
          })
      }
    },
    announcements() {
      const messages: JobMessage[] = []
      // [ignore] After its deadline nobody waits for an award any more; what was delivered waits for its pay.
      for (const [id, at] of open)
        if (at.state !== 'delivered' && at.award.statement.message.deadline <= now())
          closeLate(id, at).catch((error: unknown) => {
            log('an award past its deadline stayed', error)
          })
      assignments.forget().catch((error: unknown) => {
        log('what is closed for long is not forgotten', error)
      })
      for (const [, job] of book.all()) {
        const mine = ownBid(job)
        if (mine !== undefined && job.closed === null && job.awards.length === 0 && mine.message.expires > now())
          messages.push({ kind: 'bid', bid: mine })
      }
      handing.round()
      for (const [id, at] of open)
        if (at.state === 'delivered' && handing.isIn(id)) messages.push({ kind: 'delivery', delivery: at.delivery })
      return messages
    },
    assignment: id => open.get(id),
    live: id => active.get(id),
    declined: request => declines.list(request)
  }
}
