import { digest } from '../../protocol/crypto/index.ts'
import { jobMessage } from '../../protocol/jobs/index.ts'
import type { JobMessage, JobRecord } from '../../protocol/jobs/index.ts'
import { InvalidError, NotFoundError, TilthError, anySignal } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { counter, gauge } from '../runtime/index.ts'
import type { Peer } from '../transport/types.ts'
import { awardNames } from './awards.ts'
import { createBook } from './book.ts'
import type { Heard } from './book.ts'
import { createBuilder, planTune, spentOn } from './builder/index.ts'
import { createDrafts } from './drafts.ts'
import { defaultPolicy, defaultTiming } from './deps.ts'
import type { JobsDeps } from './deps.ts'
import { retrain } from './audit.ts'
import { createFunds } from './funds.ts'
import { deliveredLots, runSegment } from './segment.ts'
import { createAwardKeys } from './keys.ts'
import { fetchResult } from './result.ts'
import { jobEventNames, newsOf } from './news.ts'
import { untrainedBy } from './untrained.ts'
import type { JobEvents, JobView, JobsService } from './types.ts'
import { bidView, isOver, jobView } from './views.ts'
import { createWorker } from './worker/index.ts'

/** Trainings of one job's adapter that are shown: the latest. */
const mostCurves = 5

/**
 * The jobs phase of a node: job -> bids -> award -> training -> delivery. Every node keeps the book of signed messages;
 * a
 * builder drives its own jobs by it, a worker bids and trains.
 */
export function createJobsService(deps: JobsDeps): JobsService {
  const timing = { ...defaultTiming, ...deps.timing }
  const policy = { ...defaultPolicy, ...deps.policy }
  const book = createBook({ ...deps, funds: createFunds(deps) })
  const builder = createBuilder(deps, timing, say, Math.random)
  const awardKeys = createAwardKeys(deps)
  const worker = createWorker(deps, policy, timing, book, say)
  const drafts = createDrafts(deps)
  const offs: (() => void)[] = []
  const stopping = new AbortController()
  let round = 0

  /** Own messages go the same way as others': checked, kept, then told. */
  async function say(message: JobMessage): Promise<void> {
    act(await book.take(message))
    await announce(message)
  }
  async function announce(message: JobMessage): Promise<void> {
    try {
      await deps.gossip.publish('tilth/jobs/1', message)
    } catch (error) {
      deps.log.info('a message was not announced; it is again soon', { kind: message.kind, error })
    }
  }

  /** What follows from something new. */
  function act(heard: Heard | undefined): void {
    if (heard === undefined) return
    switch (heard.kind) {
      case 'job':
        deps.events.emit('jobs.posted', { job: heard.id, builder: heard.document.statement.message.builder })
        if (deps.roles.worker && heard.document.statement.message.builder !== deps.self) worker.consider(heard.id)
        return
      case 'bid':
        deps.events.emit('jobs.bid', { job: heard.id, bid: bidView(heard.bid.message) })
        return builder.bid(heard.id, heard.bid)
      case 'award':
        return worker.awarded(heard.award)
      case 'delivery':
        return builder.delivery(heard.award, heard.delivery)
      case 'closed': {
        worker.closed(heard.id)
        const { completed, result } = heard.closed.message
        // The builder says so itself, with what only it knows.
        if (heard.closed.message.job !== heard.id || builder.record(heard.id) !== undefined) return
        if (completed) deps.events.emit('jobs.completed', { job: heard.id, result, adapter: '' })
        else deps.events.emit('jobs.expired', { job: heard.id, reason: 'closed by its builder' })
      }
    }
  }

  /**
   * What is said again word for word goes on once in a while, as all of gossip does: peers that came late hear of open
   * jobs by it. Another version of what is known does not: the book ignores it.
   */
  async function hear(message: JobMessage, from: Peer): Promise<void> {
    const heard = await book.take(message, from.peerId)
    act(heard)
    if (heard !== undefined) return
    // An award said again may have its escrow by now; a job said again may find this worker free.
    if (message.kind === 'award') {
      const { signature, message: said } = message.award.statement
      const award = book.get(said.job)?.awards.find(({ statement }) => statement.signature === signature)
      if (award !== undefined) worker.awarded(award)
    }
    if (message.kind === 'job' && deps.roles.worker)
      worker.consider(digest(deps.network, 'TuneJob', message.job.statement.message))
  }

  /**
   * What a crash may have left half said: the builder's and the worker's own papers are the truth, the book follows
   * them.
   */
  async function catchUp(): Promise<void> {
    for (const message of builder.announcements(0)) {
      await say(message).catch((error: unknown) => {
        deps.log.info('a paper was not said again', { kind: message.kind, error })
      })
    }
    for (const [id] of builder.records()) for (const bid of book.get(id)?.bids ?? []) builder.bid(id, bid)
  }

  function countEvents(): void {
    if (deps.metrics === undefined) return
    const events = counter(
      deps.metrics,
      'tilth_jobs_events_total',
      'News of tune jobs by kind: bids, awards, steps reported, deliveries, ends',
      ['event']
    )
    for (const name of jobEventNames)
      offs.push(
        deps.events.on(name, () => {
          events.inc({ event: name })
        })
      )
    gauge(deps.metrics, 'tilth_jobs_known', 'Tune jobs that this node knows of', [], at => {
      at.set([...book.all()].length)
    })
  }

  const names = awardNames(deps)
  const view = (id: Hex): JobView | undefined => {
    const known = book.get(id)
    if (known === undefined) return undefined
    return jobView(id, known, builder.record(id), {
      ...names,
      refusals: builder.refusals(id),
      live: award => builder.live(award),
      assignment: award => worker.assignment(award),
      working: award => worker.live(award)
    })
  }
  const must = (id: Hex): JobView => {
    const found = view(id)
    if (found === undefined)
      throw new NotFoundError('job.unknown', 'no such job is known here', {
        help: 'List the known jobs; a job just posted elsewhere arrives within seconds.'
      })
    return found
  }

  /** [reject] What is only its builder's to do. @throws InvalidError `job.not-ours` */
  const mine = (id: Hex): Hex => {
    if (must(id).builder !== deps.self || builder.record(id) === undefined)
      throw new InvalidError('job.not-ours', 'the job was not posted by this node', {
        help: 'Only its builder can end it before its deadline.'
      })
    return id
  }

  return {
    name: 'jobs',
    async start() {
      await book.load()
      countEvents()
      awardKeys.start()
      offs.push(deps.gossip.subscribe('tilth/jobs/1', jobMessage, hear))
      await builder.start()
      await catchUp()
      if (deps.roles.worker) {
        await worker.start()
        for (const [id, job] of book.all()) {
          for (const award of job.awards) worker.awarded(award)
          if (job.closed === null && job.document.statement.message.builder !== deps.self) worker.consider(id)
        }
      }
      offs.push(
        deps.clock.every(
          timing.announceMs,
          async () => {
            round = (round + 1) % 0xffffffff
            for (const message of [...builder.announcements(round), ...worker.announcements()]) await announce(message)
          },
          error => {
            deps.log.warn('announcing again failed', { error })
          }
        )
      )
    },
    async stop() {
      stopping.abort()
      await builder.stop()
      await worker.stop()
      await awardKeys.stop()
      for (const off of offs.splice(0)) off()
    },
    post(request) {
      if (!deps.roles.builder)
        return Promise.reject(
          new InvalidError('job.builder', 'this node is no builder', { help: 'Give the daemon the builder role.' })
        )
      return builder.post(request)
    },
    cancel: async id => builder.cancel(mine(id)),
    award: async (id, workers) => builder.award(mine(id), workers),
    pause: async (id, paused) => builder.pause(mine(id), paused),
    async curves(id) {
      const found = []
      const trained = must(mine(id)).awards.filter(({ lot }) => lot.kind === 'adapter')
      for (const { award, worker } of trained.sort((a, b) => b.attempt - a.attempt).slice(0, mostCurves)) {
        const curve = await builder.curve(award)
        if (curve !== undefined) found.push({ award, worker, curve })
      }
      return found
    },
    drafts,
    spent: id => spentOn(builder.record(mine(id)) as JobRecord),
    plan: request => planTune(deps, book, request),
    jobs: () =>
      [...book.all()].map(([id]) => must(id)).sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)),
    job: view,
    papers: id => book.get(id),
    async untrained(id) {
      must(id)
      return untrainedBy(deps, book.get(id)?.deliveries ?? [], stopping.signal)
    },
    declined: request => worker.declined(request),
    progress: (id, options = {}) =>
      newsOf(
        deps.events,
        id,
        view(id),
        options.signal === undefined ? stopping.signal : anySignal([stopping.signal, options.signal])
      ),
    async completed(id, options = {}) {
      must(id)
      const done = new AbortController()
      const signal = anySignal([
        stopping.signal,
        done.signal,
        ...(options.signal === undefined ? [] : [options.signal])
      ])
      const ended = Promise.race([
        deps.events.once('jobs.completed', { signal, where: ({ job }: JobEvents['jobs.completed']) => job === id }),
        deps.events.once('jobs.expired', { signal, where: ({ job }: JobEvents['jobs.expired']) => job === id })
      ])
      ended.catch(() => undefined) // awaited below unless the job is over already
      let now = must(id)
      if (!isOver(now)) {
        await ended
        now = must(id)
      }
      done.abort()
      if (now.result === null)
        throw new TilthError('job.expired', `the job ended without a result: ${now.reason ?? 'closed by its builder'}`)
      return { cid: now.result, result: await fetchResult(deps, now.result, options.signal) }
    },
    result: (cid, options = {}) => fetchResult(deps, cid, options.signal),
    retrain: (result, request) => retrain(deps, result, request),
    delivered: (result, options) => deliveredLots(deps, result, options),
    runSegment: (result, lots, drawn, signal) => runSegment(deps, result, lots, drawn, signal)
  }
}
