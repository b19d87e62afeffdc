import { z } from 'zod'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createQueue, remember } from '../../runtime/index.ts'
import type { PayoutsDeps, SeatView } from '../types.ts'

/** Pools that a scorer answers for by itself: each wants its siblings on this disk, and a transaction each epoch. */
const mostSeats = 16
/**
 * Of those, such as have brought less than a settler's bond: whoever founds a Datanet has one for some gas, and a
 * receipt of one unit makes it heard of.
 */
const mostPoor = 4
/** A seat that could not be taken is tried for again with a receipt that comes so much later. */
const againMs = 60_000
/** One that was taken is looked for again after so long, with a receipt of its pool: it may have been taken back. */
const stillMs = 600_000
/** … and with any receipt after so long: then another pool has its place. */
const lookMs = 3_600_000
/** Pools in which this node sat once and may have earned: of more, those that it sat in longest ago are forgotten. */
const mostSat = 1_024
/** Pools that wait to be looked at; of more, a later receipt tells again. */
const mostWaiting = 2 * mostSeats
/** Words of its owner that wait: they have this queue to themselves, but for one pool that was heard of. */
const mostAsked = 32

/** How a seat came about, and that its owner wants none. */
export const seatRecord = z.enum(['itself', 'asked', 'refused'])

/** Takes a seat among the scorers of the pools whose answers are heard of here, and of those that its owner names. */
export interface Seats {
  /**
   * Returns at once. What earlier lives left is looked for, unless that is done: their seats count, and what was given
   * up is given up.
   */
  wake(): void
  /** Returns at once. */
  heard(pool: Hex): void
  /** Pools in which this node has, or had, a seat: what it earned there is to be claimed, whatever became of it. */
  taken(): readonly Hex[]
  /** By the chain. */
  all(): Promise<readonly SeatView[]>
  /**
   * Its owner's word, which stands: it sits there, or gives its seat up and takes none by itself again. Who was drawn
   * answers for that all the same.
   * @returns the transaction; null where it was so already @throws InvalidError `seat.role` · as chain
   */
  sit(pool: Hex, sits: boolean): Promise<Hex | null>
  stop(): Promise<void>
}

export function createSeats({
  chain,
  clock,
  log,
  self,
  roles,
  metrics,
  store,
  pools
}: Pick<PayoutsDeps, 'chain' | 'clock' | 'log' | 'self' | 'roles' | 'metrics' | 'store' | 'pools'>): Seats {
  const kept = store.collection('payouts/seats', seatRecord)
  const tried = new Map<Hex, number>()
  /** When each was last seen on chain. */
  const taken = new Map<Hex, number>()
  const sat = new Map<Hex, true>()
  const queue = createQueue({ name: 'seats', bound: mostAsked, concurrency: 1, metrics })
  const waiting = new Map<Hex, { readonly what: string; readonly step: (pool: Hex) => Promise<void> }>()
  let working: Promise<void> | undefined
  /** Whether every seat that the table knows was looked for on chain since this node was started. */
  let isRecalled = false

  const sits = async (pool: Hex): Promise<boolean> => (await chain.payouts.scorers(pool)).includes(self)
  const paidInto = async (pool: Hex): Promise<bigint> => (await chain.payouts.pool(pool)).deposited

  function seen(pool: Hex): void {
    taken.set(pool, clock.now())
    remember(sat, pool, true, mostSat)
  }
  async function look(pool: Hex): Promise<void> {
    if (await sits(pool)) seen(pool)
    else taken.delete(pool)
  }

  async function recallOne(pool: Hex): Promise<void> {
    const word = await kept.get(pool)
    if (word === undefined) return
    if (word === 'refused') {
      // The node was ended, or the chain was away, when its owner gave it up.
      if (await sits(pool)) await chain.payouts.giveUp(pool)
      return
    }
    await look(pool)
    if (word === 'itself' && !sat.has(pool)) await kept.delete(pool)
  }

  /**
   * No seat is taken before: the bounds are of all lives together. A row of the table is a transaction of this node or
   * a word of its owner, and what is remembered no more leaves it here. The owner's word comes in between.
   */
  async function recall(): Promise<void> {
    if (isRecalled) return
    isRecalled = true // unless something is given up meanwhile that cannot be
    try {
      const known: Hex[] = []
      for await (const pool of kept.keys()) known.push(pool as Hex)
      // What was earned there is claimed, also while the chain is away.
      for (const pool of known) remember(sat, pool, true, mostSat)
      for (const pool of known) await queue.run('all', () => recallOne(pool))
    } catch (error) {
      isRecalled = false
      throw error
    }
  }

  /** Whether this node has to do with a pool, or somebody has paid into it; else there are few of its kind. */
  async function isWorthIt(pool: Hex): Promise<boolean> {
    const followed = new Set(pools?.('followed'))
    const { bond } = await chain.payouts.rules()
    const isPoor = async (one: Hex): Promise<boolean> => !followed.has(one) && (await paidInto(one)) < bond
    if (!(await isPoor(pool))) return true
    let poor = 0
    for (const one of taken.keys()) if ((await kept.get(one)) !== 'asked' && (await isPoor(one))) poor++
    return poor < mostPoor
  }

  async function take(pool: Hex): Promise<void> {
    const word = await kept.get(pool)
    if (word === 'refused') return
    if (await sits(pool)) {
      if (word === undefined) await kept.put(pool, 'itself')
      seen(pool)
      return
    }
    taken.delete(pool)
    if (word !== 'asked' && (taken.size >= mostSeats || !(await isWorthIt(pool)))) {
      log.info('no seat is taken by itself where so little was paid; its owner may say otherwise', { pool })
      return
    }
    const { minStake } = await chain.payouts.rules()
    const [stake, locked] = await Promise.all([chain.nodes.stakeOf(self), chain.nodes.lockedOf(self)])
    // One who settles, too, keeps stake free for that: one lock stands behind one thing, and one behind all seats.
    const needed = (taken.size === 0 ? minStake : 0n) + (roles.settler ? minStake : 0n)
    if (stake < minStake || stake - locked < needed) return
    await joined(pool, word ?? 'itself')
    log.info('a seat among the scorers of a pool is taken', { pool })
  }

  /** @returns the transaction; null where it sits there already */
  async function joined(pool: Hex, word: 'itself' | 'asked'): Promise<Hex | null> {
    const before = await kept.get(pool)
    // First: a node that is killed once it sits there knows of it, and by whose word.
    if (word !== before) await kept.put(pool, word)
    try {
      const transaction = (await sits(pool)) ? null : (await chain.payouts.join(pool)).transaction
      seen(pool)
      return transaction
    } catch (error) {
      if (refusedWith(error, 'AlreadySeated')) {
        seen(pool)
        return null
      }
      // What was refused has moved nothing; of what failed on its way nobody knows.
      if (error instanceof TilthError && error.consequence === 'reject')
        await (before === undefined ? kept.delete(pool) : kept.put(pool, before))
      throw error
    }
  }

  async function sit(pool: Hex, wanted: boolean): Promise<Hex | null> {
    // [reject] Who is drawn and weighs nothing loses stake.
    if (wanted && !roles.scorer)
      throw new InvalidError('seat.role', 'this node weighs no answers: drawn for them it would lose stake', {
        help: 'Give it the role scorer first.'
      })
    if (wanted) return joined(pool, 'asked')
    // A node that is killed now gives up at its next start what its owner has given up.
    await kept.put(pool, 'refused')
    taken.delete(pool)
    try {
      return (await sits(pool)) ? (await chain.payouts.giveUp(pool)).transaction : null
    } catch (error) {
      isRecalled = false // it is tried again with the rest of what was left
      throw error
    }
  }

  /** One at a time, each behind whatever its owner says meanwhile. */
  async function work(): Promise<void> {
    await attempt('of before could not be looked for', {}, recall)
    for (const [pool, { what, step }] of waiting) {
      waiting.delete(pool)
      await attempt(`could not be ${what}`, { pool }, async () => {
        await recall()
        await queue.run('all', () => step(pool))
      })
    }
    working = undefined
  }
  async function attempt(what: string, about: { readonly pool?: Hex }, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (error instanceof TilthError) log.info(`a seat ${what}`, { ...about, code: error.code })
      else log.warn(`a seat ${what}`, { ...about, error })
    }
  }
  function later(pool: Hex, what: string, step: (pool: Hex) => Promise<void>): void {
    waiting.set(pool, { what, step })
    working ??= work()
  }

  return {
    wake() {
      if (chain.account !== undefined && !isRecalled) working ??= work()
    },
    heard(pool) {
      if (chain.account === undefined) return
      const now = clock.now()
      for (const [one, at] of taken)
        if (one !== pool && now - at >= lookMs && waiting.size < mostWaiting) {
          taken.set(one, now - lookMs + againMs) // once, until it has been looked for
          later(one, 'looked for', look)
        }
      const at = taken.get(pool)
      if (at !== undefined && now - at < stillMs) return
      if ((tried.get(pool) ?? 0) > now || waiting.size >= mostWaiting) return
      remember(tried, pool, now + againMs, 16 * mostSeats)
      later(pool, 'taken', take)
    },
    taken: () => [...sat.keys()],
    async all() {
      const found: SeatView[] = []
      for await (const [pool, word] of kept.entries())
        if (word !== 'refused' && (await sits(pool as Hex)))
          found.push({ pool: pool as Hex, asked: word === 'asked', paid: await paidInto(pool as Hex) })
      return found
    },
    sit: (pool, wanted) => queue.run('all', () => sit(pool, wanted)),
    async stop() {
      await working
      await queue.idle()
    }
  }
}
