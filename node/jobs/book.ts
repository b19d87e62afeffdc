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
import {
  askedForRoom,
  crowdedJobs,
  fewPapers,
  maxAwards,
  maxBids,
  maxKnownJobs,
  maxOpenPerBuilder,
  maxPapers
} from './limits.ts'

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
   */
  take(message: JobMessage): Promise<Heard | undefined>
  get(id: Hex): KnownJob | undefined
  all(): IterableIterator<[Hex, KnownJob]>
}

/** What is said about a job. */
const papersOf = ({ bids, awards, deliveries }: KnownJob): number => bids.length + awards.length + deliveries.length

export function createBook(
  deps: Pick<JobsDeps, 'store' | 'network' | 'clock'> & Partial<Pick<JobsDeps, 'self'>> & { readonly funds?: Funds },
  { most = maxPapers, few = fewPapers, jobs: mostJobs = maxKnownJobs, crowded = crowdedJobs } = {}
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
  const isOver = ({ closed, document }: KnownJob): boolean =>
    closed !== null || document.statement.message.deadline <= context().now
  const isOwn = ({ document, bids }: KnownJob): boolean =>
    document.statement.message.builder === deps.self || bids.some(({ message }) => message.worker === deps.self)
  /** Those that are over, the oldest first. */
  const overOnes = (): [Hex, KnownJob][] =>
    [...jobs]
      .filter(([, job]) => isOver(job))
      .sort(([, a], [, b]) => Number(a.document.statement.message.createdAt - b.document.statement.message.createdAt))
  async function forget(id: Hex): Promise<void> {
    const job = jobs.get(id)
    if (job === undefined || !jobs.delete(id)) return
    papers -= papersOf(job)
    await table.forget(id)
  }
  /**
   * [ignore] Nobody fills the memory of all others with what costs a signature: what is over makes room, and where that
   * is not enough each open job has a few. What is this node's own is kept.
   */
  async function requireRoom(id: Hex, worker: Hex): Promise<void> {
    if (papers < most || worker === deps.self || isOwn(known(id))) return
    for (const [other, job] of overOnes()) {
      if (papers < most * 0.9) break
      if (other !== id && !isOwn(job)) await forget(other)
    }
    if (papers >= most && papersOf(known(id)) >= few)
      throw new LimitError('job.many', 'too much is said of all jobs together', { consequence: 'ignore' })
  }
  /** What a job may cost beside its builder's others: of one that is awarded the money may be in escrow by now. */
  const neededFor = ({ statement: { message } }: TuneJobDocument, others: readonly KnownJob[]): bigint =>
    others.reduce(
      (sum, { document, awards }) => sum + (awards.length > 0 ? 0n : document.statement.message.budget),
      message.budget
    )
  const openOf = (builder: Hex): KnownJob[] =>
    [...jobs.values()].filter(job => job.document.statement.message.builder === builder && !isOver(job))
  /** Those whose builder's money was looked for come last. */
  let looked = 0
  /** Lets go of an open job that nothing was paid for and whose builder has not what its jobs may cost. */
  async function forgetUnfunded(funds: Funds): Promise<boolean> {
    const open = [...jobs].filter(([, job]) => !isOver(job) && !isOwn(job))
    for (let asked = 0; asked < Math.min(askedForRoom, open.length); asked++) {
      const [id, job] = open[looked++ % open.length] ?? []
      if (id === undefined || job === undefined || (await funds.isPaidFor(job))) continue
      const { document } = job
      const { builder } = document.statement.message
      const others = openOf(builder).filter(one => one.document !== document)
      if ((await funds.has(builder, neededFor(document, others))) !== false) continue
      await forget(id)
      return true
    }
    return false
  }
  const makeRoom = async (document: TuneJobDocument): Promise<void> => {
    const { builder } = document.statement.message
    const open = openOf(builder)
    if (open.length >= maxOpenPerBuilder)
      throw new LimitError('job.many', 'the builder has too many open jobs', { consequence: 'ignore' })
    const { funds } = deps
    if (jobs.size < crowded) return
    // [ignore] Where room is scarce it is for jobs that somebody can pay: others occupy nobody.
    const needed = neededFor(document, open)
    if (funds !== undefined && builder !== deps.self && (await funds.has(builder, needed)) !== true)
      throw new LimitError('job.many', 'many jobs are known, and this one has no money behind it', {
        consequence: 'ignore'
      })
    if (jobs.size < mostJobs) return
    const [oldest] = overOnes()
    if (oldest !== undefined) return forget(oldest[0])
    if (funds === undefined || !(await forgetUnfunded(funds)))
      throw new LimitError('job.many', 'too many open jobs are known', { consequence: 'ignore' })
  }

  const takeJob = async (document: TuneJobDocument): Promise<Heard | undefined> => {
    const id = checkTuneJob(document, context())
    const earlier = jobs.get(id)
    // [ignore] A job that is known, signed another time.
    if (earlier !== undefined) return saidAgain('job.known', earlier.document.statement, document.statement)
    await makeRoom(document)
    const job: KnownJob = { document, bids: [], awards: [], deliveries: [], closed: null }
    await keep(id, job, table.put(id, job))
    return { kind: 'job', id, document }
  }
  const takeBid = async (bid: Signed<'Bid'>): Promise<Heard | undefined> => {
    const id = bid.message.job
    const job = known(id)
    checkBid(bid, job.document, context())
    const earlier = job.bids.find(({ message }) => message.worker === bid.message.worker)
    if (earlier?.signature === bid.signature) return undefined
    // [ignore] A worker's later bid replaces its earlier one, and an earlier one that comes late does not.
    if (earlier !== undefined && earlier.message.expires > bid.message.expires)
      throw new TilthError('bid.old', 'a later bid is known', { consequence: 'ignore' })
    if (earlier === undefined && job.bids.length >= maxBids)
      throw new LimitError('bid.many', 'the job has enough bids', { consequence: 'ignore' })
    if (earlier === undefined) await requireRoom(id, bid.message.worker)
    const bids = [...job.bids.filter(other => other !== earlier), bid]
    await keep(id, { ...job, bids }, table.bid(id, bid))
    return { kind: 'bid', id, bid }
  }
  const takeAward = async (award: AwardDocument): Promise<Heard | undefined> => {
    const id = award.statement.message.job
    const job = known(id)
    checkAward(award, job.document, context())
    const { message } = award.statement
    const earlier = job.awards.find(
      ({ statement: { message: known } }) =>
        known.lot === message.lot && known.worker === message.worker && known.attempt === message.attempt
    )
    // [ignore] One escrow pays for one award: a second one for the same lot, worker and attempt has no money.
    if (earlier !== undefined) return saidAgain('award.known', earlier.statement, award.statement)
    if (job.awards.length >= maxAwards)
      throw new LimitError('award.many', 'the job has enough awards', { consequence: 'ignore' })
    await requireRoom(id, message.worker)
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

  return {
    async load() {
      jobs = await table.load()
      for (const job of jobs.values()) papers += papersOf(job)
    },
    take: message => queue.run(jobOf(message), () => one(message)),
    get: id => jobs.get(id),
    all: () => jobs.entries()
  }
}
