import { z } from 'zod'
import type { DrawnSegment } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { AuditRound } from '../../chain/types.ts'
import { sequenceKey } from '../../store/index.ts'
import type { PayoutsDeps } from '../types.ts'

export const finding = z.strictObject({
  agrees: z.boolean(),
  distance: z.number().nullable(),
  reason: z.string().optional()
})
/** What this node found of a segment. */
export type Finding = z.infer<typeof finding>

export interface Findings {
  /** What was found before, or is found now; on disk, so that a restart runs nothing twice. */
  of(id: Hex, round: AuditRound, drawn: DrawnSegment, run: () => Promise<Finding>): Promise<Finding>
}

export function createFindings({ store }: Pick<PayoutsDeps, 'store'>): Findings {
  const table = store.collection('payouts/audits', finding)
  return {
    async of(id, { number }, { coalition, segment }, run) {
      const place = `${id}/${sequenceKey(number)}/${sequenceKey(coalition)}/${sequenceKey(segment)}`
      const known = await table.get(place)
      if (known !== undefined) return known
      const { agrees, distance, reason } = await run()
      const found = { agrees, distance, ...(reason === undefined ? {} : { reason }) }
      await table.put(place, found)
      return found
    }
  }
}
