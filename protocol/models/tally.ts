// What one payer has spent and may still come to spend. Amounts in the token's smallest unit, days since 1970 in UTC.

/** Money that a question may come to, counted on the day on which it was last asked for. */
interface Hold {
  readonly day: number
  readonly amount: bigint
}

export interface Tally {
  /** The day that `spent` is of: the last one on which anything was. */
  readonly day: number
  readonly spent: bigint
  /** Ever. */
  readonly total: bigint
  /** Questions that are under way, by their ids. */
  readonly held: ReadonlyMap<string, Hold>
}

export const emptyTally: Tally = { day: 0, spent: 0n, total: 0n, held: new Map() }

/** What counts against a day's budget: what was spent, and all that may still be by what is under way. */
export function usedOn({ day: last, spent, held }: Tally, day: number, except?: string): bigint {
  let sum = last === day ? spent : 0n
  for (const [id, hold] of held) if (hold.day === day && id !== except) sum += hold.amount
  return sum
}

/** A question may come to so much, all told. */
export function hold(tally: Tally, id: string, amount: bigint, day: number): Tally {
  return { ...tally, held: new Map(tally.held).set(id, { day, amount }) }
}

/** A question is over and came to so much: it counts on the day on which it was held. */
export function settle(tally: Tally, id: string, amount: bigint): Tally {
  const found = tally.held.get(id)
  if (found === undefined) return tally
  const held = new Map(tally.held)
  held.delete(id)
  const total = tally.total + amount
  if (found.day < tally.day) return { ...tally, total, held }
  const spent = (found.day === tally.day ? tally.spent : 0n) + amount
  return { day: found.day, spent, total, held }
}

/** Questions that a process left as it was killed: what was held for them may have been spent, so it was. */
export const settleAll = (tally: Tally): Tally =>
  [...tally.held].reduce((sum, [id, { amount }]) => settle(sum, id, amount), tally)
