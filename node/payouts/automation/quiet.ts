import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Pools that are remembered, and how long one waits: longer each time, up to an hour. */
const mostPools = 10_000
const firstMs = 10_000
const mostMs = 3_600_000

/** What of a pool stands when its next epoch is looked for. */
export interface PoolState {
  readonly epoch: number
  /** All that came into it: each claim of one of its channels adds to that. */
  readonly deposited: bigint
  /** What came of its receipts by then, as `changes` counts. */
  readonly changes: number
}

interface Empty extends PoolState {
  readonly until: number
  readonly waitMs: number
}

/**
 * Pools whose next epoch would be empty. To find that out all that is open is read, from disk and chain: it is not
 * looked for again before a receipt or a claim of theirs comes, or time has passed, in which a model may be admitted.
 */
export interface Quiet {
  /** A receipt of the pool came, or went. */
  changed(pool: Hex): void
  changes(pool: Hex): number
  /** @param by when something is due there in any case, in milliseconds */
  found(pool: Hex, state: PoolState, by?: number): void
  /** Until when nothing is looked for, in milliseconds; undefined: it may be. */
  until(pool: Hex, state: PoolState): number | undefined
}

export function createQuiet({ clock }: Pick<PayoutsDeps, 'clock'>): Quiet {
  const pools = createCache<Hex, Empty>({ max: mostPools })
  const counts = createCache<Hex, number>({ max: mostPools })
  const same = (one: PoolState, { epoch, deposited, changes }: PoolState): boolean =>
    one.epoch === epoch && one.deposited === deposited && one.changes === changes
  return {
    changed(pool) {
      counts.set(pool, (counts.get(pool) ?? 0) + 1)
    },
    changes: pool => counts.get(pool) ?? 0,
    found(pool, { epoch, deposited, changes }, by = Infinity) {
      const before = pools.get(pool)
      const again = before !== undefined && same(before, { epoch, deposited, changes })
      const waitMs = again ? Math.min(2 * before.waitMs, mostMs) : firstMs
      const now = clock.now()
      pools.set(pool, { epoch, deposited, changes, waitMs, until: Math.min(now + waitMs, by > now ? by : Infinity) })
    },
    until(pool, state) {
      const known = pools.get(pool)
      return known !== undefined && same(known, state) && clock.now() < known.until ? known.until : undefined
    }
  }
}
