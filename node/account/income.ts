import { InvalidError, defaultPage, largestPage } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { everyOf, incomeKinds } from '../chain/index.ts'
import type { IncomeRecord } from '../chain/types.ts'
import type { Account, AccountDeps, PaymentView } from './types.ts'

/**
 * What accounts were paid for, from the ledger of the chain. A claim from a pool pays for data and for scoring; what of
 * it is which the pool's epochs tell.
 */
export function createIncome({
  self,
  chain,
  models,
  payouts
}: Pick<AccountDeps, 'self' | 'chain' | 'models' | 'payouts'>): Pick<Account, 'earnings' | 'income'> {
  const { ledger } = chain

  /** What scoring has brought an account by claims, and by how many; and how many have brought nothing else. */
  async function scoringOf(account: Address): Promise<{ amount: bigint; times: number; alone: number }> {
    const sum = { amount: 0n, times: 0, alone: 0 }
    const { pools } = await payouts.earnings(account)
    const scored = new Set(pools.flatMap(({ pool, scored }) => (scored > 0n ? [pool] : [])))
    if (scored.size === 0) return sum
    for await (const { pool, amount, cumulative } of everyOf(page => ledger.claims({ account }, page))) {
      if (!scored.has(pool)) continue
      const part = await scoringIn({ pool, account, amount, cumulative })
      sum.amount += part
      if (part > 0n) sum.times++
      if (part === amount) sum.alone++
    }
    return sum
  }

  async function scoringIn({
    pool,
    account,
    amount,
    cumulative
  }: Parameters<typeof payouts.scored>[0] & { amount: bigint }): Promise<bigint> {
    const [after, before] = await Promise.all([
      payouts.scored({ pool, account, cumulative }),
      payouts.scored({ pool, account, cumulative: cumulative - amount })
    ])
    const part = after > before ? after - before : 0n
    return part < amount ? part : amount
  }

  async function paymentOf(
    account: Address,
    { kind, amount, of, block, transaction, place }: IncomeRecord
  ): Promise<PaymentView> {
    const payment = { kind, amount, scoring: 0n, of, block, transaction }
    const claim = kind === 'data' ? await ledger.claim(place) : undefined
    if (claim === undefined) return payment
    const scoring = await scoringIn({ ...claim, account })
    return { ...payment, scoring, kind: scoring === amount ? 'scoring' : kind }
  }

  return {
    async earnings(account: Address) {
      const earnings = await payouts.earnings(account) // the ledger has caught up by then
      const [{ income, expected }, vouchers, scoring] = await Promise.all([
        ledger.account(account),
        account === self ? models.owed() : 0n,
        scoringOf(account)
      ])
      const { data } = income
      const told = {
        ...income,
        data: { amount: data.amount - scoring.amount, times: data.times - scoring.alone }
      }
      return {
        ...earnings,
        income: [
          ...incomeKinds.map(kind => ({ kind, ...told[kind] })),
          { kind: 'scoring', amount: scoring.amount, times: scoring.times }
        ],
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
        items: await Promise.all(items.map(item => paymentOf(account, item))),
        next: next ?? null
      }
    }
  }
}
