import { z } from 'zod'
import { auditorWords } from '../../../protocol/contracts/index.ts'
import { address, amount, bytes32, signature, splitParts, uint } from '../../../protocol/primitives/index.ts'

// What the chain tells, by the contracts' own names. One table gives the types, the check of what an RPC answers, and
// the form on disk.

const small = z.int().min(0).max(0xffff_ffff)
const bytes = z.string().regex(/^0x(?:[0-9a-f]{2})*$/)
const weights = z.array(z.strictObject({ address, weight: uint(96) })).max(100)
/** A model as it was registered; texts within the contract's bounds. */
export const registration = z.strictObject({
  name: z.string().min(1).max(320),
  base: z.string().min(1).max(100),
  adapter: z.string().max(100),
  result: z.string().max(100),
  licence: z.string().max(100).optional(),
  datanet: bytes32,
  version: small,
  job: bytes32,
  worker: address,
  split: splitParts,
  upstream: bytes32.optional()
})

const fields = {
  Staked: { node: address, amount },
  UnbondRequested: { node: address, amount, availableAt: uint(64) },
  Withdrawn: { node: address, amount },
  Slashed: { node: address, amount, reporter: address, reward: amount },
  PayoutSet: { node: address, payout: address },
  DatanetCreated: { datanet: bytes32, host: address, rules: bytes32, createdAt: uint(64), validators: weights },
  RosterProposed: {
    datanet: bytes32,
    succession: bytes32,
    by: address,
    follows: small,
    silentAt: uint(64),
    validators: weights
  },
  RosterSpoken: {
    succession: bytes32,
    validator: address,
    consents: z.boolean(),
    consent: uint(128),
    against: uint(128)
  },
  RosterSeated: { datanet: bytes32, roster: small, seatedAs: small, validators: weights },
  RulesProposed: {
    datanet: bytes32,
    amendment: bytes32,
    by: address,
    number: small,
    roster: small,
    follows: bytes32,
    // The contract bounds its bytes by as much.
    text: z.string().max(16_384)
  },
  RulesSpoken: {
    amendment: bytes32,
    validator: address,
    consents: z.boolean(),
    consent: uint(128),
    against: uint(128)
  },
  RulesSet: { datanet: bytes32, number: small, amendment: bytes32, rules: bytes32 },
  // The contract bounds both.
  BatchPut: {
    datanet: bytes32,
    batch: bytes32,
    writer: address,
    roster: small,
    keyHash: bytes32,
    questions: bytes.max(2 + 2 * 16_384),
    keys: bytes.max(2 + 2 * 8_100)
  },
  BatchSpoken: { batch: bytes32, validator: address, consents: z.boolean(), consent: uint(128), against: uint(128) },
  BatchAccepted: { datanet: bytes32, batch: bytes32, version: small },
  BatchesDue: { datanet: bytes32, version: small, batches: small, until: uint(64) },
  BatchOpened: { batch: bytes32, key: bytes32 },
  /** `next` is the zero address where the host takes it back. */
  HostNamed: { datanet: bytes32, host: address, next: address },
  HostChanged: { datanet: bytes32, from: address, host: address },
  Committed: { datanet: bytes32, contribution: bytes32, contributor: address, commitment: bytes32, index: uint(64) },
  /** What was locked with a commitment: until when, so many seconds after it. */
  BondLocked: {
    contribution: bytes32,
    datanet: bytes32,
    contributor: address,
    amount: uint(128),
    lasts: uint(64),
    until: uint(64)
  },
  /** `spam` is the weight that calls it so by then. */
  SpamCalled: { contribution: bytes32, validator: address, spam: uint(128) },
  BondReturned: { contribution: bytes32, contributor: address, amount: uint(128) },
  BondBurnt: { contribution: bytes32, contributor: address, amount: uint(128) },
  // The contract bounds no CID: a longer one than any that is real is no version that anybody can read.
  VersionAnchored: {
    datanet: bytes32,
    version: small,
    root: bytes32,
    count: small,
    cid: z.string().max(100),
    /** Of the block it stands in: no log says it of itself. */
    blockHash: bytes32
  },
  DoubleVote: { contribution: bytes32, validator: address, reporter: address, slashed: amount },
  ModelRegistered: { model: bytes32, builder: address, datanet: bytes32, registration },
  ModelRetired: { model: bytes32 },
  EscrowFunded: { escrow: bytes32, job: bytes32, builder: address, worker: address, amount, deadline: uint(64) },
  EscrowTaken: { escrow: bytes32, deposit: amount },
  // The contract bounds a CID at 100 bytes.
  EscrowDelivered: { escrow: bytes32, cid: z.string().max(100), log: bytes32, decideBy: uint(64) },
  EscrowRefused: { escrow: bytes32, burnFrom: uint(64) },
  EscrowBurnt: { escrow: bytes32, amount },
  DepositLost: { escrow: bytes32, deposit: amount },
  EscrowReleased: { escrow: bytes32, paid: amount, returned: amount },
  EscrowRefunded: { escrow: bytes32, amount },
  ChannelOpened: {
    channel: bytes32,
    client: address,
    worker: address,
    model: bytes32,
    deposit: amount,
    expiry: uint(64)
  },
  /** `deposit` is what it comes to, `claimed` too: cumulative. */
  ChannelToppedUp: { channel: bytes32, deposit: amount },
  ChannelClaimed: {
    channel: bytes32,
    claimed: amount,
    toWorker: amount,
    toBuilder: amount,
    toData: amount,
    toUpstream: amount
  },
  ChannelClosing: { channel: bytes32, closesAt: uint(64) },
  ChannelClosed: { channel: bytes32, refunded: amount },
  PoolDeposited: { pool: bytes32, amount },
  ReceiptsAnchored: {
    pool: bytes32,
    epoch: small,
    settler: address,
    round: small,
    receiptsRoot: bytes32,
    receiptsTotal: amount,
    receiptCount: small,
    receipts: z.string().max(100),
    drawFrom: uint(64)
  },
  ScorersDrawn: {
    pool: bytes32,
    epoch: small,
    round: small,
    seed: bytes32,
    panel: z.array(address).max(9),
    commitEnds: uint(64),
    revealEnds: uint(64)
  },
  WordsCommitted: { pool: bytes32, epoch: small, scorer: address, round: small, word: bytes32 },
  ScorerPenalised: {
    pool: bytes32,
    epoch: small,
    scorer: address,
    round: small,
    absent: z.boolean(),
    taken: amount
  },
  EpochProposed: {
    pool: bytes32,
    epoch: small,
    proposer: address,
    round: small,
    bond: amount,
    receiptsRoot: bytes32,
    receiptsTotal: amount,
    receiptCount: small,
    payoutsRoot: bytes32,
    payoutsTotal: amount,
    bundle: z.string().max(100),
    challengeEnds: uint(64)
  },
  EpochVoided: { pool: bytes32, epoch: small, challenger: address, reason: bytes32, reward: amount },
  EpochVetoed: { pool: bytes32, epoch: small, validator: address, round: small, vetoed: uint(128) },
  BondSettled: { pool: bytes32, epoch: small, proposer: address, returned: amount, burnt: amount },
  EpochFinalized: { pool: bytes32, epoch: small, payoutsTotal: amount },
  Challenged: {
    contribution: bytes32,
    datanet: bytes32,
    challenger: address,
    accepted: z.boolean(),
    outcome: bytes32,
    deposit: amount,
    drawFrom: uint(64),
    size: small,
    // As many as there are seats.
    candidates: z.array(address).max(128),
    reason: z.string().max(1_000)
  },
  JuryDrawn: {
    contribution: bytes32,
    datanet: bytes32,
    jury: z.array(address).max(63),
    commitEnds: uint(64),
    revealEnds: uint(64)
  },
  JurorCommitted: {
    contribution: bytes32,
    juror: address,
    commitment: bytes32,
    commitEnds: uint(64),
    revealEnds: uint(64)
  },
  JurorVoted: {
    contribution: bytes32,
    juror: address,
    accept: z.boolean(),
    outcome: bytes32,
    salt: bytes32,
    signature
  },
  /** `decided`: 0 nothing, 1 rejected, 2 accepted. */
  JuryClosed: {
    contribution: bytes32,
    datanet: bytes32,
    decided: z.int().min(0).max(2),
    outcome: bytes32,
    returned: amount,
    burnt: amount
  },
  ChallengeLapsed: { contribution: bytes32, datanet: bytes32, challenger: address, burnt: amount },
  JurorAbsent: { contribution: bytes32, juror: address, taken: amount },
  AuditOpened: {
    audit: bytes32,
    model: bytes32,
    pool: bytes32,
    round: small,
    drawFrom: uint(64),
    bond: amount,
    segments: small,
    fee: amount
  },
  AuditorsDrawn: {
    audit: bytes32,
    round: small,
    seed: bytes32,
    panel: z.array(address).max(9),
    until: uint(64)
  },
  AuditSaid: {
    audit: bytes32,
    auditor: address,
    round: small,
    word: z.int().min(1).max(auditorWords.length),
    subject: bytes32,
    runs: small,
    missing: small,
    time: uint(64)
  },
  WordStruck: { audit: bytes32, auditor: address, round: small, whole: z.boolean(), time: uint(64) },
  AuditorPaid: { audit: bytes32, auditor: address, round: small, amount },
  AuditorBlamed: { audit: bytes32, auditor: address, round: small, validator: address },
  AuditClosed: { audit: bytes32, round: small, refused: z.boolean(), returned: amount },
  AuditorPenalised: { audit: bytes32, auditor: address, round: small, absent: z.boolean(), taken: amount },
  PayoutClaimed: { pool: bytes32, account: address, amount, cumulative: amount },
  WorkerStands: { pool: bytes32, worker: address, since: uint(64) },
  WorkerLeft: { pool: bytes32, worker: address, until: uint(64) },
  NotAsOffered: {
    pool: bytes32,
    worker: address,
    scorer: address,
    epoch: small,
    round: small,
    model: bytes32,
    receipts: bytes32,
    against: amount
  },
  WorkerFoundOut: {
    pool: bytes32,
    worker: address,
    model: bytes32,
    epoch: small,
    round: small,
    receipts: bytes32,
    taken: amount,
    time: uint(64)
  }
} as const satisfies Record<string, z.ZodRawShape>

export type ChainEventName = keyof typeof fields
export const eventNames = Object.keys(fields) as ChainEventName[]

/** Where an event stands: `logIndex` counts within its block. */
const place = { block: uint(64), logIndex: z.int().min(0), transaction: bytes32 }

type Place = z.infer<z.ZodObject<typeof place>>
export type ChainEvent = {
  [K in ChainEventName]: Readonly<{ name: K } & Place & z.infer<z.ZodObject<(typeof fields)[K]>>>
}[ChainEventName]
export type ChainEventOf<N extends ChainEventName> = Extract<ChainEvent, { name: N }>

const schemas = Object.fromEntries(
  eventNames.map(name => [name, z.strictObject({ name: z.literal(name), ...place, ...fields[name] })])
) as unknown as Record<ChainEventName, z.ZodType<ChainEvent>>

/** Any event, with integers wider than 32 bits as decimal text. */
export const chainEvent: z.ZodType<ChainEvent> = z
  .looseObject({ name: z.enum(eventNames) })
  .transform((value, context) => {
    const result = schemas[value.name].safeParse(value)
    if (result.success) return result.data
    for (const { path, message } of result.error.issues) context.addIssue({ code: 'custom', path, message })
    return z.NEVER
  })
