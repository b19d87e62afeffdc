import { escrowId } from '../../protocol/contracts/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { JobsDeps } from './deps.ts'
import type { KnownJob } from './known.ts'

/** Builders whose balance is remembered, and for how long it is good. */
const mostBuilders = 10_000
const goodMs = 600_000
/** Balances that the chain is asked for: so many a second, and at once. */
const asksPerSecond = 10
const asksAtOnce = 100
/** Awards of a job whose escrows are looked at, the newest. */
const mostAwards = 8

/** Whether there is money behind jobs: asked where they take others' room, and not else. */
export interface Funds {
  /** Whether a builder has so much; undefined where that cannot be known now. */
  has(builder: Address, amount: bigint): Promise<boolean | undefined>
  /** Whether an award of the job is paid into escrow. */
  isPaidFor(job: KnownJob): Promise<boolean>
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
  let [left, at] = [asksAtOnce, clock.now()]

  function mayAsk(): boolean {
    const now = clock.now()
    left = Math.min(asksAtOnce, left + (Math.max(0, now - at) * asksPerSecond) / 1000)
    at = now
    if (left < 1) return false
    left--
    return true
  }

  return {
    async has(builder, amount) {
      let balance = balances.get(builder)
      if (balance === undefined) {
        if (!mayAsk()) return undefined
        try {
          balance = await tokens.balanceOf(builder)
        } catch (error) {
          log.debug('it is not known whether there is money for a job', { builder, error })
          return undefined
        }
        balances.set(builder, balance)
      }
      return balance >= amount
    },
    async isPaidFor({ document, awards }) {
      const { builder } = document.statement.message
      for (const { statement } of awards.slice(-mostAwards)) {
        const { job, lot, worker, attempt } = statement.message
        if ((await ledger.escrow(escrowId({ builder, job, lot, worker, attempt }))) !== undefined) return true
      }
      return false
    }
  }
}
