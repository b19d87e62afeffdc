import { checkAward, checkBid, checkClosed, checkDelivery, checkTuneJob } from '../../protocol/jobs/index.ts'
import type { AwardDocument, JobMessage, TuneJobDocument } from '../../protocol/jobs/index.ts'
import { digest } from '../../protocol/crypto/index.ts'
import type { Signed } from '../../protocol/crypto/index.ts'
import { LimitError, TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { createQueue } from '../runtime/index.ts'
import type { JobsErrorCode } from './codes.ts'
import type { JobsDeps } from './deps.ts'
import { openKnown } from './known.ts'
import type { KnownJob } from './known.ts'
import type { Funds } from './funds.ts'
import { maxAwards, maxBids } from './limits.ts'
import { createRoom, papersOf } from './room.ts'
import type { RoomBounds, Said } from './room.ts'

/** What a message told that was not known. */
export type Heard =
  | { readonly kind: 'job'; readonly id: Hex; readonly document: TuneJobDocument }
  | { readonly kind: 'bid'; readonly id: Hex; readonly bid: Signed<'Bid'> }
  | { readonly kind: 'award'; readonly id: Hex; readonly award: AwardDocument }
  | {
      readonly kind: 'delivery'
      readonly id: Hex
      readonly award: AwardDocument
      readonly delivery: Signed<'Delivery'>
    }
  | { readonly kind: 'closed'; readonly id: Hex; readonly closed: Signed<'JobClosed'> }

/** The jobs a node has heard of. `take` is the one way in, for gossip and for what this node says itself. */
export interface Book {
  load(): Promise<void>
  /**
   * Checks a message, keeps it on disk and says what was new in it; undefined when it is, to the letter, what was kept
   * before. Whatever is known, its check comes first: nothing is known by its name or its signature alone.
   * @throws TilthError by the checks of protocol/jobs; `job.unknown`, `award.unknown`, and `job.known`, `bid.old`,
   * `award.known`, `closed.known` for another spelling of what is known (ignore); LimitError `job.many`, `bid.many`,
   * `award.many`
   * @param from the peer that says it; undefined: this node
   */
  take(message: JobMessage, from?: string): Promise<Heard | undefined>
  get(id: Hex): KnownJob | undefined
  all(): IterableIterator<[Hex, KnownJob]>
}

export function createBook(
  deps: Pick<JobsDeps, 'store' | 'network' | 'clock'> & Partial<Pick<JobsDeps, 'self'>> & { readonly funds?: Funds },
  bounds: RoomBounds = {}
): Book {
  const table = openKnown(deps.store)
  let jobs = new Map<Hex, KnownJob>()
  let papers = 0
  const queue = createQueue({ name: 'jobs', bound: 4096 })
  const context = () => ({ network: deps.network, now: BigInt(Math.floor(deps.clock.now() / 1000)) })

  const known = (id: Hex): KnownJob => {
    const job = jobs.get(id)
    if (job === undefined)
      throw new TilthError('job.unknown', 'the job is not known here yet', { consequence: 'ignore' })
    return job
  }
  /**
   * Both were checked to be signed by the same key over all they say: with the same signature they are the same. Of
   * two that differ the first stays.
   */
  const saidAgain = (code: JobsErrorCode, kept: { signature: Hex }, heard: { signature: Hex }): undefined => {
    if (kept.signature !== heard.signature)
      throw new TilthError(code, 'another one in its place is known', { consequence: 'ignore' })
    return undefined
  }
  /** What is new is on disk first. */
  const keep = async (id: Hex, job: KnownJob, write: Promise<void>): Promise<void> => {
    await write
    papers += papersOf(job)
    if (jobs.has(id)) papers -= papersOf(known(id))
    jobs.set(id, job)
  }
  const room = createRoom(
    { self: deps.self, funds: deps.funds, now: () => context().now },
    {
      jobs: () => jobs,
      papers: () => papers,
      forget: id =>
        queue.run(id, async () => {
          const job = jobs.get(id)
          if (job === undefined) return
          jobs.delete(id)
          papers -= papersOf(job)
          await table.forget(id)
        })
    },
    bounds
  )

  const takeJob = async (document: TuneJobDocument): Promise<Heard | undefined> => {
    const id = checkTuneJob(document, context())
    const earlier = jobs.get(id)
    // [ignore] A job that is known, signed another time.
    if (earlier !== undefined) return saidAgain('job.known', earlier.document.statement, document.statement)
    const { builder } = document.statement.message
    room.checkOpen(builder)
    if (builder !== deps.self && !room.hasForJobs())
      throw new LimitError('job.many', 'too many jobs are known', { consequence: 'ignore' })
    const job: KnownJob = { document, bids: [], awards: [], deliveries: [], closed: null }
    await keep(id, job, table.put(id, job))
    return { kind: 'job', id, document }
  }
  const earlierBid = ({ bids }: KnownJob, { message }: Signed<'Bid'>) =>
    bids.find(({ message: known }) => known.worker === message.worker)
  const earlierAward = ({ awards }: KnownJob, { statement: { message } }: AwardDocument) =>
    awards.find(
      ({ statement: { message: known } }) =>
        known.lot === message.lot && known.worker === message.worker && known.attempt === message.attempt
    )
  const takeBid = async (bid: Signed<'Bid'>): Promise<Heard | undefined> => {
    const id = bid.message.job
    const job = known(id)
    checkBid(bid, job.document, context())
    const earlier = earlierBid(job, bid)
    if (earlier?.signature === bid.signature) return undefined
    // [ignore] A worker's later bid replaces its earlier one, and an earlier one that comes late does not.
    if (earlier !== undefined && earlier.message.expires > bid.message.expires)
      throw new TilthError('bid.old', 'a later bid is known', { consequence: 'ignore' })
    if (earlier === undefined && job.bids.length >= maxBids)
      throw new LimitError('bid.many', 'the job has enough bids', { consequence: 'ignore' })
    const bids = [...job.bids.filter(other => other !== earlier), bid]
    await keep(id, { ...job, bids }, table.bid(id, bid))
    return { kind: 'bid', id, bid }
  }
  const takeAward = async (award: AwardDocument): Promise<Heard | undefined> => {
    const id = award.statement.message.job
    const job = known(id)
    checkAward(award, job.document, context())
    const earlier = earlierAward(job, award)
    // [ignore] One escrow pays for one award: a second one for the same lot, worker and attempt has no money.
    if (earlier !== undefined) return saidAgain('award.known', earlier.statement, award.statement)
    if (job.awards.length >= maxAwards)
      throw new LimitError('award.many', 'the job has enough awards', { consequence: 'ignore' })
    await keep(id, { ...job, awards: [...job.awards, award] }, table.award(id, award))
    return { kind: 'award', id, award }
  }
  const takeDelivery = async (delivery: Signed<'Delivery'>): Promise<Heard | undefined> => {
    const id = delivery.message.job
    const job = known(id)
    const award = job.awards.findLast(
      ({ statement: { message } }) => message.lot === delivery.message.lot && message.worker === delivery.message.worker
    )
    if (award === undefined)
      throw new TilthError('award.unknown', 'the delivery is for an award that is not known here', {
        consequence: 'ignore'
      })
    checkDelivery(delivery, award, context())
    if (job.deliveries.some(({ signature }) => signature === delivery.signature)) return undefined
    const others = job.deliveries.filter(
      ({ message }) => message.lot !== delivery.message.lot || message.worker !== delivery.message.worker
    )
    await keep(id, { ...job, deliveries: [...others, delivery] }, table.deliver(id, delivery))
    return { kind: 'delivery', id, award, delivery }
  }
  const takeClosed = async (closed: Signed<'JobClosed'>): Promise<Heard | undefined> => {
    const id = closed.message.job
    const job = known(id)
    checkClosed(closed, job.document, context())
    // [ignore] A job ends once.
    if (job.closed !== null) return saidAgain('closed.known', job.closed, closed)
    await keep(id, { ...job, closed }, table.put(id, { ...job, closed }))
    return { kind: 'closed', id, closed }
  }

  const one = (message: JobMessage): Promise<Heard | undefined> => {
    switch (message.kind) {
      case 'job':
        return takeJob(message.job)
      case 'bid':
        return takeBid(message.bid)
      case 'award':
        return takeAward(message.award)
      case 'delivery':
        return takeDelivery(message.delivery)
      case 'closed':
        return takeClosed(message.closed)
    }
  }
  const jobOf = (message: JobMessage): Hex => {
    switch (message.kind) {
      case 'job':
        return digest(deps.network, 'TuneJob', message.job.statement.message)
      case 'bid':
        return message.bid.message.job
      case 'award':
        return message.award.statement.message.job
      case 'delivery':
        return message.delivery.message.job
      case 'closed':
        return message.closed.message.job
    }
  }

  const isScarce = (message: JobMessage): boolean => {
    switch (message.kind) {
      case 'job':
        return room.isScarceForJobs()
      case 'bid':
      case 'award':
        return room.isScarceForPapers()
      case 'delivery':
      case 'closed':
        return false
    }
  }
  /** Beside the queue: money is asked for far away, and what is known goes on meanwhile. For nobody without a check. */
  const makeRoom = async (message: JobMessage, from: Said): Promise<void> => {
    if (message.kind === 'job') {
      if (jobs.has(checkTuneJob(message.job, context()))) return
      room.checkOpen(message.job.statement.message.builder)
      await room.makeForJob(message.job, from)
    } else if (message.kind === 'bid') {
      const job = known(message.bid.message.job)
      checkBid(message.bid, job.document, context())
      if (earlierBid(job, message.bid) !== undefined || job.bids.length >= maxBids) return
      await room.makeForPaper(message.bid.message.job, message.bid.message.worker, undefined, from)
    } else if (message.kind === 'award') {
      const { award } = message
      const { job: id, worker } = award.statement.message
      const job = known(id)
      checkAward(award, job.document, context())
      if (earlierAward(job, award) !== undefined || job.awards.length >= maxAwards) return
      await room.makeForPaper(id, worker, award, from)
    }
  }
  const enqueue = (message: JobMessage): Promise<Heard | undefined> => queue.run(jobOf(message), () => one(message))

  return {
    async load() {
      jobs = await table.load()
      for (const job of jobs.values()) papers += papersOf(job)
    },
    take: (message, from) =>
      isScarce(message) ? makeRoom(message, from).then(() => enqueue(message)) : enqueue(message),
    get: id => jobs.get(id),
    all: () => jobs.entries()
  }
}
