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

/** Money of a job's awards. What its builder was given back is none. */
export interface Behind {
  /** In escrow now: it stands behind nothing else. */
  readonly locked: bigint
  /** Paid out of it, or burnt: the builder owes it no more, and somebody may pay by it again. */
  readonly spent: bigint
}

/** Whether there is money behind jobs: asked where they take others' room, and not else. */
export interface Funds {
  /**
   * Whether a builder has so much; undefined where that cannot be known now.
   * @param from for which peer it is asked, so that none spends what others may have asked
   */
  has(builder: Address, amount: bigint, from?: string): Promise<boolean | undefined>
  /** What stands behind a job, by this node's own ledger: what its awards have in escrow, and what came out of it. */
  behind(job: KnownJob): Promise<Behind>
  /** Whether this award is paid into escrow, or was paid out of it. */
  isPaid(builder: Address, award: AwardDocument): Promise<boolean>
}

const nothing: Behind = { locked: 0n, spent: 0n }

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

  async function behindOf(builder: Address, { statement }: AwardDocument): Promise<Behind> {
    const { job, lot, worker, attempt } = statement.message
    const escrow = await ledger.escrow(escrowId({ builder, job, lot, worker, attempt }))
    // [ignore] What its builder was given back is no money behind anything.
    if (escrow === undefined || escrow.state === 'refunded' || escrow.unpaid === true) return nothing
    const isOver = escrow.state === 'released' || escrow.state === 'burnt'
    return isOver ? { locked: 0n, spent: escrow.amount } : { locked: escrow.amount, spent: 0n }
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
    async isPaid(builder, award) {
      const { locked, spent } = await behindOf(builder, award)
      return locked + spent > 0n
    },
    async behind({ document, awards }) {
      let [locked, spent] = [0n, 0n]
      for (const award of awards) {
        const one = await behindOf(document.statement.message.builder, award)
        locked += one.locked
        spent += one.spent
      }
      return { locked, spent }
    }
  }
}
