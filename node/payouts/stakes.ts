import type { Address } from '../../protocol/primitives/index.ts'
import type { PayoutsDeps } from './types.ts'

/**
 * How long an answer of the chain counts, also when it is that there is nothing: a stranger's keys cost it one read.
 */
const freshMs = 60_000
/** Accounts remembered; the oldest answers go first. */
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
  const known = new Map<Address, { stake: Promise<bigint>; at: number }>()

  function of(account: Address): Promise<bigint> {
    const found = known.get(account)
    if (found !== undefined && clock.now() < found.at + freshMs) return found.stake
    const stake = chain.nodes.stakeOf(account)
    known.delete(account)
    known.set(account, { stake, at: clock.now() })
    if (known.size > most) known.delete(known.keys().next().value ?? account)
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
