import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Pools that one scorer answers for: each wants its siblings on this disk, and a transaction for each epoch. */
const mostSeats = 16
/** A seat that could not be taken is tried for again with a receipt that comes so much later. */
const againMs = 60_000

/** Takes a seat among the scorers of the pools whose answers are heard of here. */
export interface Seats {
  /** Returns at once. */
  heard(pool: Hex): void
  /** Pools in which this node has taken a seat. */
  taken(): readonly Hex[]
  stop(): Promise<void>
}

export function createSeats({
  chain,
  clock,
  log,
  self,
  roles,
  metrics
}: Pick<PayoutsDeps, 'chain' | 'clock' | 'log' | 'self' | 'roles' | 'metrics'>): Seats {
  const tried = new Map<Hex, number>()
  const taken = new Set<Hex>()
  const queue = createQueue({ name: 'seats', bound: mostSeats, concurrency: 1, metrics })

  async function take(pool: Hex): Promise<void> {
    if ((await chain.payouts.scorers(pool)).includes(self)) {
      taken.add(pool)
      return
    }
    const { minStake } = await chain.payouts.rules()
    const [stake, locked] = await Promise.all([chain.nodes.stakeOf(self), chain.nodes.lockedOf(self)])
    // One who settles, too, keeps stake free for that: one lock stands behind one thing.
    if (stake - locked < (roles.settler ? 2n : 1n) * minStake) return
    try {
      await chain.payouts.join(pool)
      log.info('a seat among the scorers of a pool is taken', { pool })
    } catch (error) {
      if (!refusedWith(error, 'AlreadySeated')) throw error
    }
    taken.add(pool)
  }

  return {
    heard(pool) {
      if (chain.account === undefined || taken.has(pool) || taken.size >= mostSeats) return
      if ((tried.get(pool) ?? 0) > clock.now()) return
      tried.delete(pool)
      tried.set(pool, clock.now() + againMs)
      if (tried.size > 16 * mostSeats) tried.delete(tried.keys().next().value ?? pool)
      queue
        .run('all', () => take(pool))
        .catch((error: unknown) => {
          if (error instanceof TilthError) log.info('a seat could not be taken', { pool, code: error.code })
          else log.warn('a seat could not be taken', { pool, error })
        })
    },
    taken: () => [...taken],
    stop: () => queue.idle()
  }
}
