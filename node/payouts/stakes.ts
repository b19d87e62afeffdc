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
  /** Has as much at stake as a settler must, and a scorer. */
  bonded(account: Address): Promise<boolean>
  /** Those of them that are bonded. */
  among(accounts: Iterable<Address>): Promise<Set<Address>>
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
  const bonded = async (account: Address): Promise<boolean> =>
    (await of(account)) >= (await chain.payouts.rules()).minStake

  return {
    of,
    bonded,
    async among(accounts) {
      const distinct = [...new Set(accounts)]
      const found = await Promise.all(distinct.map(bonded))
      return new Set(distinct.filter((_, i) => found[i]))
    }
  }
}
