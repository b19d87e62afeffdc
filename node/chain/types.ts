import type { EscrowKey, Registration } from '../../protocol/contracts/index.ts'
import type { Network } from '../../protocol/crypto/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'

export type { EscrowKey, Registration, Split } from '../../protocol/contracts/index.ts'

// The chain as the services see it: one narrow interface per contract, so that a service can ask for the one or two it
// uses. Amounts are bigints of the token's smallest unit, times are chain seconds as bigints, addresses are lower case.
// Every call throws `ChainError` (errors.ts); every write waits until its transaction is mined.

/** Where a deployment lives. All in lower case; written to and read from JSON as it is. */
export interface Addresses {
  readonly token: Address
  readonly registry: Address
  readonly datanets: Address
  readonly models: Address
  readonly escrow: Address
  readonly channels: Address
  readonly anchor: Address
}

/** A mined transaction. */
export interface Mined {
  readonly transaction: Hex
  readonly block: bigint
}

export interface Tokens {
  /** Token balance. */
  balanceOf(account: Address): Promise<bigint>
  /** Balance of the chain's own coin, in wei: what gas is paid with. */
  gasOf(account: Address): Promise<bigint>
  transfer(to: Address, amount: bigint): Promise<Mined>
  /** Sends the chain's own coin, so that a fresh key can pay for its transactions. */
  sendGas(to: Address, wei: bigint): Promise<Mined>
  totalSupply(): Promise<bigint>
}

export interface Nodes {
  /** Where a node's earnings go: the address it set, else its own. */
  payoutOf(node: Address): Promise<Address>
  stakeOf(node: Address): Promise<bigint>
  /** What is on its way out of the stake, and from when it can be withdrawn (0 when nothing is). */
  unbondingOf(node: Address): Promise<{ amount: bigint; availableAt: bigint }>
  setPayout(payout: Address): Promise<Mined>
  /** Adds to this account's stake (approves the token first when needed). */
  stake(amount: bigint): Promise<Mined>
  requestUnbond(amount: bigint): Promise<Mined>
  withdraw(): Promise<Mined>
}

export interface DatanetOnChain {
  readonly host: Address
  readonly rules: Hex
  /** Number of commitments so far: the last index given. */
  readonly commitments: bigint
  /** Latest anchored version; 0 before the first. */
  readonly version: number
  readonly validators: readonly { readonly address: Address; readonly weight: bigint }[]
}

export interface AnchoredVersion {
  readonly root: Hex
  readonly count: number
  readonly cid: string
}

/** A vote as its statement's fields, with the signature over it. */
export interface VoteEvidence {
  readonly vote: { contribution: Hex; validator: Address; accept: boolean; outcome: Hex; salt: Hex }
  readonly signature: Hex
}

export interface Datanets {
  datanet(id: Hex): Promise<DatanetOnChain | undefined>
  version(datanet: Hex, version: number): Promise<AnchoredVersion | undefined>
  /** Where a commitment stands in its Datanet's order of authorship (from 1), or undefined if it is not on chain. */
  commitment(
    contribution: Hex
  ): Promise<{ datanet: Hex; contributor: Address; commitment: Hex; index: bigint } | undefined>
  /** This account is the host. The id is the digest of the `Datanet` statement. */
  create(datanet: {
    rules: Hex
    createdAt: bigint
    validators: readonly { address: Address; weight: bigint | number }[]
  }): Promise<Mined & { datanet: Hex }>
  /** Relays a contributor's signed `Commitment`; anyone may. `index` is its place in the order of authorship. */
  commitFor(
    statement: { datanet: Hex; contributor: Address; commitment: Hex },
    signature: Hex
  ): Promise<Mined & { contribution: Hex; index: bigint }>
  /** Anchors a version with the host's signature over the `Version` statement; anyone may. */
  anchorVersion(
    statement: { datanet: Hex; version: number; root: Hex; count: number; cid: string },
    signature: Hex
  ): Promise<Mined>
  /**
   * Two votes of one validator on one contribution that differ in their verdict: costs its stake, half goes to this
   * account.
   */
  reportDoubleVote(a: VoteEvidence, b: VoteEvidence): Promise<Mined & { slashed: bigint }>
}

export interface ModelOnChain extends Registration {
  readonly id: Hex
  readonly builder: Address
  readonly retired: boolean
}

export interface Models {
  model(id: Hex): Promise<ModelOnChain | undefined>
  /** The id a registration by this builder has or would have: keccak256(abi.encode(builder, registration)). Pure. */
  idOf(builder: Address, registration: Registration): Hex
  register(registration: Registration): Promise<Mined & { model: Hex }>
  /** No new channels for this model; open ones go on. Builder only. */
  retire(model: Hex): Promise<Mined>
}

export type EscrowState = 'none' | 'funded' | 'released' | 'refunded'

export interface EscrowOnChain {
  readonly state: EscrowState
  readonly builder: Address
  readonly worker: Address
  readonly amount: bigint
  readonly deadline: bigint
}

export interface Escrows {
  escrow(id: Hex): Promise<EscrowOnChain>
  /**
   * keccak256(abi.encode(builder, job, lot, worker, attempt)): the builder is in it so that nobody can occupy
   * another's. Pure.
   */
  idOf(key: EscrowKey): Hex
  /** This account is the builder. */
  fund(key: Omit<EscrowKey, 'builder'>, amount: bigint, deadline: bigint): Promise<Mined & { escrow: Hex }>
  /** Builder: pays `amount` to the worker's payout address, the rest goes back to the builder. */
  release(escrow: Hex, amount: bigint): Promise<Mined>
  /** Anyone, with the builder's signature over `Release`. */
  releaseFor(statement: { escrow: Hex; worker: Address; amount: bigint }, signature: Hex): Promise<Mined>
  /** Builder after the deadline, or the worker at any time. */
  refund(escrow: Hex): Promise<Mined>
  /** Builder, at once, with the worker's signature over `Release` with amount 0. */
  refundWithConsent(escrow: Hex, workerSignature: Hex): Promise<Mined>
}

export interface ChannelOnChain {
  readonly id: Hex
  readonly client: Address
  readonly worker: Address
  readonly model: Hex
  readonly deposit: bigint
  readonly claimed: bigint
  /** From then on the client may take back what is left: a worker claims before it. */
  readonly expiry: bigint
  /** 0 while nobody asked to close; otherwise when the client may take back what is left. */
  readonly closesAt: bigint
  readonly closed: boolean
}

/** How one claim was divided. */
export interface ClaimSplit {
  readonly worker: bigint
  readonly builder: bigint
  readonly data: bigint
}

export interface Channels {
  channel(id: Hex): Promise<ChannelOnChain | undefined>
  /** How long a client waits between asking to close and its refund, in seconds. */
  disputeWindow(): Promise<bigint>
  /** `expiry` must be at least one dispute window away. */
  open(channel: { worker: Address; model: Hex; deposit: bigint; expiry: bigint }): Promise<Mined & { channel: Hex }>
  topUp(channel: Hex, amount: bigint): Promise<Mined>
  /** Pays what the voucher adds over what was claimed, at most the deposit, by the model's split. Anyone may. */
  claim(
    voucher: { channel: Hex; cumulative: bigint },
    signature: Hex
  ): Promise<Mined & { paid: bigint; split: ClaimSplit }>
  /** Client: asks to close. The worker has the dispute window to claim. */
  startClose(channel: Hex): Promise<Mined>
  /** Client takes back the rest after the window or the expiry; the worker may end it at once at any time. */
  finishClose(channel: Hex): Promise<Mined & { refunded: bigint }>
}

export type EpochState = 'none' | 'pending' | 'final' | 'voided'

export interface EpochOnChain {
  readonly state: EpochState
  readonly proposer: Address
  readonly receiptsRoot: Hex
  readonly receiptsTotal: bigint
  readonly receiptCount: number
  readonly payoutsRoot: Hex
  /** Cumulative over all epochs of the pool. */
  readonly payoutsTotal: bigint
  readonly bundle: string
  /** Weight of the Datanet's validators that are against it so far; more than a third of all voids it. */
  readonly vetoed: bigint
  /** When it can be finalised, chain seconds. */
  readonly challengeEnds: bigint
}

export interface PoolOnChain {
  /** All data fees ever paid into the pool. */
  readonly deposited: bigint
  /** All ever paid out of it to accounts. */
  readonly paid: bigint
  /** Latest finalised epoch (0 before the first) and its cumulative total. */
  readonly epoch: number
  readonly payoutsTotal: bigint
}

/**
 * A path in a sum tree: siblings from the leaf up. `index` is the leaf's position; bit i says whether its node at level
 * i is the right child.
 */
export interface SumProof {
  readonly index: bigint
  readonly siblings: readonly { readonly hash: Hex; readonly sum: bigint }[]
}

/** A receipt of an epoch's tree as the chain needs it: the statement's message and both signatures. */
export interface ReceiptEvidence {
  readonly receipt: {
    channel: Hex
    sequence: bigint
    previous: Hex
    model: Hex
    request: Hex
    response: Hex
    inputTokens: number
    outputTokens: number
    fee: bigint
    seed: bigint
    startedAt: bigint
    finishedAt: bigint
    attribution: Hex
  }
  readonly clientSignature: Hex
  readonly workerSignature: Hex
  /** The sum that stands in the leaf (the fee, if the proposer was honest). */
  readonly sum: bigint
  readonly proof: SumProof
}

/** Two children whose hash is a node's, and the path from that node to the root. */
export interface NodeEvidence {
  readonly left: { hash: Hex; sum: bigint }
  readonly right: { hash: Hex; sum: bigint }
  /** The sum that the node's parent (or the epoch's total, for the root) states for it. */
  readonly sum: bigint
  readonly proof: SumProof
}

export interface Payouts {
  pool(datanet: Hex): Promise<PoolOnChain>
  epoch(pool: Hex, epoch: number): Promise<EpochOnChain>
  /** What an account has been paid from a pool so far. */
  claimed(pool: Hex, account: Address): Promise<bigint>
  /** Bond a proposer posts, stake it must have, and the challenge window in seconds. */
  rules(): Promise<{ bond: bigint; minStake: bigint; challengeWindow: bigint }>
  /** Adds to a pool beyond its fees. */
  deposit(pool: Hex, amount: bigint): Promise<Mined>
  propose(epoch: {
    pool: Hex
    epoch: number
    receiptsRoot: Hex
    receiptsTotal: bigint
    receiptCount: number
    payoutsRoot: Hex
    payoutsTotal: bigint
    bundle: string
  }): Promise<Mined & { challengeEnds: bigint }>
  finalize(pool: Hex, epoch: number): Promise<Mined>
  /** Pays cumulative - claimed to the account's payout address. Anyone may. */
  claim(pool: Hex, account: Address, cumulative: bigint, proof: SumProof): Promise<Mined & { paid: bigint }>
  /** Each takes the proposer's bond and voids the epoch; one that does not hold is refused. */
  challengeSignature(pool: Hex, epoch: number, evidence: ReceiptEvidence): Promise<Mined>
  /** `firstEpoch` may be an earlier epoch of the pool: a receipt counts once, ever. */
  challengeDuplicate(
    pool: Hex,
    epoch: number,
    evidence: ReceiptEvidence,
    firstEpoch: number,
    first: ReceiptEvidence
  ): Promise<Mined>
  challengeFee(pool: Hex, epoch: number, evidence: ReceiptEvidence): Promise<Mined>
  challengeNode(pool: Hex, epoch: number, tree: 'receipts' | 'payouts', evidence: NodeEvidence): Promise<Mined>
  /** The content of a leaf whose parent states another sum than the leaf's own hash commits to. */
  challengeLeaf(
    pool: Hex,
    epoch: number,
    tree: 'receipts' | 'payouts',
    evidence: { content: Hex; leafSum: bigint; sum: bigint; proof: SumProof }
  ): Promise<Mined>
  challengeModel(pool: Hex, epoch: number, evidence: ReceiptEvidence): Promise<Mined>
  /**
   * A validator of the Datanet is against the epoch: payouts that do not follow from the receipts, or a bundle nobody
   * can fetch. The bond goes back.
   */
  veto(pool: Hex, epoch: number): Promise<Mined & { voided: boolean }>
}

interface Logged {
  readonly block: bigint
  readonly logIndex: number
  readonly transaction: Hex
}

/** What the chain tells. Names are the contracts'. */
export type ChainEvent = Logged &
  (
    | { readonly name: 'Staked'; readonly node: Address; readonly amount: bigint }
    | { readonly name: 'Slashed'; readonly node: Address; readonly amount: bigint; readonly reporter: Address }
    | { readonly name: 'PayoutSet'; readonly node: Address; readonly payout: Address }
    | {
        readonly name: 'DatanetCreated'
        readonly datanet: Hex
        readonly host: Address
        readonly rules: Hex
        readonly createdAt: bigint
      }
    | {
        readonly name: 'Committed'
        readonly datanet: Hex
        readonly contribution: Hex
        readonly contributor: Address
        readonly commitment: Hex
        readonly index: bigint
      }
    | {
        readonly name: 'VersionAnchored'
        readonly datanet: Hex
        readonly version: number
        readonly root: Hex
        readonly count: number
        readonly cid: string
      }
    | {
        readonly name: 'DoubleVote'
        readonly contribution: Hex
        readonly validator: Address
        readonly reporter: Address
        readonly slashed: bigint
      }
    | { readonly name: 'ModelRegistered'; readonly model: Hex; readonly builder: Address; readonly datanet: Hex }
    | { readonly name: 'ModelRetired'; readonly model: Hex }
    | {
        readonly name: 'EscrowFunded'
        readonly escrow: Hex
        readonly job: Hex
        readonly builder: Address
        readonly worker: Address
        readonly amount: bigint
        readonly deadline: bigint
      }
    | { readonly name: 'EscrowReleased'; readonly escrow: Hex; readonly paid: bigint; readonly returned: bigint }
    | { readonly name: 'EscrowRefunded'; readonly escrow: Hex; readonly amount: bigint }
    | {
        readonly name: 'ChannelOpened'
        readonly channel: Hex
        readonly client: Address
        readonly worker: Address
        readonly model: Hex
        readonly deposit: bigint
        readonly expiry: bigint
      }
    | { readonly name: 'ChannelToppedUp'; readonly channel: Hex; readonly deposit: bigint }
    | {
        readonly name: 'ChannelClaimed'
        readonly channel: Hex
        readonly claimed: bigint
        readonly toWorker: bigint
        readonly toBuilder: bigint
        readonly toData: bigint
      }
    | { readonly name: 'ChannelClosing'; readonly channel: Hex; readonly closesAt: bigint }
    | { readonly name: 'ChannelClosed'; readonly channel: Hex; readonly refunded: bigint }
    | { readonly name: 'PoolDeposited'; readonly pool: Hex; readonly amount: bigint }
    | {
        readonly name: 'EpochProposed'
        readonly pool: Hex
        readonly epoch: number
        readonly proposer: Address
        readonly receiptsRoot: Hex
        readonly payoutsRoot: Hex
        readonly payoutsTotal: bigint
        readonly bundle: string
        readonly challengeEnds: bigint
      }
    | {
        readonly name: 'EpochVoided'
        readonly pool: Hex
        readonly epoch: number
        readonly challenger: Address
        readonly reason: Hex
      }
    | {
        readonly name: 'EpochVetoed'
        readonly pool: Hex
        readonly epoch: number
        readonly validator: Address
        readonly vetoed: bigint
      }
    | { readonly name: 'EpochFinalized'; readonly pool: Hex; readonly epoch: number; readonly payoutsTotal: bigint }
    | {
        readonly name: 'PayoutClaimed'
        readonly pool: Hex
        readonly account: Address
        readonly amount: bigint
        readonly cumulative: bigint
      }
  )
export type ChainEventName = ChainEvent['name']
export type ChainEventOf<N extends ChainEventName> = Extract<ChainEvent, { name: N }>

/**
 * Who follows the chain can go forward and back. Handlers run one at a time, in the chain's order; one that throws is
 * called again.
 */
export interface FollowHandlers {
  /** An event, in order. */
  event(event: ChainEvent): void | Promise<void>
  /**
   * All events up to and including this block were handed over: resume from `block + 1`, with this hash as `parent`.
   */
  reached?(block: bigint, hash: Hex): void | Promise<void>
  /**
   * The chain dropped everything after this block (a reorganisation, or a local chain that lost its last second): undo
   * it.
   */
  rewound?(block: bigint): void | Promise<void>
  /** A handler threw; it is called again after a while. */
  failed?(error: unknown, event: ChainEvent | undefined): void
  /** The RPC stopped answering (once per outage), or answers again. */
  health?(state: { up: boolean; error?: Error }): void
}

export interface Follower {
  stop(): Promise<void>
}

export interface Chain {
  readonly network: Network
  readonly addresses: Addresses
  /** The account that signs transactions; undefined when read-only. */
  readonly account: Address | undefined
  readonly tokens: Tokens
  readonly nodes: Nodes
  readonly datanets: Datanets
  readonly models: Models
  readonly escrows: Escrows
  readonly channels: Channels
  readonly payouts: Payouts
  /** Latest block's number and time. */
  head(): Promise<{ block: bigint; timestamp: bigint }>
  /**
   * @param options.from first block to read (0 for all; after a restart: the last `reached` + 1)
   * @param options.parent the hash `reached` gave with it: tells whether the chain still has what was read before
   */
  follow(
    options: { from: bigint; parent?: Hex; names?: readonly ChainEventName[]; pollMs?: number },
    handlers: FollowHandlers
  ): Follower
  /** Lets running writes end and stops all followers. */
  stop(): Promise<void>
}

export interface ChainOptions {
  rpcUrl: string
  addresses: Addresses
  /** 32 bytes hexadecimal; without it the chain can only be read. */
  privateKey?: Hex
}
