import { InvalidError, defaultPage, largestPage } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { everyOf, incomeKinds } from '../chain/index.ts'
import type { ClaimRecord, IncomeRecord } from '../chain/types.ts'
import type { EarningsView } from '../payouts/index.ts'
import type { Account, AccountDeps, PaymentView } from './types.ts'

/** Claims of which is found out at once what they are for. */
const claimsAtOnce = 512
type Claim = Pick<ClaimRecord, 'pool' | 'amount' | 'cumulative'>

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

  /** What of each claim is for scoring: a pool's epochs are gone through once, for all of them. */
  async function scoringIn(account: Address, claims: readonly Claim[]): Promise<Map<Claim, bigint>> {
    const parts = new Map<Claim, bigint>()
    for (const [pool, of] of Map.groupBy(claims, claim => claim.pool)) {
      const sums = of.flatMap(({ amount, cumulative }) => [cumulative, cumulative - amount])
      const scored = await payouts.scored({ pool, account, sums })
      for (const [at, claim] of of.entries()) {
        const [after = 0n, before = 0n] = scored.slice(2 * at)
        const part = after > before ? after - before : 0n
        parts.set(claim, part < claim.amount ? part : claim.amount)
      }
    }
    return parts
  }

  /** What scoring has brought an account by claims, and by how many; and how many have brought nothing else. */
  async function scoringOf(
    account: Address,
    pools: EarningsView['pools']
  ): Promise<{ amount: bigint; times: number; alone: number }> {
    const sum = { amount: 0n, times: 0, alone: 0 }
    const scored = new Set(pools.flatMap(({ pool, scored }) => (scored > 0n ? [pool] : [])))
    if (scored.size === 0) return sum
    let claims: Claim[] = []
    const count = async (): Promise<void> => {
      for (const [{ amount }, part] of await scoringIn(account, claims)) {
        sum.amount += part
        if (part > 0n) sum.times++
        if (part === amount) sum.alone++
      }
      claims = []
    }
    for await (const claim of everyOf(page => ledger.claims({ account }, page))) {
      if (scored.has(claim.pool)) claims.push(claim)
      if (claims.length === claimsAtOnce) await count()
    }
    await count()
    return sum
  }

  async function paymentsOf(account: Address, items: readonly IncomeRecord[]): Promise<PaymentView[]> {
    const claims = await Promise.all(
      items.map(async ({ kind, place }) => (kind === 'data' ? ledger.claim(place) : undefined))
    )
    const parts = await scoringIn(
      account,
      claims.filter(claim => claim !== undefined)
    )
    return items.map(({ kind, amount, of, block, transaction }, at) => {
      const claim = claims[at]
      const scoring = (claim && parts.get(claim)) ?? 0n
      const isScoring = claim !== undefined && scoring === amount
      return { kind: isScoring ? 'scoring' : kind, amount, scoring, of, block, transaction }
    })
  }

  return {
    async earnings(account: Address) {
      const earnings = await payouts.earnings(account) // the ledger has caught up by then
      const [{ income, expected }, vouchers, scoring] = await Promise.all([
        ledger.account(account),
        account === self ? models.owed() : 0n,
        scoringOf(account, earnings.pools)
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
        items: await paymentsOf(account, items),
        next: next ?? null
      }
    }
  }
}
