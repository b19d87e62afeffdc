import type { Node } from '../../../../node/node.ts'
import { TilthError, pageOf } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { Handlers } from '../../server/index.ts'
import { claimCalls } from './claims.ts'
import { createNames } from './names.ts'
import { seriesOf } from './series.ts'
import { sharesOf } from './shares.ts'
import { waitingFor } from './waiting.ts'
import { whyAnswers, whyShare } from './why.ts'

type Calls =
  | 'earnings'
  | 'income'
  | 'earningsOver'
  | 'shares'
  | 'waiting'
  | 'whyShare'
  | 'whyAnswers'
  | 'claimCalls'
  | 'claim'

type Parts = Pick<Node, 'payouts' | 'account' | 'chain' | 'self' | 'jobs' | 'data' | 'models'>

/** What an account earned, what waits for it, and why each sum is what it is. */
export function earningsHandlers(node: Parts): Pick<Handlers, Calls> {
  const { payouts, account, chain } = node
  const names = createNames(node)

  /** Times of blocks; none where the chain cannot be asked now, for payments are known without it. */
  async function timesOf(blocks: readonly bigint[]): Promise<ReadonlyMap<bigint, bigint>> {
    try {
      return await chain.transactions.times(blocks)
    } catch (error) {
      if (error instanceof TilthError) return new Map()
      throw error
    }
  }

  return {
    async earnings({ params }) {
      const { account: earner, payout, balance, pools, income, waiting } = await account.earnings(params.account)
      return {
        account: earner,
        payout,
        balance: balance.toString(),
        income: income.map(({ kind, amount, times }) => ({ kind, amount: amount.toString(), times })),
        waiting: {
          vouchers: waiting.vouchers.toString(),
          data: waiting.data.toString(),
          escrow: waiting.escrow.toString()
        },
        pools: pools.map(({ pool, cumulative, claimed, claimable, scored, keptBack, kept }) => ({
          pool,
          cumulative: cumulative.toString(),
          claimed: claimed.toString(),
          claimable: claimable.toString(),
          scored: scored.toString(),
          keptBack: keptBack.toString(),
          kept: kept.map(({ by, amount, ...one }) => ({ ...one, by: Number(by) * 1000, amount: amount.toString() }))
        }))
      }
    },
    async income({ params: { account: earner, ...page } }) {
      const { items, next } = await account.income(earner, page)
      const times = await timesOf(items.map(({ block }) => block))
      const timed = await Promise.all(
        items.map(async payment => {
          const at = times.get(payment.block)
          return {
            ...payment,
            amount: payment.amount.toString(),
            scoring: payment.scoring.toString(),
            block: payment.block.toString(),
            at: at === undefined ? null : Number(at) * 1000,
            name: await names.of(payment.kind, payment.of)
          }
        })
      )
      return { items: timed, next }
    },
    earningsOver: ({ params }) => seriesOf(node, params.account, params.step),
    shares: ({ params: { account: earner, ...page } }) => sharesOf(node, earner, page, names),
    waiting: async ({ params: { account: earner, ...page } }) =>
      pageOf(await waitingFor(node, earner, names), page, ({ kind, pool, epoch }) => `${kind}/${pool}/${epoch}`),
    whyShare: ({ params }) => whyShare(node, params.account, params.pool as Hex, params.epoch, names),
    whyAnswers: ({ params: { account: earner, pool, ...page } }) =>
      whyAnswers(node, earner, { pool: pool as Hex, ...page }, names),
    async claimCalls({ params: { account: earner, ...page } }) {
      const [payout, calls] = await Promise.all([chain.nodes.payoutOf(earner), claimCalls(node, earner, names)])
      const { chainId } = chain.network
      return { chainId, contract: chain.addresses.anchor, payout, ...pageOf(calls, page, ({ pool }) => pool) }
    },
    async claim({ params }) {
      const { amount, transactions } = await payouts.claim(params.account)
      return { amount: amount.toString(), transactions: [...transactions] }
    }
  }
}
