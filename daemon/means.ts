import type { Node } from '../node/node.ts'
import type { Log } from '../node/runtime/index.ts'
import { gasAdvice, stakeAdvice } from './cli/money.ts'

/**
 * Says at the start what the node lacks for its roles, with the command that mends it: a worker without coin would
 * serve and could not bring one voucher to the chain.
 */
export async function sayMissing(
  { account, roles, self }: Pick<Node, 'account' | 'roles' | 'self'>,
  log: Log
): Promise<void> {
  try {
    const { transactions, stake, minStake } = await account.wallet()
    const amounts = { stake: stake.toString(), minStake: minStake.toString() }
    for (const advice of [gasAdvice({ address: self, transactions }), stakeAdvice({ roles: [...roles], ...amounts })])
      if (advice !== undefined) log.warn(advice)
  } catch (error) {
    log.info('what the account lacks could not be looked at', { error })
  }
}
