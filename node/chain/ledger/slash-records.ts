import { z } from 'zod'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'

/**
 * What a stake is taken for: two votes on a contribution; no vote on its jury; no words, or words that the roster holds
 * for wrong, about an epoch's answers; no word, or a false one, in an audit; an epoch that was voided; answers that
 * were not as offered.
 */
const slashReasons = [
  'two-votes',
  'absent-juror',
  'absent-scorer',
  'wrong-words',
  'absent-auditor',
  'false-word',
  'voided-epoch',
  'not-as-offered'
] as const

/** A stake that was taken: `reward` of it went to `reporter`, the rest was burnt. */
export const slashRecord = z.strictObject({
  node: address,
  amount,
  reporter: address,
  reward: amount,
  /** The contribution that it voted on twice, or on whose jury it was absent; null where it was for something else. */
  contribution: bytes32.nullable(),
  /** The epoch whose scorer, settler or worker it was. */
  pool: bytes32.optional(),
  epoch: z.int().min(0).optional(),
  /** The audit whose auditor it was. */
  audit: bytes32.optional(),
  /** Older ledgers name the first two reasons alone. */
  because: z.enum(slashReasons).optional(),
  block: uint(64),
  transaction: bytes32,
  place: z.string()
})
export type SlashRecord = z.infer<typeof slashRecord>
