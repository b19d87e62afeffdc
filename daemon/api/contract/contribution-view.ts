import { z } from 'zod'
import { hash } from './hash.ts'

/** A contribution, as far as this daemon knows it. */
export const contributionView = z.object({
  id: hash,
  datanet: hash,
  /** When this daemon heard of it; milliseconds since 1970. */
  seenAt: z.int(),
  /** The shard's CID, once it was shown. */
  cid: z.string().nullable(),
  index: z.int().nullable(),
  contributor: z.string(),
  rows: z.int(),
  /** Rows that count as its contributor's; null where this daemon has not looked at them, or cannot. */
  own: z.int().nullable(),
  status: z.enum(['committed', 'revealed', 'voting', 'accepted', 'rejected', 'expired']),
  reason: z.string().optional(),
  /** What its contributor can do, where nothing was said against its rows. */
  help: z.string().optional(),
  checks: z.array(z.object({ check: z.string(), code: z.string(), note: z.string().optional() })),
  rowIssues: z.array(z.object({ line: z.int(), code: z.string() })),
  /** Of what was brought in by this daemon: whether it can be taken back here, or was. */
  withdrawal: z.enum(['possible', 'done']).optional(),
  /** Whether what was accepted has left since: by its contributor, or by a quorum of validators. */
  removed: z.enum(['withdrawn', 'taken-down']).optional()
})
export type ContributionView = z.infer<typeof contributionView>
