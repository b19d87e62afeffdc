import { z } from 'zod'
import { contentHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { ProposalRecord } from '../../chain/types.ts'
import type { PayoutsDeps } from '../types.ts'

export const verdictSchema = z.strictObject({
  /** What was checked (`proposalHash`): after a reorganisation another proposal may stand in the same place. */
  proposal: z.string(),
  faults: z.array(z.string().max(80)).max(200_000)
})

type Proposed = Pick<
  ProposalRecord,
  | 'pool'
  | 'epoch'
  | 'round'
  | 'proposer'
  | 'receiptsRoot'
  | 'receiptsTotal'
  | 'receiptCount'
  | 'payoutsRoot'
  | 'payoutsTotal'
  | 'bundle'
  | 'challengeEnds'
>

/** Everything that was proposed. */
export function proposalHash(proposal: Proposed): Hex {
  const { pool, epoch, round, proposer, bundle, receiptCount } = proposal
  const { receiptsRoot, receiptsTotal, payoutsRoot, payoutsTotal, challengeEnds } = proposal
  const place = { pool, epoch, round, proposer, bundle, receiptCount }
  return contentHash({ ...place, receiptsRoot, receiptsTotal, payoutsRoot, payoutsTotal, challengeEnds })
}

/** Pool, epoch and round: one transaction, and one block, may hold proposals of several. */
export const placeOfProposal = ({ pool, epoch, round }: Pick<Proposed, 'pool' | 'epoch' | 'round'>): string =>
  `${pool}/${sequenceKey(epoch)}/${sequenceKey(round)}`

/** What this node has found of proposals. */
export interface Verdicts {
  of(proposal: Proposed): Promise<readonly string[] | undefined>
  keep(proposal: Proposed, faults: readonly string[]): Promise<void>
}

export function openVerdicts(store: PayoutsDeps['store']): Verdicts {
  const table = store.collection('payouts/rounds', verdictSchema)
  return {
    async of(proposal) {
      const known = await table.get(placeOfProposal(proposal))
      return known?.proposal === proposalHash(proposal) ? known.faults : undefined
    },
    keep: (proposal, faults) =>
      table.put(placeOfProposal(proposal), { proposal: proposalHash(proposal), faults: [...faults] })
  }
}
