import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import { address } from '../primitives/hex.ts'
import { contributionStatements } from './commitment.ts'
import { certificate, datanetDocument } from './types.ts'

/**
 * Everything that this phase says, by gossip and when peers compare notes: the same messages, checked the same way.
 * Commitments are not among them; the chain tells those, with their order.
 */
export const dataMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('datanet'), document: datanetDocument }),
  /** `provider` is a hint, signed by nobody: a node that has the shard. */
  z.strictObject({ kind: z.literal('reveal'), statements: contributionStatements, provider: address.optional() }),
  z.strictObject({ kind: z.literal('vote-commit'), statement: signedSchema('VoteCommit') }),
  z.strictObject({ kind: z.literal('vote'), statement: signedSchema('Vote') }),
  /** With the statements, for a peer that was away and knows only what the chain knows. */
  z.strictObject({
    kind: z.literal('certificate'),
    certificate,
    statements: contributionStatements,
    provider: address.optional()
  })
])
export type DataMessage = z.infer<typeof dataMessage>
