import type { AwardDocument, TuneJobDocument } from '../../protocol/jobs/index.ts'
import { LimitError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Behind, Funds } from './funds.ts'
import type { KnownJob } from './known.ts'
import {
  askedForRoom,
  crowdedJobs,
  escrowCounts,
  fewPapers,
  maxKnownJobs,
  maxOpenPerBuilder,
  maxPapers,
  weighedForRoom
} from './limits.ts'

/** What is said about a job. */
export const papersOf = ({ bids, awards, deliveries }: KnownJob): number =>
  bids.length + awards.length + deliveries.length

export interface RoomBounds {
  readonly most?: number
  readonly few?: number
  readonly jobs?: number
  readonly crowded?: number
}

/** What is known, and how it is forgotten. */
export interface Shelf {
  readonly jobs: () => ReadonlyMap<Hex, KnownJob>
  readonly papers: () => number
  /** Not while something about the job is written. */
  forget(id: Hex): Promise<void>
}

/** Who says something; undefined: this node itself. */
export type Said = string | undefined

/**
 * Nobody fills the memory of all others with what costs a signature: what is over goes first, then what nobody can pay,
 * then what is worth less than what comes; what is this node's own stays. A job is worth the money behind it: what is
 * in escrow for it, several times over, and what its builder has for the rest of its budget. So one unit in escrow is
 * one unit, and keeps nobody out.
 */
export interface Room {
  /** @throws LimitError `job.many`: the builder has enough of them */
  checkOpen(builder: Address): void
  hasForJobs(): boolean
  /** Whether something has to go, or somebody to be asked, before a job is taken. */
  isScarceForJobs(): boolean
  isScarceForPapers(): boolean
  /** @throws LimitError `job.many` */
  makeForJob(document: TuneJobDocument, from: Said): Promise<void>
  /** For a bid, or an award, of a known job. @throws LimitError `job.many` */
  makeForPaper(id: Hex, worker: Address, award: AwardDocument | undefined, from: Said): Promise<void>
}

export function createRoom(
  { self, funds, now }: { self: Address | undefined; funds: Funds | undefined; now: () => bigint },
  shelf: Shelf,
  { most = maxPapers, few = fewPapers, jobs: mostJobs = maxKnownJobs, crowded = crowdedJobs }: RoomBounds
): Room {
  type Entry = [Hex, KnownJob]
  const builderOf = ({ document }: KnownJob): Address => document.statement.message.builder
  const budgetOf = ({ document }: KnownJob): bigint => document.statement.message.budget
  const many = (why: string): LimitError => new LimitError('job.many', why, { consequence: 'ignore' })
  const isOwn = (job: KnownJob): boolean =>
    builderOf(job) === self || job.bids.some(({ message }) => message.worker === self)

  const compare = (a: bigint, b: bigint): number => Number(a > b) - Number(a < b)

  function sorted(): { open: Entry[]; over: Entry[] } {
    const at = now()
    const [open, over]: [Entry[], Entry[]] = [[], []]
    for (const entry of shelf.jobs()) {
      const { closed, document } = entry[1]
      ;(closed !== null || document.statement.message.deadline <= at ? over : open).push(entry)
    }
    return { open, over }
  }
  /** Others' before this node's own, the oldest first. */
  const inOrder = (over: Entry[]): Entry[] =>
    over.sort(
      ([, a], [, b]) =>
        Number(isOwn(a)) - Number(isOwn(b)) ||
        compare(a.document.statement.message.createdAt, b.document.statement.message.createdAt)
    )
  const openOf = (builder: Address): KnownJob[] =>
    sorted()
      .open.map(([, job]) => job)
      .filter(job => builderOf(job) === builder)

  /** What a job may still cost its builder. */
  const restOf = (job: KnownJob, { locked, spent }: Behind): bigint => {
    const rest = budgetOf(job) - locked - spent
    return rest > 0n ? rest : 0n
  }

  /** Whether its builder has what this job may still cost beside its others. */
  async function isFunded(document: TuneJobDocument, by: Funds, from: Said): Promise<boolean | undefined> {
    const { builder, budget } = document.statement.message
    let [needed, isKnown] = [0n, false]
    for (const job of openOf(builder)) {
      needed += restOf(job, await by.behind(job))
      isKnown ||= job.document === document
    }
    return by.has(builder, isKnown ? needed : needed + budget, from)
  }

  /** What a job is worth to others: of its builder's account only where that is asked. */
  const worthOf = (job: KnownJob, behind: Behind, funded: boolean): bigint =>
    escrowCounts * behind.locked + (funded ? restOf(job, behind) : 0n)

  /** Those whose builder's money was looked for come last. */
  let looked = 0
  /** One without money behind it, else one that offers little; either is worth less than `worth`. */
  async function leastWanted(
    by: Funds,
    { worth, from, isIn }: { worth: bigint | undefined; from: Said; isIn: (entry: Entry) => boolean }
  ): Promise<Hex | undefined> {
    const isLess = (one: bigint): boolean => worth === undefined || one < worth
    const open = sorted().open.filter(entry => !isOwn(entry[1]) && isIn(entry))
    for (let asked = 0; asked < Math.min(askedForRoom, open.length); asked++) {
      const [id, job] = open[looked++ % open.length] ?? []
      if (id === undefined || job === undefined) continue
      const behind = await by.behind(job)
      if (!isLess(worthOf(job, behind, false))) continue
      // Of a budget that is spent, and may be paid in again, nothing is left to be earned.
      if (worth !== undefined && budgetOf(job) >= worth && worthOf(job, behind, true) < worth) return id
      if ((await isFunded(job.document, by, from)) === false) return id
    }
    const less = open.filter(([, job]) => isLess(budgetOf(job)))
    let least: { id: Hex; worth: bigint } | undefined
    const inOrder = less.sort(([, a], [, b]) => compare(budgetOf(a), budgetOf(b))).slice(0, weighedForRoom)
    for (const [id, job] of inOrder) {
      const one = worthOf(job, await by.behind(job), true)
      if (worth !== undefined && one < worth) return id
      if (worth === undefined && (least === undefined || one < least.worth)) least = { id, worth: one }
    }
    return least?.id
  }

  async function letGo(over: Entry[], except: Hex): Promise<void> {
    for (const [id, job] of inOrder(over)) {
      if (shelf.papers() < most * 0.9) return
      if (id !== except && !isOwn(job)) await shelf.forget(id)
    }
  }

  const room: Room = {
    checkOpen(builder) {
      if (openOf(builder).length >= maxOpenPerBuilder) throw many('the builder has too many open jobs')
    },
    hasForJobs: () => shelf.jobs().size < mostJobs,
    isScarceForJobs: () => !room.hasForJobs() || (shelf.jobs().size >= crowded && sorted().open.length >= crowded),
    isScarceForPapers: () => shelf.papers() >= most,

    // [ignore] Where room is scarce it is for jobs that somebody can pay: others occupy nobody.
    async makeForJob(document, from) {
      const { builder, budget } = document.statement.message
      const { open, over } = sorted()
      const own = builder === self
      if (open.length >= crowded && funds !== undefined && !own && (await isFunded(document, funds, from)) !== true)
        throw many('many jobs are known, and this one has no money behind it')
      if (room.hasForJobs()) return
      const [oldest] = inOrder(over)
      const gone =
        oldest?.[0] ??
        (funds && (await leastWanted(funds, { worth: own ? undefined : budget, from, isIn: () => true })))
      if (gone === undefined) throw many('too many open jobs are known, and none offers less')
      await shelf.forget(gone)
    },

    // [ignore] What is over makes room, and where that is not enough each open job has a few.
    async makeForPaper(id, worker, award, from) {
      const job = shelf.jobs().get(id)
      if (job === undefined || worker === self || isOwn(job)) return
      // Each of these has cost its builder a transaction; they have as much room again.
      const isPaid = award !== undefined && (await funds?.isPaid(builderOf(job), award)) === true
      if (isPaid && shelf.papers() < 2 * most) return
      await letGo(sorted().over, id)
      if (!room.isScarceForPapers() || papersOf(job) < few) return
      if (funds !== undefined) {
        const funded = (await isFunded(job.document, funds, from)) === true
        const worth = worthOf(job, await funds.behind(job), funded)
        const isIn = ([other, said]: Entry): boolean => other !== id && papersOf(said) > few
        const gone = worth === 0n ? undefined : await leastWanted(funds, { worth, from, isIn })
        if (gone !== undefined) return shelf.forget(gone)
      }
      throw many('too much is said of all jobs together')
    }
  }
  return room
}
