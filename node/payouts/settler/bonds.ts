import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { Proposals } from '../proposals.ts'
import type { PayoutsDeps } from '../types.ts'

/** Bonds of own proposals that validators were against. */
export interface Bonds {
  /**
   * Once an epoch is final: half of what was posted for the same epoch comes back, where validators were against it
   * first. What became final otherwise leaves nothing to ask for.
   */
  settle(pool: Hex, epoch: number): Promise<void>
}

export function createBonds(
  { chain, log, self }: Pick<PayoutsDeps, 'chain' | 'log' | 'self'>,
  proposals: Pick<Proposals, 'of'>
): Bonds {
  return {
    async settle(pool, epoch) {
      if (chain.account === undefined) return
      const tried = (await proposals.of(pool, epoch)).map(({ event }) => event)
      const final = tried.find(({ state }) => state === 'final')
      const own = tried.find(
        ({ state, proposer, receiptsRoot, payoutsRoot }) =>
          state === 'voided' &&
          proposer === self &&
          receiptsRoot === final?.receiptsRoot &&
          payoutsRoot === final.payoutsRoot
      )
      if (own === undefined) return
      try {
        const { returned } = await chain.payouts.settleBond(pool, epoch, own)
        log.info('half of the bond of an epoch that validators were against has come back', {
          pool,
          epoch,
          returned: String(returned)
        })
      } catch (error) {
        // Shown to be false rather than vetoed, or settled by somebody else.
        if (!refusedWith(error, 'NothingHeld')) throw error
      }
    }
  }
}
