import type { Network } from '../../protocol/crypto/index.ts'
import type { JobResult } from '../../protocol/jobs/index.ts'
import type { CosignedReceipt, InferenceContent } from '../../protocol/models/index.ts'
import type {
  Attribution,
  Division,
  EpochBundle,
  EpochReasons,
  KeptBack,
  ModelMeasure,
  PayoutLine,
  ScoringDocument
} from '../../protocol/payouts/index.ts'
import type { Address, Hex, Page, PageRequest, SumNode, SumProof, SumTree } from '../../protocol/primitives/index.ts'
import type { FollowedChain, ProposalRecord } from '../chain/types.ts'
import type { Engine } from '../engine/types.ts'
import type { Versions } from '../jobs/deps.ts'
import type { JobsService } from '../jobs/types.ts'
import type { ModelEvents, ModelsService } from '../models/types.ts'
import type { Automations } from '../runtime/automation/types.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Clock, Events, Log } from '../runtime/types.ts'
import type { Shelf } from '../shelf/index.ts'
import type { Store } from '../store/types.ts'
import type { AuditView } from './audits/types.ts'
import type { PayoutsPolicy, PayoutsTiming } from './policy.ts'
import type { EntryFilter } from './receipts/types.ts'
import type { Files, Gossip, Peers, Streams } from '../transport/types.ts'

/**
 * A scorer who weighed an answer, and how far it is from what counts, the median. `exact`: the same to the last digit;
 * `agrees`: no utility differs by more than the last digit, which rounding may turn on another machine.
 */
export interface ScoringView {
  readonly scorer: Address
  readonly agrees: boolean
  readonly exact: boolean
}

/**
 * A receipt with what it says about contributors. Amounts in the token's smallest unit, times in seconds since 1970.
 */
export interface ReceiptView {
  readonly id: Hex
  readonly channel: Hex
  readonly sequence: bigint
  readonly model: Hex
  /** The model's Datanet; undefined for a model without one. */
  readonly pool: Hex | undefined
  readonly client: Address
  readonly worker: Address
  readonly inputTokens: number
  readonly outputTokens: number
  readonly fee: bigint
  readonly startedAt: bigint
  readonly finishedAt: bigint
  /** Nobody but client and worker sees what was asked and answered. */
  readonly private: boolean
  /** φ of each contributor in 1e-6, as scorers found it; empty while nobody has, and where there is nothing to find. */
  readonly weights: Readonly<Record<Address, bigint>>
  readonly scorings: readonly ScoringView[]
  /** The epoch that counted it, once one did. */
  readonly epoch: number | undefined
}

/** What each player's data is worth on the Datanet's held-out questions under one model. */
export interface GateView {
  readonly model: Hex
  readonly questions: number
  /** Mean over the questions, in 1e-6 (rounded to nearest; the arithmetic uses exact sums). */
  readonly values: Readonly<Record<Address, bigint>>
}

/**
 * How likely a model makes the known answers of its Datanet's held-out questions, and what each player's data adds to
 * that: means over the questions, in 1e-6, of which those of the values come to `tuned - base`.
 */
export interface QualityView {
  readonly model: Hex
  readonly questions: number
  /** Without anybody's data, and with everybody's. */
  readonly base: bigint
  readonly tuned: bigint
  readonly values: Readonly<Record<Address, bigint>>
  /** The final epoch that says so; null: this node has measured it itself. */
  readonly epoch: number | null
}

/** To how many held-out questions a model, and its base alone, give the very answer of their author. */
export interface MatchesView {
  readonly questions: number
  readonly base: number
  readonly tuned: number
}

/** What receipts known here come to. Fees in the token's smallest unit. */
export interface UseSums {
  readonly answers: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly fees: bigint
  /** Different clients, and those of them that had asked on an earlier day. */
  readonly clients: number
  readonly returning: number
}
/** Days since 1970 in UTC. */
export type DayUse = UseSums & { readonly day: number }
/** What a worker served of a model. `seconds`: from the beginnings to the ends of its answers, added up. */
export interface WorkerUse {
  readonly answers: number
  readonly outputTokens: number
  readonly seconds: number
  /** Seconds since 1970. */
  readonly lastAt: bigint
}
export interface UseView {
  readonly model: Hex
  /** null where no receipt of it is known. Times in seconds since 1970. */
  readonly all: (UseSums & { readonly firstAt: bigint; readonly lastAt: bigint }) | null
  /** Those on which it was used, the oldest first. */
  readonly days: readonly DayUse[]
  readonly workers: readonly (WorkerUse & { readonly worker: Address })[]
}

/** A receipt's place in its epoch's tree, up to the root that stands on chain. */
export interface EpochPlace {
  readonly pool: Hex
  readonly epoch: number
  readonly state: EpochStateName
  /** The transaction that proposed it. */
  readonly transaction: Hex | null
  /** Chain seconds. */
  readonly challengeEnds: bigint
  readonly root: SumNode
  /** null where the bundle cannot be had now, or does not hold it. */
  readonly proof: SumProof | null
}

/** All that stands behind what an answer pays to whom, so that whoever sees it can check it. */
export interface ReceiptProof {
  readonly receipt: CosignedReceipt
  /** How its data fee is divided; `none` also for a model without a Datanet. */
  readonly division: Division
  /** Of the model: null for one without siblings, or where it cannot be had now. */
  readonly measure: ModelMeasure | null
  readonly scorings: readonly ScoringDocument[]
  /** null while no epoch has taken it up. */
  readonly place: EpochPlace | null
}

/** One account's line of an epoch. */
export type PayoutLineView = PayoutLine

export type EpochStateName = 'pending' | 'final' | 'voided'

export interface EpochView {
  readonly pool: Hex
  readonly epoch: number
  readonly state: EpochStateName
  readonly proposer: Address
  /** Root of the receipts' sum tree. */
  readonly root: Hex
  readonly payoutsRoot: Hex
  /** The transaction that proposed it; null while it is not read from the chain yet. */
  readonly transaction: Hex | null
  /** CID of the bundle. */
  readonly bundle: string
  readonly receipts: number
  readonly receiptsTotal: bigint
  readonly payoutsTotal: bigint
  /** What was shared out: what the epoch's fees brought, what was given, and what the epoch before held. */
  readonly dataFees: bigint
  /** What of it no answer and no model of its own divides: for a later epoch. */
  readonly held: bigint
  /** What waits of it and of earlier epochs' data fees for what later versions show. */
  readonly keptBack: bigint
  /** Answers that chance drew and somebody has weighed, and how many each of the scorers has. */
  readonly weighed: number
  readonly scorers: readonly { readonly scorer: Address; readonly answers: number }[]
  /** All of them; of an old epoch whose bundle is not read again this node's own at most, and `whole` is false. */
  readonly payouts: readonly PayoutLineView[]
  readonly whole: boolean
  /** When it can be finalised, chain seconds. */
  readonly challengeEnds: bigint
  /** What this node found wrong with it (empty when right; undefined when its bundle was not to be had yet). */
  readonly faults: readonly string[] | undefined
}

export interface EarningsView {
  readonly account: Address
  /** Where claims go. */
  readonly payout: Address
  /** Token balance of the payout address. */
  readonly balance: bigint
  readonly pools: readonly {
    readonly pool: Hex
    readonly cumulative: bigint
    readonly claimed: bigint
    readonly claimable: bigint
    /** What of `cumulative` is for words on answers that counted. */
    readonly scored: bigint
    /** What waits for later evidence, epoch by epoch, as the first division has it; and all of it. */
    readonly kept: readonly KeptBack[]
    readonly keptBack: bigint
  }[]
}

export interface PayoutView {
  readonly pool: Hex
  readonly account: Address
  readonly amount: bigint
  readonly cumulative: bigint
  readonly transaction: Hex
}

/** Where all fees went, from the chain: feesPaid + donated = workers + builders + dataPaid + dataHeld, exactly. */
export interface AccountingView {
  /** All that channels have paid out: what clients have spent. */
  readonly feesPaid: bigint
  /** What came into pools beyond fees. */
  readonly donated: bigint
  readonly workers: bigint
  readonly builders: bigint
  /** Data shares claimed by contributors, and what of them is for weighing answers by scorers. */
  readonly dataPaid: bigint
  /** Data shares that the pools hold. */
  readonly dataHeld: bigint
  readonly heldReason: string
  readonly held: {
    /** Earned in a final epoch, not claimed yet. */
    readonly unclaimed: bigint
    /** In a pool and in no final epoch's payouts: fees that wait for one or for their receipts, and what is held. */
    readonly unsettled: bigint
    /** What of that is kept back for later evidence, as far as this node has read. */
    readonly keptBack: bigint
  }
}

/** News of this phase. Names are the bus's. */
export type PayoutEvents = {
  'payouts.receipt': { id: Hex; model: Hex; worker: Address; fee: bigint; tokens: number }
  'payouts.scored': { receipt: Hex; scorer: Address; agrees: boolean; exact: boolean }
  /** A scorer found something else than most: one of them is wrong. */
  'payouts.disagreement': { receipt: Hex; scorer: Address; worker: Address }
  'payouts.closing': { pool: Hex; epoch: number; settler: Address }
  /** Step one of an epoch: its receipts stand on chain. */
  'payouts.anchored': { pool: Hex; epoch: number; settler: Address; receipts: number; transaction: Hex }
  /** Chance has said which of them are weighed, and by whom. */
  'payouts.drawn': { pool: Hex; epoch: number; panel: readonly Address[] }
  /** Something was said in the audit of a model's trainings, or it is over. */
  'payouts.audited': { model: Hex }
  'payouts.proposed': { pool: Hex; epoch: number; proposer: Address; transaction: Hex }
  /** What a watcher found wrong in an epoch. `provable` faults were or are being challenged on chain. */
  'payouts.disputed': { pool: Hex; epoch: number; proposer: Address; faults: readonly string[]; provable: boolean }
  'payouts.challenged': { pool: Hex; epoch: number; fault: string; transaction: Hex }
  /** This node, a validator of the pool's Datanet, is against an epoch whose fault no contract can see. */
  'payouts.vetoed': { pool: Hex; epoch: number; faults: readonly string[]; voided: boolean; transaction: Hex }
  'payouts.voided': { pool: Hex; epoch: number; challenger: Address }
  'payouts.finalized': { pool: Hex; epoch: number; payoutsTotal: bigint }
  'payouts.claimed': { pool: Hex; account: Address; amount: bigint; transaction: Hex }
  /** A stake was taken, whatever for: a validator's double vote, an epoch shown to be false, a scorer's absence. */
  'payouts.slashed': { node: Address; amount: bigint; transaction: Hex }
}

/** What a worker says an answer owes to whom. */
export interface ExplanationView {
  readonly receipt: Hex
  readonly model: Hex
  /** Who computed it. What counts is what scorers find. */
  readonly by: Address
  readonly unofficial: true
  /** φ of each contributor in 1e-6. */
  readonly weights: Readonly<Record<Address, bigint>>
  /** What they follow from: of each coalition, in 1e-4. */
  readonly utilities: readonly number[]
}

/** Everything signed that this node has of an answer. */
export interface ReceiptPapers {
  readonly receipt: CosignedReceipt
  readonly scorings: readonly ScoringDocument[]
}

/** Where a model comes from: the result of its job, and how its answers are weighed. */
export interface Provenance {
  readonly result: JobResult
  readonly measure: ModelMeasure
}

/** The receipts of an epoch as they stand on chain: their tree, and the leaf of each. */
export interface ReceiptPlaces {
  readonly tree: SumTree
  readonly places: ReadonlyMap<Hex, number>
}

/** What stands behind an epoch: what the chain says, and the bundle, held to it. */
export interface EpochPapers {
  readonly bundle: EpochBundle
  readonly state: EpochStateName
  readonly stated: ProposalRecord
  /** Its receipts' tree, and where each stands in it. */
  readonly receiptPlaces: () => ReceiptPlaces
}

/** What the contract takes to pay an account from a pool: anybody may send it. */
export interface ClaimPaper {
  readonly pool: Hex
  /** The latest final one, whose tree counts. */
  readonly epoch: number
  readonly account: Address
  readonly cumulative: bigint
  /** What of it was paid before. */
  readonly claimed: bigint
  readonly proof: SumProof
  readonly root: SumNode
}

/** A seat of this node's among a pool's scorers. */
export interface SeatView {
  readonly pool: Hex
  /** By its owner's word; else it was taken when answers of the pool were heard of. */
  readonly asked: boolean
  /** All data fees ever paid into the pool. */
  readonly paid: bigint
}

export interface AttributeRequest {
  /** Model id. */
  readonly model: Hex
  readonly content: InferenceContent
  /** Token ids of the answer (without those of `content.resume`). */
  readonly answer: readonly number[]
  /** It pays nobody: what would have been answered without whom nobody believes is not looked at. */
  readonly unofficial?: boolean
}

export interface PayoutsService {
  readonly name: 'payouts'
  start(): Promise<void>
  stop(): Promise<void>

  /**
   * What an answer of this client's owes to whom, as its worker finds it right away: unofficial, it pays nobody.
   * @throws NotFoundError `explain.unknown`, `explain.unweighed` · PeerError of the worker
   */
  explain(receipt: Hex): Promise<ExplanationView>
  /** Fetches and opens a model's siblings ahead of the first answer. */
  prepare(model: Hex): Promise<void>
  /** What each player is worth on the held-out questions of the model's Datanet; computed once, then kept. */
  gate(model: Hex): Promise<GateView | null>
  /** The same as far as it was computed here before; null where it was not. */
  knownGate(model: Hex): Promise<GateView | null>
  /** What the model and its players do on held-out questions: as measured here, or as its pool's last epoch says. */
  quality(model: Hex): Promise<QualityView | null>
  /** Its exact answers to held-out questions, as this node has counted them; null where it has not. */
  matches(model: Hex): Promise<MatchesView | null>
  /** Counts them, once; null for a model without siblings. A builder's node does so by itself for its own models. */
  measureMatches(model: Hex): Promise<MatchesView | null>
  /** How much a model was used, from the receipts known here. @param from days since 1970, the first that is shown */
  use(model: Hex, from: number): Promise<UseView>
  /**
   * What each contributor's rows are worth under a finished job's model that need not be registered; measured once
   * while the node runs. `model` of the view is the job's id.
   */
  valuesOf(result: string, parties: { readonly worker: Address; readonly builder: Address }): Promise<GateView>

  /** Receipts this node knows, its own and those announced by others, by end time. */
  receipts(filter?: EntryFilter): Promise<Page<ReceiptView>>
  receipt(id: Hex): Promise<ReceiptView | undefined>
  /** What its weights and its place in an epoch follow from. */
  receiptProof(id: Hex): Promise<ReceiptProof | undefined>
  /** Ids of receipts that begin so (0x and hexadecimal digits). */
  receiptIds(beginning: string): AsyncIterable<Hex>
  /**
   * How a model came about, as its pool admits it; null for one without siblings.
   * @throws InvalidError `result.*` where it is not admitted
   */
  provenance(model: Hex): Promise<Provenance | null>
  /** null for a model without siblings. @throws InvalidError `result.*` · as files */
  audit(model: Hex): Promise<AuditView | null>
  /** An answer weighed by this machine; null for a model without siblings. */
  weigh(request: AttributeRequest): Promise<Attribution | null>
  /** What a watcher would find wrong in an epoch, final or pending, looked at anew. @throws as epochPapers */
  recheck(pool: Hex, epoch: number): Promise<readonly string[]>
  /** Everything signed that is known here of an answer. */
  papers(receipt: Hex): Promise<ReceiptPapers | undefined>
  /**
   * What stands behind an epoch that was not voided.
   * @throws NotFoundError `epoch.unknown`, `files.unavailable` · InvalidError `payouts.root`, `bundle.place`
   */
  epochPapers(pool: Hex, epoch: number): Promise<EpochPapers>
  /** Why it pays what it pays. @throws as epochPapers · InvalidError for a bundle that does not follow the rules */
  reasons(pool: Hex, epoch: number): Promise<EpochReasons>
  /** What an account may claim now, as the contract takes it; one for each pool that owes it something. */
  claims(account: Address): Promise<readonly ClaimPaper[]>

  /**
   * Closes a pool's next epoch in its two steps: asks workers to redeem, collects receipts and anchors them; once
   * scorers have shown what they found of those that chance drew, computes payouts, posts the bundle and proposes it.
   * Where this pool's next epoch is already proposed it returns that one.
   * @throws InvalidError `epoch.stake` (not bonded) · NotFoundError `epoch.empty` (nothing new to settle) · TilthError
   * `epoch.waits`, `epoch.anchored` (retry): scorers have time, or another settler is at it · as chain, as `pay`
   * @param pay does what takes tokens, a bond at each step; the first one only where all, `most`, could be paid
   */
  settle(pool: Hex, pay?: <T>(amount: bigint, act: () => Promise<T>, most?: bigint) => Promise<T>): Promise<EpochView>
  /**
   * Makes the pending epoch final; returns the latest final one when none is pending.
   * @throws TilthError `epoch.window` (retry) while it can be challenged · NotFoundError `epoch.unknown`
   */
  finalize(pool: Hex): Promise<EpochView>
  /** Newest first. */
  epochs(filter?: PageRequest & { pool?: Hex | undefined }): Promise<Page<EpochView>>
  /** Those that give an account something, so ordered; a page with none may have a next one. */
  epochsOf(account: Address, page: PageRequest): Promise<Page<EpochView>>
  epoch(pool: Hex, epoch: number): Promise<EpochView | undefined>

  /** Seats of this node among pools' scorers, by the chain. */
  seats(): Promise<readonly SeatView[]>
  /**
   * Takes a seat, or gives it up and takes none there by itself again.
   * @returns the transaction; null where it was so already @throws InvalidError `seat.role` · as chain
   */
  sit(pool: Hex, sits: boolean): Promise<Hex | null>

  earnings(account: Address): Promise<EarningsView>
  /** What of all that an account has claimed from a pool, up to each sum, is for words on answers that counted. */
  scored(of: { readonly pool: Hex; readonly account: Address; readonly sums: readonly bigint[] }): Promise<bigint[]>
  /**
   * Brings every pool's claimable amount to the account's payout address. Claiming twice pays once: then amount 0 and
   * no transactions.
   */
  claim(account: Address): Promise<{ amount: bigint; transactions: readonly Hex[] }>
  /** Claims made so far, oldest first. */
  payouts(filter?: { pool?: Hex; account?: Address }): Promise<readonly PayoutView[]>
  accounting(): Promise<AccountingView>
}

export interface PayoutsDeps {
  readonly key: Uint8Array
  readonly self: Address
  readonly network: Network
  /**
   * scorer: weighs others' answers. settler: finalises its own epochs by itself. Every bonded node watches
   * others' epochs.
   */
  readonly roles: { readonly scorer: boolean; readonly settler: boolean }
  readonly clock: Clock
  readonly log: Log
  readonly events: Events<PayoutEvents>
  readonly modelEvents: Pick<Events<ModelEvents>, 'on'>
  readonly store: Pick<Store, 'collection' | 'batch'>
  readonly gossip: Pick<Gossip, 'publish' | 'subscribe' | 'known'>
  readonly streams: Pick<Streams, 'handle' | 'open'>
  readonly peers: Pick<Peers, 'connected'>
  readonly files: Pick<Files, 'addBytes' | 'fetchBytes' | 'provide' | 'unpin'>
  /** Bases and siblings. */
  readonly shelf: Pick<Shelf, 'take'>
  readonly chain: Pick<
    FollowedChain,
    | 'account'
    | 'audits'
    | 'datanets'
    | 'payouts'
    | 'channels'
    | 'models'
    | 'nodes'
    | 'serving'
    | 'tokens'
    | 'head'
    | 'ledger'
  >
  readonly engine: Pick<Engine, 'score' | 'scoreMany' | 'encode' | 'decode' | 'generate'>
  /** The jobs phase: a model's players, coalitions and siblings, by the CID that its registration names. */
  readonly result: (cid: string) => Promise<JobResult>
  /** The jobs phase: what was delivered, and a segment of it run again. Without it this node audits nothing. */
  readonly trainings?: Pick<JobsService, 'delivered' | 'runSegment'>
  readonly versions: Versions
  /** The models phase: own receipts to announce, and redeeming before an epoch closes. */
  readonly models: Pick<
    ModelsService,
    'receipts' | 'receipt' | 'release' | 'redeem' | 'opening' | 'show' | 'openings' | 'forget'
  >
  readonly automations: Automations
  readonly policy?: PayoutsPolicy
  /** What a Datanet is called. */
  readonly nameOf?: (datanet: Hex) => Promise<string | undefined>
  /** Datanets that this node has to do with: in all, as one who contributed there, as their host. */
  readonly pools?: (as: 'followed' | 'contributed' | 'hosted') => readonly Hex[]
  /** Where files of archived receipts go. */
  readonly folder: string
  readonly timing?: Partial<PayoutsTiming>
  /** Where this phase's metrics are kept, if anywhere. */
  readonly metrics?: Metrics
}

export type { CosignedReceipt }
export type * from './audits/types.ts'
export type * from './policy.ts'
