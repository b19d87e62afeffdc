import { z } from 'zod'
import { address, amount, bytes32, int } from '../primitives/hex.ts'
import { signedSchema } from '../crypto/schema.ts'
import { cosignedReceipt } from '../models/types.ts'

/** Held-out value of each player: the same arithmetic on the Datanet's held-out questions; not positive means not paid. */
export const heldOutValue = z.strictObject({ player: address, value: int(64) })

/** One account's line of an epoch. `value` is the signed sum of fee x weight; `cumulative` what the account may claim in all from this pool. */
export const payoutLine = z.strictObject({ account: address, value: int(256), share: amount, cumulative: amount })
export type PayoutLine = z.infer<typeof payoutLine>

/** Everything behind an epoch's two roots: anyone can compute them again from this. On IPFS under the CID that stands on chain. */
export const epochBundle = z.strictObject({
  pool: bytes32,
  epoch: z.int().min(1),
  /** Ordered by (channel, sequence). */
  receipts: z.array(cosignedReceipt).max(100_000),
  receiptsRoot: bytes32,
  receiptsTotal: amount,
  /** Data share of the fees of this epoch, in the token's smallest unit. */
  dataFees: amount,
  gate: z.array(heldOutValue).max(256),
  payouts: z.array(payoutLine).max(10_000),
  payoutsRoot: bytes32,
  payoutsTotal: amount,
  /** Data fees that no player has earned (nobody's value is positive, or rounding): they stay in the pool. */
  held: amount
})
export type EpochBundle = z.infer<typeof epochBundle>

/** A second peer's word on one receipt's weights. */
export const scoringDocument = z.strictObject({ statement: signedSchema('Scoring'), agrees: z.boolean() })
export type ScoringDocument = z.infer<typeof scoringDocument>
