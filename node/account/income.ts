import { InvalidError, defaultPage, largestPage } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { incomeKinds } from '../chain/index.ts'
import type { Account, AccountDeps } from './types.ts'

/** What accounts were paid for, from the ledger of the chain. */
export function createIncome({
  self,
  chain,
  models,
  payouts
}: Pick<AccountDeps, 'self' | 'chain' | 'models' | 'payouts'>): Pick<Account, 'earnings' | 'income'> {
  const { ledger } = chain

  return {
    async earnings(account: Address) {
      const earnings = await payouts.earnings(account) // the ledger has caught up by then
      const [{ income, expected }, vouchers] = await Promise.all([
        ledger.account(account),
        account === self ? models.owed() : 0n
      ])
      return {
        ...earnings,
        income: incomeKinds.map(kind => ({ kind, ...income[kind] })),
        waiting: {
          vouchers,
          data: earnings.pools.reduce((sum, { claimable }) => sum + claimable, 0n),
          escrow: expected
        }
      }
    },
    async income(account, { limit = defaultPage, cursor } = {}) {
      if (cursor !== undefined && !/^[0-9.]{1,60}\/[a-z]{1,20}$/.test(cursor))
        throw new InvalidError('page.cursor', 'that is no cursor of a list of payments', {
          help: 'Begin again without a cursor.'
        })
      const { items, next } = await ledger.income(account, {
        limit: Math.min(Math.max(1, limit), largestPage),
        reverse: true,
        ...(cursor === undefined ? {} : { after: cursor })
      })
      return {
        items: items.map(({ kind, amount, of, block, transaction }) => ({
          kind,
          amount,
          of,
          block,
          transaction
        })),
        next: next ?? null
      }
    }
  }
}
