import { z } from 'zod'
import { cosignedReceipt } from '../../../protocol/models/index.ts'
import { amount, bytes32, uint } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { scoringDocument, settledChannel } from '../../../protocol/payouts/index.ts'
import type { Store } from '../../store/index.ts'
import { broughtKey, feeKey } from './keys.ts'

/** A receipt that is not archived yet. `epoch`: the epoch that counted its place, where it came after that. */
const kept = z.strictObject({
  id: bytes32,
  pool: bytes32.nullable(),
  /** Whether this node is its client or its worker. */
  own: z.boolean(),
  /** Whether this node is its worker. */
  answered: z.boolean(),
  epoch: z.int().min(1).nullable(),
  /** Of others' ones that were looked at when there was no room: what it had brought its pool. */
  brought: amount.optional(),
  receipt: cosignedReceipt
})
export type Kept = z.infer<typeof kept>

/** A receipt in an archive's file, with what scorers said. `epoch`: null where no epoch ever counted it. */
export const archived = kept.extend({ scorings: z.array(scoringDocument).max(16) })
export type Archived = z.infer<typeof archived>

/** What a channel's open receipts come to. `own`: this node is one of its parties. */
const channelRow = z.strictObject({ receipts: z.int().min(0), fees: amount, expiry: uint(64), own: z.boolean() })
export type ChannelRow = z.infer<typeof channelRow>

/** The last final epoch whose receipts are settled here. */
const poolRow = z.strictObject({ epoch: z.int().min(0), at: uint(64), bundle: z.string().max(100) })
export type PoolRow = z.infer<typeof poolRow>

const archiveRow = z.strictObject({
  pool: bytes32.nullable(),
  epoch: z.int().min(0),
  file: z.string().max(100),
  count: z.int().min(0)
})
export type ArchiveRow = z.infer<typeof archiveRow>

/** Rows that an earlier version wrote say a stake besides, by which nobody goes. */
const scoringRow = z.object({ document: scoringDocument })
/** An entry whose key says it all. */
const present = z.literal(0)

/**
 * The tables of receipts. Open is what an epoch may still count: it alone is in `places`, `open` and `channels`. All
 * that a write of one receipt changes is changed in one batch, some ten rows.
 */
export const openTables = (store: Pick<Store, 'collection'>) => ({
  /** By time and id: bodies of what is not archived. */
  receipts: store.collection('payouts/receipts', kept),
  /** By time and id: the number of the archive that holds it. */
  archived: store.collection('payouts/archived', z.int().min(0)),
  /** By id: its key. */
  ids: store.collection('payouts/ids', z.string().max(60)),
  /** By scope, time and id: what lists show. */
  lists: store.collection('payouts/lists', present),
  /** By pool, channel and sequence: the open receipt there. */
  places: store.collection('payouts/places', bytes32),
  /** By pool and id. */
  open: store.collection('payouts/open', present),
  /** By pool and id: open, and since when (milliseconds) it could be counted as far as is known here. */
  ready: store.collection('payouts/ready', z.int().min(0)),
  /** By pool, time and id: open, and nobody has weighed it who may. */
  unscored: store.collection('payouts/unscored', bytes32),
  /** By time and id: open, answered by this node itself, and no scorers agree yet on what it is worth. */
  unheard: store.collection('payouts/unheard', bytes32),
  /** By what it brought or promises, time and id: the open ones of others, what pays least first. */
  paying: store.collection('payouts/paying', z.strictObject({ pool: bytes32, id: bytes32 })),
  /** By time and id: no epoch will count it, and it waits for the next archive. */
  over: store.collection('payouts/over', present),
  /** By receipt and scorer. */
  scorings: store.collection('payouts/scorings', scoringRow),
  /** By pool and channel. */
  channels: store.collection('payouts/channels', channelRow),
  /** By pool and channel: what final epochs have counted. */
  settled: store.collection('payouts/settled', settledChannel),
  /** By pool. */
  pools: store.collection('payouts/pools', poolRow),
  /** Ids of own receipts that are archived, and that the models phase may let go of. */
  released: store.collection('payouts/released', present),
  /** `next`: the number of the last own receipt that was taken from the models phase. */
  own: store.collection('payouts/own', z.int().min(-1)),
  /** By number: own receipts that could not be taken yet, and how often that was tried. */
  owed: store.collection('payouts/owed', z.int().min(0)),
  /** By number. */
  archives: store.collection('payouts/archives', archiveRow)
})
export type Tables = ReturnType<typeof openTables>

/** Its row in `paying`. */
export const payingKey = (key: string, { brought, receipt }: Pick<Kept, 'brought' | 'receipt'>): string =>
  brought === undefined ? feeKey(receipt.receipt.message.fee, key) : broughtKey(brought, key)

export const scoringKey = (receipt: string, scorer: Address): string => `${receipt}/${scorer}`
