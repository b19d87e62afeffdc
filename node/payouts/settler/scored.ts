import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../../chain/index.ts'
import type { Proposals } from '../proposals.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Bundles } from './bundles.ts'

/** Epochs of a pool that are looked through for one sum, the newest. */
const mostLooked = 1_000

/**
 * What of all that an account had claimed from a pool, up to some sum, is for words on answers that counted. A claim
 * pays for data and for scoring at once; which of it is which stands in the epochs' own lines. What those do not tell,
 * because a bundle is not to be had, counts as paid for data.
 */
export type ScoredOf = (of: {
  readonly pool: Hex
  readonly account: Address
  readonly cumulative: bigint
}) => Promise<bigint>

export function createScored(
  { chain, log }: Pick<PayoutsDeps, 'chain' | 'log'>,
  proposals: Pick<Proposals, 'of'>,
  bundles: Pick<Bundles, 'summary'>
): ScoredOf {
  return async ({ pool, account, cumulative }) => {
    const { epoch: latest } = await chain.ledger.pool(pool)
    for (let epoch = latest; epoch > Math.max(0, latest - mostLooked); epoch--) {
      try {
        const final = (await proposals.of(pool, epoch)).find(({ state }) => state === 'final')
        if (final === undefined) return 0n
        const { payouts } = await bundles.summary(final.event.bundle, final.event.proposer)
        const line = payouts.find(one => one.account === account)
        if (line === undefined || line.scoringTotal === 0n) return 0n
        // A claim brings all that a final epoch gave until then: its sum is one of theirs.
        if (line.cumulative <= cumulative) return line.scoringTotal < cumulative ? line.scoringTotal : cumulative
      } catch (error) {
        // Anybody can open a pool and publish nonsense in it: it keeps nobody from the other pools.
        if (!(error instanceof TilthError) || error instanceof ChainError) throw error
        log.info("a pool's bundle cannot be had", { pool, epoch, error })
        return 0n
      }
    }
    return 0n
  }
}
