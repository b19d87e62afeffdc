import type { Address } from '../../protocol/primitives/index.ts'
import type { Switched } from '../runtime/automation/types.ts'

/** When a settler closes a pool's epoch. */
export interface SettlePolicy {
  /** So long after the one before. */
  readonly seconds: number
  /** If at least so much in fees waits for it, in the token's smallest unit. */
  readonly fees: bigint
}
/** When what data has earned is claimed. */
export interface ClaimPolicy {
  /** From which sum in one pool on, in the token's smallest unit. */
  readonly at: bigint
  /** Accounts besides this node's own: it pays their gas. */
  readonly accounts: readonly Address[]
  /** And everybody who has earned something in the pools of its own Datanets. */
  readonly contributors: boolean
}
/** What this node does by itself. */
export interface PayoutsPolicy {
  /** Settlers; not at all unless given. */
  readonly settle?: Switched<SettlePolicy>
  /** Settlers make final what can be; true unless given. */
  readonly finalize?: boolean
  /** Others' epochs are checked; true unless given. */
  readonly watch?: boolean
  /** A drawn scorer brings what it finds against workers that stand for their answers; not unless given. */
  readonly judge?: boolean
  /** Not at all unless given. */
  readonly claim?: Switched<ClaimPolicy>
}

export interface PayoutsTiming {
  /** How long a settler waits for workers to redeem and announce. */
  readonly closingMs: number
  /** How long it waits for held-out values: those of a new model have to be measured first. */
  readonly heldOutMs: number
  /** How long it waits within one call for the draw, and for scorers: where they have longer it is called again. */
  readonly roundMs: number
  /** What is not settled is announced again this often, for peers that came late. */
  readonly announceMs: number
  /** How often pending epochs are looked at. */
  readonly tickMs: number
  /** Redeeming costs gas, and settlers may ask as often as they like: so long between two times. */
  readonly redeemPauseMs: number
  /** What was asked and answered is kept for so long after its epoch is final, and looked through so often. */
  readonly contentKeepMs: number
  readonly sweepMs: number
}
