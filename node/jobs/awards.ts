import { digest } from '../../protocol/crypto/index.ts'
import type { AwardDocument } from '../../protocol/jobs/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { JobsDeps } from './deps.ts'

/** What an award is called: by its id, and by the escrow that pays for it. */
export interface AwardNames {
  readonly awardId: (award: AwardDocument) => Hex
  readonly escrowOf: (builder: Hex, award: AwardDocument) => Hex
}

export function awardNames({ network, chain }: Pick<JobsDeps, 'network' | 'chain'>): AwardNames {
  /** Awards are looked for by their ids with every report: each is hashed once. */
  const ids = new WeakMap<AwardDocument, Hex>()
  return {
    awardId(award) {
      const id = ids.get(award) ?? digest(network, 'Award', award.statement.message)
      ids.set(award, id)
      return id
    },
    escrowOf(builder, { statement }) {
      const { job, lot, worker, attempt } = statement.message
      return chain.escrows.idOf({ builder, job, lot, worker, attempt })
    }
  }
}
