import type { Hex } from '../../protocol/primitives/hex.ts'

/** A root that is said to be on chain: of a version of a Datanet, or of what an epoch of a pool counts or pays. */
export interface RootClaim {
  readonly kind: 'version' | 'receipts' | 'payouts'
  /** The Datanet, which is the pool. */
  readonly of: Hex
  readonly number: number
  readonly root: Hex
  /** What the root carries, as decimal text; none for a version. */
  readonly sum?: string
}
/** What a chain says stands there. */
export interface RootFound {
  readonly root: Hex
  readonly sum?: string
}

/** Whether what the chain holds is what was said: the hash, and the sum that it carries. */
export const agrees = (claim: RootClaim, found: RootFound): boolean =>
  claim.root.toLowerCase() === found.root.toLowerCase() &&
  (claim.sum === undefined || (found.sum !== undefined && BigInt(claim.sum) === BigInt(found.sum)))
