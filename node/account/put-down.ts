import type { Address } from '../../protocol/primitives/index.ts'
import { everyOf } from '../chain/index.ts'
import type { FollowedChain } from '../chain/types.ts'

/** What lies with an account's open challenges and contributions, and comes back when those are over. */
export async function putDownBy(
  ledger: Pick<FollowedChain['ledger'], 'openBonds' | 'openTrials'>,
  account: Address
): Promise<bigint> {
  let sum = 0n
  for await (const { challenger, deposit } of everyOf(ledger.openTrials)) if (challenger === account) sum += deposit
  for await (const { amount } of everyOf(page => ledger.openBonds(account, page))) sum += amount
  return sum
}
