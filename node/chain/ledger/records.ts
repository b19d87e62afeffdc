import { z } from 'zod'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Collection, Store } from '../../store/index.ts'
import { chainEvent, registration } from '../events/index.ts'
import { standingRecord } from './standings.ts'
import { auditRecord } from './audit-records.ts'
import type { ChainEvent } from '../events/index.ts'
import { trialRecord } from './trials.ts'
import { batchRecord, dueRecord } from './batches.ts'
import { channelClaimRecord, channelRecord } from './channel-records.ts'
import { escrowRecord } from './escrow-records.ts'
import { slashRecord } from './slash-records.ts'

// What the chain has told, as it stands at the block that was read last. One record for each thing, and indices whose
// keys sort by where on chain the thing stands, so that every list is read by pages.

const block = uint(64)
const small = z.int().min(0)

const members = z.array(z.strictObject({ address, weight: uint(96) }))

/** A roster that was put forward for a Datanet, and what its sitting validators say to it. */
export const successionRecord = z.strictObject({
  id: bytes32,
  datanet: bytes32,
  by: address,
  /** Number of the roster that sat then. */
  follows: small,
  /** When the silence of the sitting one is enough, chain seconds; 0 where its consent is needed. */
  silentAt: uint(64),
  validators: members,
  consent: uint(128),
  against: uint(128),
  /** Who has said something to it. */
  spoke: z.array(address).max(100),
  block,
  place: z.string()
})
export type SuccessionRecord = z.infer<typeof successionRecord>

/** Rules that were put forward for a Datanet, and what its sitting validators say to them. */
export const amendmentRecord = z.strictObject({
  id: bytes32,
  datanet: bytes32,
  by: address,
  /** Number that they would have, the hash of those before, and the roster that is asked. */
  number: small,
  follows: bytes32,
  roster: small,
  text: z.string(),
  consent: uint(128),
  against: uint(128),
  /** Who has said something to them. */
  spoke: z.array(address).max(100),
  block,
  place: z.string()
})
export type AmendmentRecord = z.infer<typeof amendmentRecord>

/** Rules that follow the first ones, in force from where they stand on. */
export const rulesRecord = z.strictObject({
  number: small,
  rules: bytes32,
  text: z.string(),
  amendment: bytes32,
  block,
  transaction: bytes32
})
export type RulesRecord = z.infer<typeof rulesRecord>

export const datanetRecord = z.strictObject({
  id: bytes32,
  /** Who hosts it now, and who was named to follow. */
  host: address,
  nextHost: address.nullable(),
  /** Hash of the first rules, which stands in the id; and the number of those in force. */
  rules: bytes32,
  rulesNumber: small,
  /** The roster put forward that silence can seat, the only one. */
  announcement: bytes32.nullable(),
  createdAt: uint(64),
  /** The sitting roster, and its number. */
  validators: members,
  roster: small,
  /** The first one, which stands in the rules. */
  founders: members,
  /** The last index given, and the last version anchored. */
  commitments: uint(64),
  version: small,
  block
})
export type DatanetRecord = z.infer<typeof datanetRecord>

/** Who sits from a block on, until the next roster does; and under which number these seats were seated. */
const rosterRecord = z.strictObject({ validators: members, seatedAs: small, block })

export const commitmentRecord = z.strictObject({
  id: bytes32,
  datanet: bytes32,
  contributor: address,
  commitment: bytes32,
  index: uint(64),
  /** Number of the roster that decides on it: the one that sat when it came. */
  roster: small,
  /** Number of the rules that it is judged by. */
  rules: small,
  block,
  transaction: bytes32
})
export type CommitmentRecord = z.infer<typeof commitmentRecord>

/** What was locked with a commitment; `until` in chain seconds. */
export const bondRecord = z.strictObject({
  contribution: bytes32,
  datanet: bytes32,
  contributor: address,
  amount,
  lasts: uint(64),
  until: uint(64),
  state: z.enum(['open', 'returned', 'burnt']),
  /** Weight that calls it spam, and whose. */
  spam: uint(128),
  spoke: z.array(address).max(100),
  block,
  transaction: bytes32
})
export type BondRecord = z.infer<typeof bondRecord>

export const versionRecord = z.strictObject({
  datanet: bytes32,
  version: small,
  root: bytes32,
  count: small,
  cid: z.string(),
  /**
   * What is drawn for it: the hash of the block in which the first version of this root was anchored. Who anchors the
   * same again draws nothing anew, in another Datanet neither: a mix of the same versions has the same root.
   */
  draw: bytes32,
  /** Number of the roster that sat when it was anchored. */
  roster: small,
  block,
  transaction: bytes32
})
export type VersionRecord = z.infer<typeof versionRecord>

export const modelRecord = z.strictObject({
  id: bytes32,
  builder: address,
  registration,
  retired: z.boolean(),
  block,
  place: z.string()
})
export type ModelRecord = z.infer<typeof modelRecord>

export const poolRecord = z.strictObject({
  id: bytes32,
  deposited: amount,
  /** What of it came out of channels; the rest was given. */
  fees: amount,
  paid: amount,
  /** Latest final epoch, 0 before the first, and its cumulative total. */
  epoch: small,
  payoutsTotal: amount,
  /** Where the epoch that is open to challenge stands, if one is. */
  pending: z.string().nullable(),
  /** How often the next epoch was proposed. */
  round: small
})
export type PoolRecord = z.infer<typeof poolRecord>

/** One proposal of an epoch and what became of it. A voided epoch may be proposed again. */
export const proposalRecord = z.strictObject({
  pool: bytes32,
  epoch: small,
  /** Which proposal of this epoch it is, from 1: a voided one may be proposed again. */
  round: small,
  proposer: address,
  bond: amount,
  receiptsRoot: bytes32,
  receiptsTotal: amount,
  receiptCount: small,
  payoutsRoot: bytes32,
  payoutsTotal: amount,
  bundle: z.string(),
  challengeEnds: uint(64),
  state: z.enum(['pending', 'final', 'voided']),
  vetoed: uint(128),
  block,
  transaction: bytes32,
  /** Its place on chain; a cursor for pages. */
  place: z.string()
})
export type ProposalRecord = z.infer<typeof proposalRecord>

export const claimRecord = z.strictObject({
  pool: bytes32,
  account: address,
  amount,
  cumulative: amount,
  block,
  transaction: bytes32,
  place: z.string()
})
export type ClaimRecord = z.infer<typeof claimRecord>

export const nodeRecord = z.strictObject({
  staked: amount,
  unbonding: amount,
  availableAt: uint(64),
  payout: address.nullable(),
  /** Place of the slash that it suffered last. */
  slashed: z.string().nullable(),
  /** The epoch of its that was voided last: the stake behind it is taken just after, in the same transaction. */
  voided: z.strictObject({ pool: bytes32, epoch: small, transaction: bytes32 }).optional()
})
export type NodeRecord = z.infer<typeof nodeRecord>

/**
 * What accounts are paid for: training (escrows), serving and building (channels), upstream (channels of models that
 * were grown from theirs), data (pools), settling (the bond of an epoch shown to be false), validating (the stake of a
 * validator who voted twice).
 */
export const incomeKinds = ['training', 'serving', 'building', 'upstream', 'data', 'settling', 'validating'] as const
export type IncomeKind = (typeof incomeKinds)[number]

/** One payment to an account. `of`: the job, model or pool that it is for. */
export const incomeRecord = z.strictObject({
  kind: z.enum(incomeKinds),
  amount,
  of: bytes32.nullable(),
  block,
  transaction: bytes32,
  place: z.string()
})
export type IncomeRecord = z.infer<typeof incomeRecord>

const earned = z.strictObject({ amount, times: small })
/** What an account was paid so far by kind, and what waits in escrow: its own money, and pay for its training. */
export const accountRecord = z.strictObject({
  income: z.strictObject({
    training: earned,
    serving: earned,
    building: earned,
    upstream: earned,
    data: earned,
    settling: earned,
    validating: earned
  } satisfies Record<IncomeKind, typeof earned>),
  escrowed: amount,
  expected: amount
})
export type AccountRecord = z.infer<typeof accountRecord>

/**
 * What channels and pools came to, in the smallest unit; and how many there are of what stands on chain, so that
 * nobody has to count a list for it.
 */
export const totalsRecord = z.strictObject({
  workers: amount,
  builders: amount,
  data: amount,
  deposited: amount,
  paid: amount,
  /** Paid into escrows, and out of them to who trained. */
  escrowed: amount,
  released: amount,
  datanets: amount,
  commitments: amount,
  versions: amount,
  escrows: amount,
  releases: amount,
  models: amount,
  channels: amount,
  /** Epochs that are final. */
  epochs: amount,
  claims: amount
})
export type Totals = z.infer<typeof totalsRecord>

/** Of the tables below; a change that older entries do not have takes the next number. */
export const ledgerLayout = 11

/** What a block changed, so that it can be taken back: its events, and what stood before, as text; null for nothing. */
const undoRecord = z.strictObject({
  hash: bytes32,
  events: z.array(chainEvent),
  before: z.array(z.tuple([z.string(), z.string(), z.string().nullable()]))
})
export type UndoRecord = z.infer<typeof undoRecord>

const cursorRecord = z.strictObject({
  block,
  hash: bytes32,
  /** First block of the deployment. */
  first: block,
  /** Blocks up to this one are never taken back. */
  final: block,
  /** Number of the journal's next entry. */
  next: small,
  /** The deployment that is followed. */
  registry: address,
  /** Of the tables: a ledger that an older version wrote is read from the chain again. */
  layout: small.default(0)
})
export type CursorRecord = z.infer<typeof cursorRecord>

const journalRecord = z.strictObject({ back: z.boolean(), event: chainEvent })
export type JournalRecord = z.infer<typeof journalRecord>

/** A table whose values can be taken back: its schema reads what an undo record keeps as text. */
export interface Table<T> {
  readonly name: string
  readonly collection: Collection<T>
  readonly schema: z.ZodType<T>
}

const id = bytes32
/** Tables that events change. */
export function openTables(store: Pick<Store, 'collection'>) {
  const table = <T>(name: string, schema: z.ZodType<T>): Table<T> => ({
    name,
    schema,
    collection: store.collection(`chain/${name}`, schema)
  })
  return {
    channels: table('channels', channelRecord),
    /** `client/ADDRESS/PLACE`, `worker/ADDRESS/PLACE` and `model/ID/PLACE` → channel. */
    channelsBy: table('channels-by', id),
    /** CHANNEL/PLACE */
    channelClaims: table('channel-claims', channelClaimRecord),
    datanets: table('datanets', datanetRecord),
    /** PLACE → Datanet. */
    datanetOrder: table('datanet-order', id),
    /** DATANET/NUMBER */
    rosters: table('rosters', rosterRecord),
    successions: table('successions', successionRecord),
    /** DATANET/PLACE → succession. */
    successionsOf: table('successions-of', id),
    amendments: table('amendments', amendmentRecord),
    /** DATANET/PLACE → amendment. */
    amendmentsOf: table('amendments-of', id),
    /** DATANET/NUMBER, from 2 on. */
    rules: table('rules', rulesRecord),
    batches: table('batches', batchRecord),
    /** DATANET/PLACE → batch. */
    batchesOf: table('batches-of', id),
    /** DATANET/VERSION/PLACE of its acceptance → batch. */
    batchesFor: table('batches-for', id),
    /** DATANET/VERSION */
    batchesDue: table('batches-due', dueRecord),
    commitments: table('commitments', commitmentRecord),
    /** By contribution. */
    bonds: table('bonds', bondRecord),
    /** CONTRIBUTOR/UNTIL/CONTRIBUTION of those that are open → contribution. */
    openBonds: table('open-bonds', id),
    /** DATANET/INDEX → contribution. */
    authorship: table('authorship', id),
    /** CONTRIBUTION: what was challenged. */
    trials: table('trials', trialRecord),
    /** DATANET/CONTRIBUTION of all, and CONTRIBUTION of what is open; of what is closed and has absent jurors still. */
    trialsOf: table('trials-of', id),
    openTrials: table('open-trials', id),
    absentTrials: table('absent-trials', id),
    /** DATANET/VERSION */
    versions: table('versions', versionRecord),
    /** ROOT → what is drawn for it. */
    draws: table('draws', bytes32),
    models: table('models', modelRecord),
    /** PLACE → model. */
    modelOrder: table('model-order', id),
    /** DATANET/PLACE → model. */
    modelsOf: table('models-of', id),
    escrows: table('escrows', escrowRecord),
    pools: table('pools', poolRecord),
    /** POOL/PLACE */
    proposals: table('proposals', proposalRecord),
    /** POOL/EPOCH/PLACE → place. */
    proposalsOf: table('proposals-of', z.string()),
    /** POOL/PLACE of what is open to challenge → the pool. */
    pending: table('pending', id),
    /** By builder and job (`auditId`). */
    audits: table('audits', auditRecord),
    /** PLACE → audit. */
    auditOrder: table('audit-order', id),
    /** POOL/WORKER; of a worker WORKER/POOL → pool. */
    standings: table('standings', standingRecord),
    standingsOf: table('standings-of', id),
    /** PLACE */
    claims: table('claims', claimRecord),
    /** `account/ADDRESS/PLACE` and `pool/ID/PLACE` → place. */
    claimsBy: table('claims-by', z.string()),
    /** POOL/ACCOUNT → all it was paid from the pool. */
    claimed: table('claimed', amount),
    nodes: table('nodes', nodeRecord),
    /** PLACE */
    slashes: table('slashes', slashRecord),
    /** NODE/PLACE → place. */
    slashesOf: table('slashes-of', z.string()),
    /** ADDRESS/PLACE/KIND: one event may pay an account in two ways. */
    income: table('income', incomeRecord),
    accounts: table('accounts', accountRecord),
    /** One entry, `all`. */
    totals: table('totals', totalsRecord)
  }
}
export type Tables = ReturnType<typeof openTables>

/** Tables that say how far the chain was read and how to go back. */
export function openBooks(store: Pick<Store, 'collection'>) {
  return {
    /** One entry, `at`. */
    cursor: store.collection('chain/cursor', cursorRecord),
    /** BLOCK, of those with events that may still be taken back. */
    undo: store.collection('chain/undo', undoRecord),
    /** BLOCK → its hash: ends of ranges that were read, and blocks with events. */
    marks: store.collection('chain/marks', bytes32),
    /** NUMBER: what consumers have not all heard yet. */
    journal: store.collection('chain/journal', journalRecord),
    /** CONSUMER → the number it hears next. */
    consumers: store.collection('chain/consumers', small)
  }
}
export type Books = ReturnType<typeof openBooks>

/** Where on chain something stands, as a key that sorts so. */
export const placeOf = ({ block, logIndex }: Pick<ChainEvent, 'block' | 'logIndex'>): string =>
  `${sequenceKey(block)}.${String(logIndex).padStart(6, '0')}`

export const emptyPool = (pool: Hex): PoolRecord => ({
  id: pool,
  deposited: 0n,
  fees: 0n,
  paid: 0n,
  epoch: 0,
  payoutsTotal: 0n,
  pending: null,
  round: 0
})
export const emptyNode: NodeRecord = { staked: 0n, unbonding: 0n, availableAt: 0n, payout: null, slashed: null }
const nothing = { amount: 0n, times: 0 }
export const emptyAccount: AccountRecord = {
  income: {
    training: nothing,
    serving: nothing,
    building: nothing,
    upstream: nothing,
    data: nothing,
    settling: nothing,
    validating: nothing
  },
  escrowed: 0n,
  expected: 0n
}
export const noTotals: Totals = {
  workers: 0n,
  builders: 0n,
  data: 0n,
  deposited: 0n,
  paid: 0n,
  escrowed: 0n,
  released: 0n,
  datanets: 0n,
  commitments: 0n,
  versions: 0n,
  escrows: 0n,
  releases: 0n,
  models: 0n,
  channels: 0n,
  epochs: 0n,
  claims: 0n
}
export const claimedKey = (pool: Hex, account: Address): string => `${pool}/${account}`
