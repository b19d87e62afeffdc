import { exactTokenText, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { keptBackOf, payoutsTree } from '../../../protocol/payouts/index.ts'
import type { EpochBundle, KeptBack } from '../../../protocol/payouts/index.ts'
import { ChainError, refusedWith } from '../../chain/index.ts'
import type { Bundles } from './bundles.ts'
import { poolsAtOnce } from '../limits.ts'
import type { Proposals } from '../proposals.ts'
import { createScored } from './scored.ts'
import type { ScoredOf } from './scored.ts'
import type { AccountingView, EarningsView, PayoutsDeps, PayoutView } from '../types.ts'

interface Due {
  readonly pool: Hex
  readonly bundle: EpochBundle
  readonly index: number
  readonly cumulative: bigint
  readonly claimed: bigint
  readonly claimable: bigint
  readonly scored: bigint
  readonly kept: readonly KeptBack[]
}

export interface Claims {
  earnings(account: Address): Promise<EarningsView>
  /** What an account has in some pools. */
  earningsIn(pools: readonly Hex[], account: Address): Promise<EarningsView['pools']>
  readonly scored: ScoredOf
  /** Who may claim what from a pool; nobody where its latest bundle cannot be had. */
  claimableIn(pool: Hex): Promise<readonly { readonly account: Address; readonly claimable: bigint }[]>
  /** From all pools unless some are named. */
  claim(account: Address, pools?: readonly Hex[]): Promise<{ amount: bigint; transactions: readonly Hex[] }>
  payouts(filter?: { pool?: Hex; account?: Address }): Promise<readonly PayoutView[]>
  accounting(): Promise<AccountingView>
}

export function createClaims(
  { chain, log }: Pick<PayoutsDeps, 'chain' | 'log'>,
  proposals: Proposals,
  bundles: Bundles
): Claims {
  async function due(account: Address, only?: readonly Hex[]): Promise<Due[]> {
    await proposals.caughtUp()
    // Side by side: a pool whose bundle nobody has keeps the others waiting for one search, not for one each.
    const pools: Hex[] = []
    if (only === undefined) for await (const { id, epoch } of proposals.pools()) if (epoch > 0) pools.push(id)
    for (const pool of only ?? []) if ((await chain.ledger.pool(pool)).epoch > 0) pools.push(pool)
    const all = await inParts(pools, poolsAtOnce, pool => dueOf(pool, account))
    return all.flatMap(one => one ?? [])
  }

  async function dueOf(pool: Hex, account: Address): Promise<Due | undefined> {
    try {
      const bundle = await bundles.latest(pool)
      const index = bundle?.payouts.findIndex(line => line.account === account) ?? -1
      const line = bundle?.payouts[index]
      if (bundle === undefined || line === undefined) return undefined
      const { cumulative, scoringTotal: scored } = line
      const claimed = await proposals.claimed(pool, account)
      const claimable = cumulative > claimed ? cumulative - claimed : 0n
      return { pool, bundle, index, cumulative, claimed, claimable, scored, kept: keptBackOf(bundle.kept, account) }
    } catch (error) {
      // Anybody can open a pool and publish nonsense in it: it keeps nobody from the other pools.
      if (!(error instanceof TilthError) || error instanceof ChainError) throw error
      log.warn("a pool's latest bundle cannot be had", { pool, error })
      return undefined
    }
  }

  /** What a pool's last final epoch keeps back, where its bundle was read here. */
  async function keptIn(pool: Hex, epoch: number): Promise<bigint> {
    const last = (await proposals.of(pool, epoch)).find(({ state }) => state === 'final')
    return (last && (await bundles.sums(last.event.bundle))?.keptBack) ?? 0n
  }

  return {
    async earnings(account) {
      const pools = (await due(account)).map(lineOf)
      const payout = await chain.nodes.payoutOf(account)
      return { account, payout, balance: await chain.tokens.balanceOf(payout), pools }
    },
    async earningsIn(pools, account) {
      return (await due(account, pools)).map(lineOf)
    },
    scored: createScored({ chain, log }, proposals, bundles),
    async claimableIn(pool) {
      await proposals.caughtUp()
      const lines: { account: Address; claimable: bigint }[] = []
      try {
        for (const { account, cumulative } of (await bundles.latest(pool))?.payouts ?? []) {
          const claimed = await proposals.claimed(pool, account)
          if (cumulative > claimed) lines.push({ account, claimable: cumulative - claimed })
        }
      } catch (error) {
        if (!(error instanceof TilthError) || error instanceof ChainError) throw error
        log.info("a pool's latest bundle cannot be had", { pool, error })
      }
      return lines
    },
    async claim(account, pools) {
      let amount = 0n
      const transactions: Hex[] = []
      for (const { pool, bundle, index, cumulative, claimable } of await due(account, pools)) {
        if (claimable === 0n) continue
        try {
          const { paid, transaction } = await chain.payouts.claim(
            pool,
            account,
            cumulative,
            payoutsTree(bundle.payouts).proof(index)
          )
          amount += paid
          transactions.push(transaction)
        } catch (error) {
          // Somebody relayed the same claim meanwhile: it is paid.
          if (!refusedWith(error, 'NothingToClaim')) throw error
        }
      }
      return { amount, transactions }
    },
    async payouts(filter = {}) {
      await proposals.caughtUp()
      const views: PayoutView[] = []
      for await (const { pool, account, amount, cumulative, transaction } of proposals.claims(filter))
        views.push({ pool, account, amount, cumulative, transaction })
      return views
    },
    async accounting() {
      await proposals.caughtUp()
      const { workers, builders, data, deposited, paid } = await proposals.totals()
      let settled = 0n
      let keptBack = 0n
      for await (const { id, epoch, payoutsTotal } of proposals.pools()) {
        settled += payoutsTotal
        if (epoch > 0) keptBack += await keptIn(id, epoch)
      }
      const held = { unclaimed: settled - paid, unsettled: deposited - settled, keptBack }
      return {
        feesPaid: workers + builders + data,
        donated: deposited - data,
        workers,
        builders,
        dataPaid: paid,
        dataHeld: deposited - paid,
        held,
        heldReason: reasonOf(held)
      }
    }
  }
}

const lineOf = ({ pool, cumulative, claimed, claimable, scored, kept }: Due): EarningsView['pools'][number] => ({
  pool,
  cumulative,
  claimed,
  claimable,
  scored,
  kept,
  keptBack: kept.reduce((sum, { amount }) => sum + amount, 0n)
})

function reasonOf({ unclaimed, unsettled: all, keptBack }: AccountingView['held']): string {
  const unsettled = all - keptBack
  const parts = [
    ...(unclaimed > 0n ? [`${exactTokenText(unclaimed)} earned and not claimed yet`] : []),
    ...(unsettled > 0n
      ? [`${exactTokenText(unsettled)} in no final epoch yet, waiting for receipts, or held: for the next epochs`]
      : []),
    ...(keptBack > 0n
      ? [`${exactTokenText(keptBack)} kept back for some epochs, to be divided by what later versions show by then`]
      : [])
  ]
  return parts.length === 0 ? 'nothing is held' : parts.join('; ')
}

/** So many at a time, in order. */
async function inParts<T, R>(all: readonly T[], size: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (let at = 0; at < all.length; at += size) done.push(...(await Promise.all(all.slice(at, at + size).map(work))))
  return done
}
