import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Mined } from '../addresses.ts'
import type { RoundCalls } from './rounds-types.ts'

export type EpochState = 'none' | 'pending' | 'final' | 'voided'

export interface EpochOnChain {
  readonly state: EpochState
  /** How often this epoch was proposed: this is the last of them. */
  readonly round: number
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
    total: bigint
    seed: bigint
    startedAt: bigint
    finishedAt: bigint
    confidential: boolean
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

export interface Payouts extends RoundCalls {
  pool(datanet: Hex): Promise<PoolOnChain>
  epoch(pool: Hex, epoch: number): Promise<EpochOnChain>
  /** What an account has been paid from a pool so far. */
  claimed(pool: Hex, account: Address): Promise<bigint>
  /** Least bond a proposer posts, stake it must have (locked meanwhile), and the challenge window in seconds. */
  rules(): Promise<{ bond: bigint; minStake: bigint; challengeWindow: bigint }>
  /** What whoever proposes an epoch with that cumulative total posts: a tenth of what the pool would have to pay. */
  bondFor(pool: Hex, payoutsTotal: bigint): Promise<bigint>
  /** Adds to a pool beyond its fees. */
  deposit(pool: Hex, amount: bigint): Promise<Mined>
  /** On receipts that were anchored, once there was time to show words about them. */
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
  /**
   * Each voids the epoch and burns its bond and the stake behind it, but for a tenth of the bond, which this account
   * gets; one that does not hold is refused.
   */
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
   * can fetch. It counts against the proposal of that round alone. Nobody gets the bond.
   */
  veto(pool: Hex, epoch: number, round: number): Promise<Mined & { voided: boolean }>
  /**
   * Decides the bond of a vetoed proposal once its epoch is final: half goes back to its proposer if what became final
   * says the same, else it is burnt. Anyone may.
   */
  settleBond(
    pool: Hex,
    epoch: number,
    vetoed: Pick<EpochOnChain, 'receiptsRoot' | 'receiptsTotal' | 'receiptCount' | 'payoutsRoot' | 'payoutsTotal'>
  ): Promise<Mined & { returned: bigint; burnt: bigint }>
}
