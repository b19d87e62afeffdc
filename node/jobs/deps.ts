import type { Network } from '../../protocol/crypto/index.ts'
import type { ChatMessage, HeldOutQuestion, KeptBackRule, Row } from '../../protocol/data/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Datanets, Escrows, Ledger, Tokens } from '../chain/types.ts'
import type { Engine } from '../engine/types.ts'
import type { Availability, Clock, Events, Log, Metrics } from '../runtime/index.ts'
import type { Shelf } from '../shelf/index.ts'
import type { Store } from '../store/index.ts'
import type { Files, Gossip, Peers, Streams } from '../transport/types.ts'
import type { openDelivered } from './builder/delivered.ts'
import type { PrivateRows } from './private-rows.ts'
import type { JobEvents } from './types.ts'

/** Names an anchored version. `manifest` is the CID that stands in the job; it must be the one that stands on chain. */
export interface VersionName {
  readonly datanet: Hex
  readonly version: number
  readonly manifest: string
}

/** A training row with its author: copies are already credited to the first one. */
export interface OwnedRow {
  readonly contributor: Address
  readonly contribution: Hex
  /** Its place in the contribution's shard. */
  readonly index: number
  readonly row: Row
}

export interface RowsOptions {
  readonly signal?: AbortSignal
  /** To reckon with, not to learn: where this node cannot read them, others as many and as long stand for them. */
  readonly standIns?: boolean
  /** Only as everybody can read them: refused for a private Datanet whoever asks, so that all find the same. */
  readonly open?: boolean
}

/** Which of a version's rows are looked through for a question; all where nothing is said. */
export interface ContextOptions {
  /** Rows of these contributors alone. */
  readonly of?: (contributor: Address) => boolean
}

/** What this phase asks of the data phase. Both are checked against the root on chain before they are returned. */
export interface Versions {
  /** All rows of the version that are trained on, in the order of authorship: the same on every node. */
  rows(version: VersionName, options?: RowsOptions): Promise<readonly OwnedRow[]>
  /** Of the same those that have not left since: what was taken down is to be had nowhere. */
  remaining(version: VersionName): Promise<readonly OwnedRow[]>
  /**
   * That something of it has not left its Datanet, as far as is known here: of the rest nothing new is made.
   * @throws InvalidError `version.left`
   */
  requireSome(version: VersionName): Promise<void>
  /** Whose each of the rows is, whether or not it is to be had. */
  owners(version: VersionName): Promise<readonly Address[]>
  /**
   * The questions that judge it, with who has written which.
   * @throws NotFoundError `held-out.sealed` while some of them may still be opened
   */
  heldOut(version: VersionName, options?: { signal?: AbortSignal }): Promise<readonly HeldOutQuestion[]>
  /**
   * What of its fees a model must give to a Datanet's data, in basis points: by the rules of now, or of before the
   * block of its registration. Rules that come later ask nothing of it.
   * @throws NotFoundError where the Datanet's rules are not known here
   */
  leastDataShare(datanet: Hex, registered?: bigint): Promise<number>
  /** Segments of its trainings that auditors run again, by the same rules; 0 for none. @throws as leastDataShare */
  auditedSegments(datanet: Hex, registered?: bigint): Promise<number>
  /** What its pool keeps back of data fees, which never changes. @throws as leastDataShare */
  keptBack(datanet: Hex): Promise<KeptBackRule | null>
  /** That rows may stand before questions. @throws InvalidError `datanet.private`, and as leastDataShare */
  requireQuotable(datanet: Hex): Promise<void>
  /**
   * Rows of a version that say something about what is asked, the best first: those that answers are given with.
   * @throws as rows and requireQuotable · InvalidError `version.taken-down`
   */
  context(
    version: Pick<VersionName, 'datanet' | 'version'>,
    messages: readonly ChatMessage[],
    most: number,
    options?: ContextOptions
  ): Promise<readonly OwnedRow[]>
}

/** What an owner lends the machine for. */
export interface WorkerPolicy {
  /** Smallest units of the token for a second of training. */
  readonly pricePerSecond: bigint
  readonly maxParameters: number
  readonly maxRows: number
  /** Longest job taken, by its own estimate. */
  readonly maxSeconds: number
}

export const defaultPolicy: WorkerPolicy = {
  pricePerSecond: 10n ** 16n,
  maxParameters: 4e9,
  maxRows: 1_000_000,
  maxSeconds: 7 * 86_400
}

export interface JobsTiming {
  /** Longest that bids are waited for, unless a job says otherwise. */
  readonly bidMs: number
  /** A worker says at least this often that it lives. */
  readonly aliveMs: number
  /** A worker that was not heard for so long is taken for dead, if another can take over. */
  readonly silenceMs: number
  /** What is open is announced again this often, for peers that came late. */
  readonly announceMs: number
  /** How often a builder looks at its jobs when nothing happens. */
  readonly tickMs: number
}

/**
 * A checkpoint and a slow step fit into the silence many times over; a process that is started again usually does too.
 */
export const defaultTiming: JobsTiming = {
  bidMs: 20_000,
  aliveMs: 3_000,
  silenceMs: 30_000,
  announceMs: 5_000,
  tickMs: 1_000
}

export interface JobsDeps {
  readonly key: Uint8Array
  readonly self: Address
  readonly network: Network
  readonly roles: { readonly builder: boolean; readonly worker: boolean }
  readonly clock: Clock
  readonly log: Log
  readonly events: Events<JobEvents>
  readonly store: Pick<Store, 'collection'>
  readonly gossip: Gossip
  readonly streams: Streams
  readonly peers: Pick<Peers, 'connected'>
  readonly files: Pick<Files, 'addBytes' | 'addFile' | 'fetchBytes' | 'provide' | 'unpin'>
  /** Base models and adapters. */
  readonly shelf: Pick<Shelf, 'take' | 'put' | 'sizes'>
  readonly chain: {
    readonly escrows: Escrows
    readonly datanets: Pick<Datanets, 'version'>
    readonly tokens: Pick<Tokens, 'balanceOf'>
    readonly ledger: Pick<Ledger, 'audit' | 'escrow' | 'version' | 'confirmed' | 'confirmations' | 'caughtUp' | 'head'>
  }
  readonly engine: Pick<Engine, 'open' | 'tune' | 'tuneSiblings' | 'runPart' | 'heldOutLoss'>
  /** Who looks into what was delivered: a process of its own unless given. */
  readonly delivered?: typeof openDelivered
  /** A command of the owner's that trains a worker's adapters in the engine's place. */
  readonly trainer?: Pick<Engine, 'tune' | 'tuneSiblings'>
  readonly versions: Versions
  /** Rows that only some may read; without it all are everybody's. */
  readonly privateRows?: PrivateRows
  /** Bytes of committed states that are kept for auditors, as a worker and again as a builder; 32 GiB unless given. */
  readonly statesBytes?: number | undefined
  /** A folder of this phase's own: work in progress, measured speeds. */
  readonly folder: string
  readonly policy?: Partial<WorkerPolicy>
  /** Whether a worker takes on work now; always unless given. */
  readonly availability?: Pick<Availability, 'away' | 'onChange' | 'lentUntil'>
  readonly timing?: Partial<JobsTiming>
  /** Where this phase's metrics are kept, if anywhere. */
  readonly metrics?: Metrics
}
