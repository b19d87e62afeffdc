import type { Network } from '../../protocol/crypto/index.ts'
import { mostCreditTokens } from '../../protocol/models/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { FollowedChain } from '../chain/types.ts'
import type { Backends } from '../engine/backend/types.ts'
import type { Engine } from '../engine/types.ts'
import type { JobEvents, JobsService, Versions } from '../jobs/index.ts'
import type { Automations, Availability, Clock, Events, Log, Metrics, Switched } from '../runtime/index.ts'
import type { Shelf } from '../shelf/index.ts'
import type { Store } from '../store/index.ts'
import type { Files, Gossip, Peers, Streams } from '../transport/types.ts'
import type { SpeechSource } from './speech.ts'
import type { ModelEvents } from './types.ts'

/** What an owner lends the machine for. */
export interface WorkerPolicy {
  /** Smallest units of the token for a token of prompt or answer, unless an offer says otherwise. */
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  /** Answers at once, and requests that may wait for their turn. */
  readonly capacity: number
  readonly waiting: number
  /** Answer tokens served before they are paid for: what a fifth of a second brings, but no fewer and no more. */
  readonly creditTokens: number
  readonly mostCreditTokens: number
  /** Unpaid tokens one client may leave behind, in credits, before it is served no more (until a restart). */
  readonly lostCredits: number
  /** Whether vouchers are brought to the chain by themselves. */
  readonly redeem: boolean
  /** Unclaimed vouchers are brought to the chain from this sum on; below it a transaction is not worth its gas. */
  readonly redeemAt: bigint
  /**
   * When somebody else says that an epoch closes, from this sum on: less, since it will not count later, but no call
   * makes this node pay gas for nothing.
   */
  readonly redeemAtClosing: bigint
  /** Where the owner says that the machine is (`protocol/models/region.ts`); empty: nothing is said. */
  readonly region: string
}

/** What a worker serves by itself, and how much of the machine that may take. */
export interface ServePolicy {
  /** What this node trained; `auto`: and what others' models pay enough for. */
  readonly which: 'trained' | 'auto'
  readonly models: number
  /** Bytes of all folders together, and of what they take in memory. */
  readonly disk: number
  readonly memory: number
  /** What the open channels of a model have paid for each who serves it, from which on it is served. */
  readonly pays: bigint
}

export interface ClientPolicy {
  /** A new channel holds the price of so many such requests. */
  readonly depositRequests: number
  /** Answer tokens that any worker gives before it is paid: what more it says to have given, only this node knows. */
  readonly mostUnpaidTokens: number
  /** How long a channel is opened for, in seconds. */
  readonly channelSeconds: number
  /** Workers tried for one answer. */
  readonly attempts: number
  /**
   * The base model's folder is fetched for its tokenizer if it has at most so many bytes; else prompt tokens are only
   * bounded.
   */
  readonly tokenizerBytes: number
}

export type ModelsPolicy = WorkerPolicy & ClientPolicy

export const defaultPolicy: ModelsPolicy = {
  inputPrice: 10n ** 14n,
  outputPrice: 4n * 10n ** 14n,
  capacity: 32,
  waiting: 128,
  creditTokens: 32,
  mostCreditTokens,
  lostCredits: 64,
  redeem: true,
  redeemAt: 10n ** 18n,
  redeemAtClosing: 10n ** 15n,
  region: '',
  depositRequests: 32,
  mostUnpaidTokens: mostCreditTokens,
  channelSeconds: 30 * 86_400,
  attempts: 6,
  tokenizerBytes: 64 << 20
}

export interface ModelsTiming {
  /** Offers stand for so long, and are renewed so often: three renewals may be lost. */
  readonly offerMs: number
  readonly renewMs: number
  /** A worker waits so long for a voucher or a countersignature. */
  readonly voucherMs: number
  /** A client waits so long for a worker to take a request, for its next token, and for a receipt. */
  readonly acceptMs: number
  readonly silenceMs: number
  readonly receiptMs: number
  /** How long a client whose workers are all busy goes on trying, and how long it looks for offers. */
  readonly busyMs: number
  readonly findMs: number
  /** How long one worker may take to be reached, and how long several are tried that cannot be. */
  readonly reachMs: number
  readonly awayMs: number
  /** How often vouchers are looked through for what should be claimed. */
  readonly redeemMs: number
  /** How often is looked for what is to be registered and served by itself, besides when news come. */
  readonly lookMs: number
  /** A model that was opened because somebody asked for it is closed when nobody has for so long. */
  readonly idleMs: number
  /** What was asked and answered is kept for at most so long, whatever became of it, and looked through so often. */
  readonly openingMs: number
  readonly sweepMs: number
  /** A channel this close to its end is not used any more, in seconds: what is owed has to be claimed before. */
  readonly marginSeconds: number
}

export const defaultTiming: ModelsTiming = {
  offerMs: 90_000,
  renewMs: 20_000,
  voucherMs: 20_000,
  acceptMs: 60_000,
  silenceMs: 30_000,
  receiptMs: 30_000,
  busyMs: 60_000,
  findMs: 8_000,
  reachMs: 6_000,
  awayMs: 16_000,
  redeemMs: 30_000,
  lookMs: 30_000,
  idleMs: 600_000,
  openingMs: 30 * 86_400_000,
  sweepMs: 3_600_000,
  marginSeconds: 600
}

export interface ModelsDeps {
  readonly key: Uint8Array
  readonly self: Address
  readonly network: Network
  readonly roles: { readonly worker: boolean; readonly client: boolean }
  readonly clock: Clock
  readonly log: Log
  readonly events: Events<ModelEvents>
  readonly store: Pick<Store, 'collection' | 'batch' | 'scrub'>
  readonly gossip: Gossip
  readonly streams: Streams
  readonly peers: Pick<Peers, 'on' | 'known'>
  readonly files: Pick<Files, 'addBytes' | 'fetchBytes' | 'provide' | 'findProviders'>
  /** Base models and adapters. */
  readonly shelf: Pick<Shelf, 'sizes' | 'take' | 'onNeed'>
  readonly chain: Pick<FollowedChain, 'models' | 'channels' | 'head' | 'ledger' | 'serving'>
  readonly engine: Pick<Engine, 'open' | 'generate'>
  /** Servers of the owner's that answer for some bases in the engine's place. */
  readonly backends?: Pick<Backends, 'has' | 'open'>
  /** The owner's settings, over the policy. */
  readonly worker?: Partial<Pick<WorkerPolicy, 'inputPrice' | 'outputPrice' | 'capacity'>>
  readonly policy?: Partial<ModelsPolicy>
  readonly automations: Automations
  /** Whether a worker takes on answers now; always unless given. */
  readonly availability?: Pick<Availability, 'away' | 'onChange'>
  /** Whether a builder registers the models of its own jobs; undefined: it is no builder. */
  readonly register?: Switched
  /** What a worker serves by itself; undefined: it is no worker. */
  readonly serve?: Switched<ServePolicy>
  /** The jobs phase: what own jobs came to. */
  readonly jobs?: Pick<JobsService, 'jobs'>
  readonly jobEvents?: Pick<Events<JobEvents>, 'on'>
  /** What of a model's fees its Datanet asks for, and rows of its version that a question is asked with. */
  readonly versions: Pick<Versions, 'leastDataShare' | 'context' | 'requireQuotable'>
  /** What a Datanet is called. */
  readonly nameOf?: (datanet: Hex) => Promise<string | undefined>
  readonly timing?: Partial<ModelsTiming>
  readonly metrics?: Metrics
  /** Tokenizers by model folder. */
  readonly speech: SpeechSource
}

/** Dependencies with every policy filled in: what the parts of this phase are given. */
export type Parts = Omit<ModelsDeps, 'policy' | 'timing' | 'worker'> & {
  readonly policy: ModelsPolicy
  readonly timing: ModelsTiming
  /** Seconds since 1970. */ readonly now: () => bigint
}

/** What asking and paying takes of a peer: a light one has no more. */
export type AskingParts = Pick<
  Parts,
  'key' | 'self' | 'network' | 'clock' | 'log' | 'events' | 'streams' | 'timing' | 'now' | 'metrics'
> & {
  readonly policy: Omit<ClientPolicy, 'tokenizerBytes'>
  readonly store: Pick<Store, 'batch'>
  readonly chain: {
    readonly channels: Pick<FollowedChain['channels'], 'channel' | 'open' | 'topUp' | 'startClose' | 'finishClose'>
    readonly ledger: Pick<FollowedChain['ledger'], 'untilConfirmed'>
    head(): Promise<{ timestamp: bigint }>
  }
}
