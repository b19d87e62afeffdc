import type { Address } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { PayoutsDeps } from './types.ts'

/**
 * How long an answer of the chain counts, also when it is that there is nothing: a stranger's keys cost it one read.
 */
const freshMs = 60_000
/** Accounts remembered; of more, those asked about last. */
const most = 4096

/** What accounts have at stake. */
export interface Stakes {
  of(account: Address): Promise<bigint>
}

export function createStakes({ chain, clock }: Pick<PayoutsDeps, 'chain' | 'clock'>): Stakes {
  const known = createCache<Address, Promise<bigint>>({ max: most, forMs: freshMs, clock })

  function of(account: Address): Promise<bigint> {
    const found = known.get(account)
    if (found !== undefined) return found
    const stake = chain.nodes.stakeOf(account)
    known.set(account, stake)
    stake.catch(() => {
      known.delete(account) // whoever asked is told; the next one asks again
    })
    return stake
  }
  return { of }
}
