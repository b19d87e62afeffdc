import { escrowId } from '../../protocol/contracts/index.ts'
import type { AwardDocument } from '../../protocol/jobs/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import { createBucket, createBuckets } from '../transport/limits/quota.ts'
import type { JobsDeps } from './deps.ts'
import type { KnownJob } from './known.ts'

/** Builders whose balance is remembered, and for how long it is good. */
const mostBuilders = 10_000
const goodMs = 600_000
/** Balances that the chain is asked for: in all, and for what one peer says. */
const asks = { perSecond: 10, burst: 100 }
const asksPerPeer = { perSecond: 1, burst: 20 }

/** Whether there is money behind jobs: asked where they take others' room, and not else. */
export interface Funds {
  /**
   * Whether a builder has so much; undefined where that cannot be known now.
   * @param from for which peer it is asked, so that none spends what others may have asked
   */
  has(builder: Address, amount: bigint, from?: string): Promise<boolean | undefined>
  /**
   * Whether an award of the job is paid into escrow, or was paid out of it: by this node's own ledger, so all of them
   * are looked at.
   */
  isPaidFor(job: KnownJob): Promise<boolean>
  /** Whether this award is. */
  isPaid(builder: Address, award: AwardDocument): Promise<boolean>
}

export function createFunds({
  chain: { tokens, ledger },
  clock,
  log
}: Pick<JobsDeps, 'clock' | 'log'> & {
  readonly chain: {
    readonly tokens: Pick<JobsDeps['chain']['tokens'], 'balanceOf'>
    readonly ledger: Pick<JobsDeps['chain']['ledger'], 'escrow'>
  }
}): Funds {
  const balances = createCache<Address, bigint>({ max: mostBuilders, forMs: goodMs, clock })
  const inAll = createBucket(asks, clock)
  const perPeer = createBuckets(asksPerPeer, clock)
  const asked = new Map<Address, Promise<bigint>>()
  /** The award that was found paid for last: looked at first the next time, as its money may have gone back since. */
  const paid = new WeakMap<KnownJob['document'], AwardDocument>()

  async function balanceOf(builder: Address, from: string | undefined): Promise<bigint | undefined> {
    const known = balances.get(builder)
    if (known !== undefined) return known
    let asking = asked.get(builder)
    if (asking === undefined) {
      if ((from !== undefined && !perPeer(from).take()) || !inAll.take()) return undefined
      asking = tokens.balanceOf(builder).finally(() => asked.delete(builder))
      asked.set(builder, asking)
    }
    const balance = await asking
    balances.set(builder, balance)
    return balance
  }

  async function isPaid(builder: Address, { statement }: AwardDocument): Promise<boolean> {
    const { job, lot, worker, attempt } = statement.message
    const escrow = await ledger.escrow(escrowId({ builder, job, lot, worker, attempt }))
    // [ignore] What its builder was given back is no money behind anything.
    return escrow !== undefined && escrow.state !== 'refunded' && escrow.unpaid !== true
  }

  return {
    async has(builder, amount, from) {
      try {
        const balance = await balanceOf(builder, from)
        return balance === undefined ? undefined : balance >= amount
      } catch (error) {
        log.debug('it is not known whether there is money for a job', { builder, error })
        return undefined
      }
    },
    isPaid,
    async isPaidFor({ document, awards }) {
      const { builder } = document.statement.message
      const last = paid.get(document)
      for (const award of last === undefined ? awards : [last, ...awards])
        if (await isPaid(builder, award)) {
          paid.set(document, award)
          return true
        }
      paid.delete(document)
      return false
    }
  }
}
