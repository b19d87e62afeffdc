import type { Node } from '../../../../node/node.ts'
import { largestPage } from '../../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import { isAwardLost } from '../../contract/index.ts'
import type { WaitingView } from '../../contract/index.ts'
import type { Names } from './names.ts'
import { rowsOf } from './rows.ts'
import { waitingWords } from './words.ts'

/** Pools that are looked at, and lines that are shown. */
const mostPools = 200

type Parts = Pick<Node, 'payouts' | 'account' | 'chain' | 'self' | 'jobs' | 'data'>

const acceptedOf = async ({ data }: Parts, pool: Hex, account: Address): Promise<number> =>
  (await rowsOf(data, pool, account))?.accepted ?? 0

/** Pools in which an account has a line, or may come to have one: it has something in their latest epoch. */
async function ofPool(parts: Parts, pool: Hex, account: Address, names: Names): Promise<WaitingView[]> {
  const { payouts, chain } = parts
  const lines: WaitingView[] = []
  const name = await names.datanet(pool)
  const [record, { items }] = await Promise.all([chain.ledger.pool(pool), payouts.epochs({ pool, limit: 2 })])
  const pending = items.find(({ state }) => state === 'pending')
  const latest = items.find(({ state }) => state !== 'voided')
  const line = latest?.payouts.find(one => one.account === account)
  // What is kept back waits for something else, and is told by itself.
  const unsettled = record.deposited - (pending?.payoutsTotal ?? record.payoutsTotal) - (latest?.keptBack ?? 0n)
  // Whoever was never in an epoch may be in the next one, if rows of theirs were accepted.
  if (line === undefined && (unsettled === 0n || (await acceptedOf(parts, pool, account)) === 0)) return []
  const share = pending?.payouts.find(one => one.account === account)?.share ?? 0n
  if (pending !== undefined && share > 0n)
    lines.push({
      kind: 'window',
      pool,
      name,
      epoch: pending.epoch,
      amount: share.toString(),
      of: pending.dataFees.toString(),
      until: Number(pending.challengeEnds) * 1000,
      ...waitingWords.window
    })
  if (unsettled > 0n)
    lines.push({
      kind: 'next',
      pool,
      name,
      epoch: (latest?.epoch ?? 0) + 1,
      amount: null,
      of: unsettled.toString(),
      until: null,
      ...waitingWords.next
    })
  return lines
}

/** What waits for an account: to be claimed, in a challenge window, for the next epoch, in vouchers, in escrows. */
export async function waitingFor(parts: Parts, account: Address, names: Names): Promise<WaitingView[]> {
  const { chain, jobs } = parts
  const { pools, waiting } = await parts.account.earnings(account)
  const lines: WaitingView[] = []
  for (const { pool, claimable } of pools.slice(0, mostPools))
    if (claimable > 0n)
      lines.push({
        kind: 'claim',
        pool,
        name: await names.datanet(pool),
        epoch: (await chain.ledger.pool(pool)).epoch,
        amount: claimable.toString(),
        of: null,
        until: null,
        ...waitingWords.claim
      })
  for (const { pool, kept } of pools.slice(0, mostPools))
    for (const [epoch, rows] of Map.groupBy(kept, ({ until }) => until)) {
      const amount = rows.reduce((sum, one) => sum + one.amount, 0n)
      if (amount === 0n) continue
      lines.push({
        kind: 'kept',
        pool,
        name: await names.datanet(pool),
        epoch,
        amount: amount.toString(),
        of: null,
        until: Math.max(...rows.map(({ by }) => Number(by))) * 1000,
        ...waitingWords.kept
      })
    }
  const { items } = await chain.ledger.pools({ limit: mostPools })
  for (const { id } of items) lines.push(...(await ofPool(parts, id, account, names)))
  if (waiting.vouchers > 0n)
    lines.push({
      kind: 'voucher',
      pool: null,
      name: '',
      epoch: null,
      amount: waiting.vouchers.toString(),
      of: null,
      until: null,
      ...waitingWords.voucher
    })
  if (waiting.escrow > 0n) {
    const deadlines = jobs
      .jobs()
      .slice(0, largestPage)
      .filter(({ awards }) => awards.some(({ worker, state }) => worker === account && isOpen(state)))
      .map(({ deadline }) => deadline)
    lines.push({
      kind: 'escrow',
      pool: null,
      name: '',
      epoch: null,
      amount: waiting.escrow.toString(),
      of: null,
      until: deadlines.length === 0 ? null : Math.max(...deadlines),
      ...waitingWords.escrow
    })
  }
  return lines
}

const isOpen = (state: string): boolean => state !== 'released' && !isAwardLost({ state })
