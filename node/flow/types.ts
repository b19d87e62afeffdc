import type { Stage } from '../../protocol/flow.ts'
import type { FollowedChain } from '../chain/types.ts'
import type { DataEvents, DataService, ReviewItem } from '../data/index.ts'
import type { AwardView, JobEvents, JobsService, JobView } from '../jobs/index.ts'
import type { AnswerUnderway, ModelEvents, ModelsService, OfferView } from '../models/index.ts'
import type { EpochView, PayoutEvents, PayoutsService } from '../payouts/index.ts'
import type { Clock, Events, Log } from '../runtime/types.ts'
import type { Store } from '../store/types.ts'

// How the whole flow stands, as this node sees it: how much has come through each stage, what is under way there now,
// and what happened there last. Numbers are kept as they grow; nothing here reads a history.

export type FlowEvents = DataEvents & JobEvents & ModelEvents & PayoutEvents

export interface StageView {
  readonly stage: Stage
  /** What has come through so far, in the stage's own unit (protocol/flow.ts names what it leaves). */
  readonly count: number
  /** What is under way there now. */
  readonly active: number
  /** Money that went by, in the token's smallest unit; null where none does. */
  readonly amount: bigint | null
}

/** What is under way at a stage, whichever kind of thing that is there. */
export type Doing =
  | ({ readonly kind: 'contribution' } & ReviewItem)
  | { readonly kind: 'job'; readonly job: JobView }
  | { readonly kind: 'training'; readonly job: JobView; readonly award: AwardView }
  | ({ readonly kind: 'answer' } & AnswerUnderway)
  | ({ readonly kind: 'offer' } & OfferView)
  | ({ readonly kind: 'epoch' } & EpochView)

/** Something that happened: a piece of news as the bus had it. */
export type Happened = {
  [K in keyof FlowEvents]: { readonly name: K; readonly at: number; readonly data: FlowEvents[K] }
}[keyof FlowEvents]

export interface StageNow extends StageView {
  readonly doing: readonly Doing[]
  /** The newest first. */
  readonly happened: readonly Happened[]
}

export interface Flow {
  readonly name: 'flow'
  start(): Promise<void>
  stop(): Promise<void>
  /** All stages, in the order of the flow. */
  stages(): Promise<readonly StageView[]>
  stage(stage: Stage): Promise<StageNow>
}

export interface FlowDeps {
  readonly clock: Clock
  readonly log: Log
  readonly events: Pick<Events<FlowEvents>, 'on'>
  readonly store: Pick<Store, 'collection'>
  readonly chain: { readonly ledger: Pick<FollowedChain['ledger'], 'totals' | 'pending'> }
  readonly data: Pick<DataService, 'undecided'>
  readonly jobs: Pick<JobsService, 'jobs'>
  readonly models: Pick<ModelsService, 'offers' | 'underway'>
  readonly payouts: Pick<PayoutsService, 'epoch'>
}
