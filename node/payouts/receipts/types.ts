import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Page, PageRequest } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ScoringDocument, Settled } from '../../../protocol/payouts/index.ts'

/**
 * Where a receipt stands. unscored → unsettled → settled; a receipt that no epoch will ever count is over: its model
 * has no Datanet, its channel is long closed, or another receipt was counted at its place.
 */
export type ReceiptState =
  | { readonly name: 'unscored' | 'unsettled' | 'over' }
  /** `epoch`: the first one known here that counts it. */
  | { readonly name: 'settled'; readonly epoch: number }

/** A receipt as it is kept. */
export interface Entry {
  readonly id: Hex
  /** The model's Datanet; null for a model without one. */
  readonly pool: Hex | null
  readonly receipt: CosignedReceipt
  /** Whether this node is its client or its worker. */
  readonly own: boolean
  readonly state: ReceiptState
}

export interface EntryFilter extends PageRequest {
  readonly model?: Hex | undefined
  readonly pool?: Hex | undefined
  /** By the time of their end; the oldest first unless said otherwise. */
  readonly order?: 'oldest' | 'newest'
}

/** What is known of a receipt when it is put in: it was checked. */
export interface NewEntry {
  readonly id: Hex
  readonly pool: Hex | null
  readonly receipt: CosignedReceipt
  readonly own: boolean
  /** Whether this node has answered it. */
  readonly answered?: boolean
  /** Its channel's, chain seconds. */
  readonly expiry: bigint
  /** Its channel's: what the fees of all its receipts may come to. */
  readonly covered: bigint
}

/** What an epoch that became final says about receipts. */
export interface FinalEpoch {
  readonly pool: Hex
  readonly epoch: number
  /** The CID of its bundle. */
  readonly bundle: string
  /** The epoch's time, chain seconds. */
  readonly at: bigint
  /** All that this epoch and those before it have counted. */
  readonly settled: Settled
  /** What this epoch itself counts; undefined where epochs between were missed, and places must do. */
  readonly counted: { readonly ids: ReadonlySet<Hex>; readonly channels: ReadonlySet<Hex> } | undefined
}

/** Where a pool's receipts stand: epoch 0 before the first. */
export interface PoolState {
  readonly epoch: number
  readonly at: bigint
  readonly bundle: string | undefined
}

/** All receipts of this node: on disk by what they wait for; memory holds a bounded part of it. */
export interface ReceiptStore {
  /** Mends what a crash left half done. */
  start(): Promise<void>
  stop(): Promise<void>
  /**
   * Keeps a receipt; on disk when it resolves.
   * @returns whether it was new
   * @throws InvalidError `receipt.place` (ignore): another one stands at its place · `receipt.many` (ignore): its
   * channel has more than are kept · `receipt.over` (ignore): no epoch will count it · `receipt.uncovered` (ignore):
   * its channel does not hold its fee beside the others · `receipt.cheap` (ignore): what is kept all pays more
   */
  put(entry: NewEntry): Promise<boolean>
  has(id: Hex): Promise<boolean>
  get(id: Hex): Promise<Entry | undefined>
  /** What scorers said of it, archived or not. */
  scorings(id: Hex): Promise<readonly ScoringDocument[]>
  /**
   * Keeps a scoring of an open receipt, in the place of those whose scorers are named. `agreed`: with it most of its
   * scorers agree, so that nobody else need hear of the receipt.
   * @returns whether it was new
   * @throws NotFoundError `scoring.receipt`: the receipt is not known here, or no epoch will count it any more
   */
  putScoring(
    id: Hex,
    scoring: ScoringDocument,
    options: { agreed: boolean; gone?: readonly Address[] }
  ): Promise<boolean>
  list(filter?: EntryFilter): Promise<Page<Entry>>
  /** Ids that begin so, 0x and hexadecimal digits. */
  idsLike(beginning: string): AsyncIterable<Hex>
  /** Open receipts of a pool by channel and sequence number. */
  open(pool: Hex): AsyncIterable<Entry>
  /** Ids of open receipts of a pool that begin with these digits, ascending. */
  openIds(pool: Hex, prefix: string, limit: number): Promise<Hex[]>
  /** The newest that this node has answered itself, and on which no scorers agree yet. */
  unheard(limit: number): Promise<Hex[]>
  /** Open receipts of a pool that could be counted, as far as is known here, at that time (milliseconds). */
  readyBefore(pool: Hex, time: number): AsyncIterable<Entry>
  /** Whether this node is a party of a channel of the pool that has open receipts. */
  hasOwn(pool: Hex): Promise<boolean>
  /** Pools with open receipts. */
  pools(): AsyncIterable<Hex>
  /** Fees of a channel's open receipts, and those that final epochs have divided. */
  feesOf(pool: Hex, channel: Hex): Promise<bigint>
  pool(pool: Hex): Promise<PoolState>
  /** Archives what an epoch has made final. May be called again after a crash. @returns how many receipts left */
  settle(epoch: FinalEpoch): Promise<number>
}
