import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../../chain/index.ts'
import type { Proposals } from '../proposals.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Bundles } from './bundles.ts'

/** Epochs of a pool that are looked through, the newest. */
const mostLooked = 1_000

/**
 * What of all that an account had claimed from a pool, up to each of some sums, is for words on answers that counted. A
 * claim pays for data and for scoring at once; which of it is which stands in the epochs' own lines. What those do not
 * tell, because a bundle is not to be had, or the epoch is old and the account is not this node's own, counts as paid
 * for data.
 */
export type ScoredOf = (of: {
  readonly pool: Hex
  readonly account: Address
  readonly sums: readonly bigint[]
}) => Promise<bigint[]>

export function createScored(
  { chain, log }: Pick<PayoutsDeps, 'chain' | 'log'>,
  proposals: Pick<Proposals, 'of'>,
  bundles: Pick<Bundles, 'summary'>
): ScoredOf {
  return async ({ pool, account, sums }) => {
    const scored = sums.map(() => 0n)
    /** Places of those that no epoch has told of yet: all of them are looked for in one walk. */
    let open = [...sums.entries()]
    const { epoch: latest } = await chain.ledger.pool(pool)
    for (let epoch = latest; epoch > Math.max(0, latest - mostLooked) && open.length > 0; epoch--) {
      try {
        const final = (await proposals.of(pool, epoch)).find(({ state }) => state === 'final')
        if (final === undefined) return scored
        const { payouts } = await bundles.summary(final.event)
        const line = payouts.find(one => one.account === account)
        if (line === undefined || line.scoringTotal === 0n) return scored
        // A claim brings all that a final epoch gave until then: its sum is one of theirs.
        for (const [at, sum] of open)
          if (line.cumulative <= sum) scored[at] = line.scoringTotal < sum ? line.scoringTotal : sum
        open = open.filter(([, sum]) => line.cumulative > sum)
      } catch (error) {
        // Anybody can open a pool and publish nonsense in it: it keeps nobody from the other pools.
        if (!(error instanceof TilthError) || error instanceof ChainError) throw error
        log.info("a pool's bundle cannot be had", { pool, epoch, error })
        return scored
      }
    }
    return scored
  }
}
