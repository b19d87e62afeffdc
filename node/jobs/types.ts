import type { Signed } from '../../protocol/crypto/index.ts'
import type {
  AuditedLot,
  AwardDocument,
  DrawnSegment,
  HeldOutPoint,
  JobDraft,
  JobResult,
  KeptDraft,
  Lot,
  ProductTerms,
  TrainingCurve,
  TrainSettings,
  TuneJobDocument,
  TuneSpec,
  Untrained
} from '../../protocol/jobs/index.ts'
import type { Address, Hex, Page, PageRequest } from '../../protocol/primitives/index.ts'
import type { DeclineView } from './worker/declines.ts'

/**
 * What a builder asks for. `base` is the CID of a Hugging Face folder that somebody provides; the version must be
 * anchored.
 */
export interface PostRequest {
  readonly base: string
  readonly datanet: Hex
  readonly version: number
  readonly settings: TrainSettings
  /**
   * How many coalitions are measured for attribution, the empty and the full one included; up to six players all of
   * them are.
   */
  readonly coalitions: number
  /** Most that all awards together may cost, in the token's smallest unit. */
  readonly budget: bigint
  readonly deadlineSeconds: number
  /** Bidding ends early once this many workers have bid. */
  readonly expectedBids?: number
  /** Longest that bids are waited for. */
  readonly bidSeconds?: number
  /** How the model is registered when the job is done; null or left away: not by itself. */
  readonly product?: ProductTerms | null
  /** Bids wait until the builder chooses among them, instead of being awarded by the rule. */
  readonly byHand?: boolean
}

/** A job to be; what is left away is recommended. */
export interface PlanRequest {
  readonly base: string
  readonly datanet: Hex
  readonly version: number
  readonly settings?: Partial<TrainSettings>
  readonly coalitions?: number
  readonly budget?: bigint
}

export interface TunePlan {
  readonly base: string
  /** Parameters and context are the base's own, or estimated from its size where it is not on this machine. */
  readonly bytes: number
  readonly parameters: number
  readonly version: number
  readonly rows: number
  readonly characters: number
  readonly players: number
  readonly settings: TrainSettings
  readonly coalitions: number
  /** One line for each setting that was recommended. */
  readonly why: readonly { readonly setting: string; readonly value: string; readonly why: string }[]
  readonly cost: CostEstimate
}

/** What all awards of a job may come to, in smallest units. */
export interface CostEstimate {
  /** `bids`: by what workers asked for the same base and Datanet; `rough`: by the size of base and data alone. */
  readonly basis: 'bids' | 'rough'
  readonly bids: number
  readonly adapter: bigint
  readonly siblings: bigint
  /** With room for a dearer worker. */
  readonly budget: bigint
  /** Seconds of the adapter's training. */
  readonly seconds: number
}

export interface BidView {
  readonly worker: Address
  readonly price: bigint
  /** For one sibling on all rows; a lot costs its share of rows of it. */
  readonly siblingPrice: bigint
  /** What the whole job would take this worker alone, adapter and siblings; with others it takes its share. */
  readonly seconds: number
}

/** A worker that did not bid, by its own word. */
export interface RefusalView {
  readonly worker: Address
  /** See protocol/jobs `declineInWords`. */
  readonly code: string
  /** What it would take and cost there, where the worker found that out. */
  readonly seconds?: number
  readonly price?: bigint
  /** Milliseconds since 1970. */
  readonly at: number
}

/**
 * `dead`: silent, failed or rejected, its lot was offered again; `refunded`: and its escrow came back; `burnt`: and its
 * escrow is nobody's.
 */
export type AwardState =
  | 'funding'
  | 'awarded'
  | 'training'
  | 'delivered'
  | 'accepted'
  | 'released'
  | 'dead'
  | 'refunded'
  | 'burnt'

export interface ProgressView {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly secondsLeft: number
  readonly tokensPerSecond: number
  /** Learning rate of the step, where its worker says so. */
  readonly lr?: number
}

export interface AwardView {
  readonly award: Hex
  readonly worker: Address
  readonly lot: Lot
  readonly price: bigint
  readonly attempt: number
  readonly escrow: Hex
  readonly state: AwardState
  /** Why it is dead. */
  readonly reason?: string
  readonly progress: ProgressView | null
  /** Mean loss of each optimizer step so far (the adapter's; for siblings the last one trained). */
  readonly loss: readonly number[]
  readonly seconds: number | null
}

/** Where a job stands. `running` is told by its awards; `expired` and `refunded` are failures with a reason. */
export type JobStateName =
  | 'posted'
  | 'bidding'
  | 'awarded'
  | 'training'
  | 'delivered'
  | 'accepted'
  | 'completed'
  | 'expired'
  | 'refunded'

export interface JobView {
  readonly id: Hex
  readonly builder: Address
  readonly datanet: Hex
  readonly version: number
  readonly base: string
  readonly spec: TuneSpec
  readonly budget: bigint
  readonly createdAt: number
  readonly deadline: number
  readonly state: JobStateName
  readonly reason?: string
  readonly bids: readonly BidView[]
  /** Of an own job: workers that said why they do not bid, and did not since. */
  readonly refusals: readonly RefusalView[]
  readonly awards: readonly AwardView[]
  /** CID of the JobResult once completed. */
  readonly result: string | null
  /** CID of the deployed adapter's PEFT folder. */
  readonly adapter: string | null
  /** As the builder measured it, mean loss per answer token on the Datanet's held-out questions. */
  readonly heldOutLoss: { readonly base: number; readonly tuned: number } | null
  /** Of an own job: how its model is to be registered by itself; null where it is not. */
  readonly product: ProductTerms | null
  /** Of an own job: bids wait for its builder; its trainings wait until they are let go on. */
  readonly byHand: boolean
  readonly paused: boolean
}

/** News of jobs, for the bus, the API and the console. Names are the bus's. */
export type JobEvents = {
  'jobs.posted': { job: Hex; builder: Address }
  'jobs.bid': { job: Hex; bid: BidView }
  'jobs.awarded': { job: Hex; award: AwardView }
  'jobs.progress': {
    job: Hex
    award: Hex
    worker: Address
    lot: Lot
    progress: ProgressView
    losses: readonly number[]
    heldOut: readonly HeldOutPoint[]
  }
  'jobs.delivered': { job: Hex; award: Hex; worker: Address }
  'jobs.accepted': { job: Hex; award: Hex; worker: Address; transaction: Hex }
  'jobs.reoffered': { job: Hex; award: Hex; worker: Address; reason: string }
  'jobs.paused': { job: Hex; paused: boolean }
  'jobs.completed': { job: Hex; result: string; adapter: string }
  'jobs.expired': { job: Hex; reason: string }
  /** A draft was kept, or is gone: `revision` is null. */
  'jobs.draft': { draft: string; revision: number | null }
}
/** Events of one job. */
export type JobEventName = Exclude<keyof JobEvents, 'jobs.draft'>
export type JobEvent = { [K in JobEventName]: { readonly name: K } & JobEvents[K] }[JobEventName]

/** What comes back of a job that its builder ended. */
export interface Cancelled {
  /** Paid for what was accepted already. */
  readonly paid: bigint
  /** Back in the builder's account, or never paid in. */
  readonly refunded: bigint
  /** In escrow until its worker agrees, which those do who are on line, or the deadline is over. */
  readonly waiting: bigint
  /** Milliseconds since 1970. */
  readonly deadline: number
}

/** What was said of a job, as it was signed. */
export interface JobPapers {
  readonly document: TuneJobDocument
  readonly bids: readonly Signed<'Bid'>[]
  readonly awards: readonly AwardDocument[]
  readonly deliveries: readonly Signed<'Delivery'>[]
  readonly closed: Signed<'JobClosed'> | null
}

/** Jobs that are still being made up, on this node's disk: another browser takes them up. */
export interface Drafts {
  /** Newest first. */
  list(request?: PageRequest): Promise<Page<KeptDraft>>
  /** @throws NotFoundError `draft.unknown` */
  get(id: string): Promise<KeptDraft>
  /**
   * Keeps a new draft, or a change of one from the revision that it was made on.
   * @throws NotFoundError `draft.unknown` · InvalidError `draft.late` · LimitError `draft.many`
   */
  save(draft: JobDraft, from?: { readonly id: string; readonly revision: number }): Promise<KeptDraft>
  /** @throws NotFoundError `draft.unknown` */
  delete(id: string): Promise<void>
}

/** What of a training is run again. */
export interface RetrainRequest {
  /** Its place among the coalitions; drawn unless given. */
  readonly sibling?: number | undefined
  readonly steps?: number | undefined
}
/** The beginning of one sibling's training, as its worker has signed for it and as this machine finds it. */
export interface Retrained {
  readonly coalition: string
  readonly worker: Address
  /** Loss of every step, before it. */
  readonly logged: readonly number[]
  readonly found: readonly number[]
}

/** A segment of one adapter's training, run again on this machine. */
export interface SegmentRun extends DrawnSegment {
  readonly worker: Address
  /** Steps before and after it, and of the whole training by its log. */
  readonly from: number
  readonly to: number
  readonly steps: number
  /** How far the committed state is from what was found, as a part of the way; null where it is no such state. */
  readonly distance: number | null
  readonly tolerance: number
  readonly agrees: boolean
  /** Why it does not. */
  readonly reason?: string
}

export interface JobsService {
  readonly name: 'jobs'
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * Signs, stores and announces a tune job; from then on the service brings it to its end, over restarts too.
   * @throws InvalidError `job.version` unless the version is anchored; `job.builder` without the builder role
   */
  post(request: PostRequest): Promise<{ id: Hex }>
  /**
   * Ends an own job before its deadline. What was accepted is paid; the rest comes back.
   * @throws NotFoundError `job.unknown` · InvalidError `job.not-ours`, `job.over`, `job.delivered` (try again)
   */
  cancel(id: Hex): Promise<void>
  /**
   * Awards an own job that waits for bids to the workers named, at what they ask: the adapter to the best of them, what
   * attribution needs shared among all.
   * @throws as cancel · InvalidError `job.award` where one has not bid, or together they cost more than the budget
   */
  award(id: Hex, workers: readonly Address[]): Promise<void>
  /** Trainings of an own job wait at their checkpoints, or go on. Its deadline stays. @throws as cancel */
  pause(id: Hex, paused: boolean): Promise<void>
  /** How the trainings of a job's adapter went, the latest award first; of an own job. @throws as cancel */
  curves(id: Hex): Promise<readonly { readonly award: Hex; readonly worker: Address; readonly curve: TrainingCurve }[]>
  readonly drafts: Drafts
  /** What a job has cost and what of it came back or will. @throws as cancel, for a job that is not ours */
  spent(id: Hex): Cancelled
  /** What a job would be and cost, and what stands against it; nothing is said to anybody. */
  plan(request: PlanRequest): Promise<TunePlan>
  /**
   * Every job this node has seen, newest first. Bids and awards are known to all, progress to the builder and the
   * worker.
   */
  jobs(): readonly JobView[]
  /** Worker: jobs that were not bid for, why, and what to do; the newest first. */
  declined(request?: PageRequest): Page<DeclineView>
  job(id: Hex): JobView | undefined
  /** Everything signed that is known here of a job. */
  papers(id: Hex): JobPapers | undefined
  /**
   * Rows of a version that a job's base could not learn, each with its contribution and why.
   * @throws NotFoundError `job.unknown` · as files.fetchBytes, where the papers of its deliveries are not to be had
   */
  untrained(id: Hex): Promise<readonly Untrained[]>
  /** News of one job from now on; ends when the job does, or on abort. */
  progress(id: Hex, options?: { signal?: AbortSignal }): AsyncIterable<JobEvent>
  /** Resolves when the job is completed. @throws TilthError `job.expired` when it ends without a result */
  completed(id: Hex, options?: { signal?: AbortSignal }): Promise<{ cid: string; result: JobResult }>
  /**
   * The product of a finished job, by the CID that a model's registration names.
   * @throws InvalidError `result.invalid`
   */
  result(cid: string, options?: { signal?: AbortSignal }): Promise<JobResult>
  /** The beginning of one sibling's training, run again on this machine. @throws InvalidError `audit.sibling` */
  retrain(result: JobResult, request: RetrainRequest): Promise<Retrained>
  /** What each lot was delivered with, checked. @throws InvalidError `delivery.*`, `result.delivered` · as files */
  delivered(result: JobResult, options?: { signal?: AbortSignal; brief?: boolean }): Promise<AuditedLot[]>
  /** One segment of one training, run again on this machine. @throws as `runSegment` */
  runSegment(
    result: JobResult,
    lots: readonly AuditedLot[],
    drawn: DrawnSegment & { readonly auditors?: readonly Address[] },
    signal?: AbortSignal
  ): Promise<SegmentRun>
}
