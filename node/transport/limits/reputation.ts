import { TilthError } from '../../../protocol/primitives/index.ts'
import { remember } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'
import type { Debt } from './debts.ts'

/** What things cost a peer; at 100 the connection is cut and refused until the debt has halved twice. */
export const costs = {
  reject: 10, // bytes or messages that no honest peer sends or passes on: ten times and out
  refused: 2, // asked on a stream for what a service's rules refuse: a person's mistakes look like that too
  newer: 0.5, // what a later version may have added, asked once of each peer; in gossip beyond a good deal of it
  rate: 0.5, // one message too many; a flood of hundreds is no accident
  silence: 2 // took a slot and said nothing
} as const
export type Offence = keyof typeof costs

export const debtLimit = 100
const readmission = 25
const halfLifeMs = 5 * 60_000
/** Peers that may owe something at once; beyond it those are forgotten who have done nothing for longest. */
const maxDebtors = 10_000

/**
 * How much each peer owes for what it did lately. Gossip adds it to its own score, the gater refuses whom it bans. It
 * forgets by halves, so a peer that was updated or cured comes back by itself.
 */
export interface Reputation {
  /** Charges a peer for an offence. */
  charge(peerId: string, offence: Offence): void
  /** Charges for an error if its consequence is `reject`; nothing else costs. */
  chargeFor(peerId: string, error: unknown, offence?: Offence): void
  /** 0 or less; what gossipsub adds to its score. */
  score(peerId: string): number
  banned(peerId: string): boolean
  /** Who owes what now. */
  debts(): Debt[]
}

export function createReputation(
  clock: Pick<Clock, 'now'>,
  onBan: (peerId: string) => void,
  before: readonly Debt[] = []
): Reputation {
  // In the order of the last offence. What is of the future (a clock set back) counts from now.
  const debts = new Map(
    before.map(({ peerId, debt, at, banned }) => [peerId, { debt, at: Math.min(at, clock.now()), banned }])
  )

  const current = (peerId: string): { debt: number; at: number; banned: boolean } | undefined => {
    const entry = debts.get(peerId)
    if (entry === undefined) return undefined
    const now = clock.now()
    entry.debt *= 2 ** ((entry.at - now) / halfLifeMs)
    entry.at = now
    if (entry.debt < readmission) entry.banned = false
    if (entry.debt < 0.1) debts.delete(peerId)
    return entry
  }

  function charge(peerId: string, offence: Offence): void {
    const entry = current(peerId) ?? { debt: 0, at: clock.now(), banned: false }
    entry.debt += costs[offence]
    remember(debts, peerId, entry, maxDebtors)
    if (entry.debt >= debtLimit && !entry.banned) {
      entry.banned = true
      onBan(peerId)
    }
  }

  return {
    charge,
    chargeFor(peerId, error, offence = 'reject') {
      if (error instanceof TilthError && error.consequence === 'reject') charge(peerId, offence)
    },
    score: peerId => -(current(peerId)?.debt ?? 0),
    banned: peerId => current(peerId)?.banned ?? false,
    debts: () =>
      [...debts.keys()].flatMap(peerId => {
        const entry = current(peerId)
        return entry === undefined ? [] : [{ peerId, ...entry }]
      })
  }
}
