import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createQueue, remember } from '../../runtime/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Pools that one scorer answers for: each wants its siblings on this disk, and a transaction for each epoch. */
const mostSeats = 16
/** A seat that could not be taken is tried for again with a receipt that comes so much later. */
const againMs = 60_000
/** A seat is looked for on chain so often: a slash takes it, and so does its owner; then another pool has its place. */
const lookMs = 3_600_000
/** Pools in which this node sat once and may have earned: of more, those that it sat in longest ago are forgotten. */
const mostSat = 1_024

/** Takes a seat among the scorers of the pools whose answers are heard of here. */
export interface Seats {
  /** Returns at once. */
  heard(pool: Hex): void
  /** Pools in which this node has, or had, a seat: what it earned there is to be claimed, whatever became of it. */
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
  /** Seats that this node has, by when they are looked for again; at most mostSeats. */
  const held = new Map<Hex, number>()
  const sat = new Map<Hex, true>()
  const queue = createQueue({ name: 'seats', bound: 2 * mostSeats, concurrency: 1, metrics })

  /** @returns whether this node sits there */
  async function look(pool: Hex): Promise<boolean> {
    const sits = (await chain.payouts.scorers(pool)).includes(self)
    if (sits) sit(pool)
    else held.delete(pool)
    return sits
  }
  function sit(pool: Hex): void {
    held.set(pool, clock.now() + lookMs)
    remember(sat, pool, true, mostSat)
  }

  async function take(pool: Hex): Promise<void> {
    if ((await look(pool)) || held.size >= mostSeats) return
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
    sit(pool)
  }

  function later(pool: Hex, what: string, step: (pool: Hex) => Promise<unknown>): void {
    queue
      .run('all', () => step(pool))
      .catch((error: unknown) => {
        if (error instanceof TilthError) log.info(`a seat could not be ${what}`, { pool, code: error.code })
        else log.warn(`a seat could not be ${what}`, { pool, error })
      })
  }

  return {
    heard(pool) {
      if (chain.account === undefined) return
      const now = clock.now()
      for (const [seat, until] of held)
        if (until <= now) {
          held.set(seat, now + againMs)
          later(seat, 'looked for', look)
        }
      if (held.has(pool) || held.size >= mostSeats || (tried.get(pool) ?? 0) > now) return
      remember(tried, pool, now + againMs, 16 * mostSeats)
      later(pool, 'taken', take)
    },
    taken: () => [...sat.keys()],
    stop: () => queue.idle()
  }
}
