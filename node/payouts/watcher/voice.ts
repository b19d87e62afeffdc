import type { Hex } from '../../../protocol/primitives/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Whether this node has a vote in a pool: then its check may void an epoch, and others count on it. */
export const voiceOf =
  ({ chain, self }: Pick<PayoutsDeps, 'chain' | 'self'>) =>
  async (pool: Hex): Promise<boolean> => {
    if (chain.account === undefined) return false
    // The ledger's: an RPC that is away takes nobody's vote.
    const validators = (await chain.ledger.datanet(pool))?.validators ?? []
    return validators.some(({ address, weight }) => address === self && weight > 0n)
  }
