import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import { address } from '../primitives/hex.ts'
import { because } from './because.ts'
import { takeDownWord } from './removal.ts'
import { contributionStatements } from './commitment.ts'
import { certificate, datanetDocument, mostVotes } from './types.ts'

/** What everybody hears: that there is a Datanet, and its rules. */
export const datanetMessage = z.strictObject({ kind: z.literal('datanet'), document: datanetDocument })

/**
 * What those hear who have to do with a Datanet, on its own topic. Commitments are not among them; the chain tells
 * those, with their order.
 */
export const contributionMessage = z.discriminatedUnion('kind', [
  /** `provider` is a hint, signed by nobody: a node that has the shard. */
  z.strictObject({ kind: z.literal('reveal'), statements: contributionStatements, provider: address.optional() }),
  z.strictObject({ kind: z.literal('vote-commit'), statement: signedSchema('VoteCommit') }),
  z.strictObject({ kind: z.literal('vote'), statement: signedSchema('Vote'), because: because.optional() }),
  /** With the statements, for a peer that was away and knows only what the chain knows, and with its votes' reasons. */
  z.strictObject({
    kind: z.literal('certificate'),
    certificate,
    statements: contributionStatements,
    because: z.array(because).max(mostVotes).optional(),
    provider: address.optional()
  }),
  /** What was accepted leaves again: by its contributor, or by validators together. */
  z.strictObject({ kind: z.literal('withdrawal'), statement: signedSchema('Withdrawal') }),
  z.strictObject({ kind: z.literal('take-down'), word: takeDownWord })
])
export type DatanetMessage = z.infer<typeof datanetMessage>
export type ContributionMessage = z.infer<typeof contributionMessage>

/** Everything that this phase says, also when peers compare notes: the same messages, checked the same way. */
export const dataMessage = z.union([datanetMessage, contributionMessage])
export type DataMessage = z.infer<typeof dataMessage>
