import type { DatanetRules } from './types.ts'

type Windows = Pick<DatanetRules, 'voteSeconds'>

/** Least and most patience with a shard, and how much more a large one gets: 256 bytes a millisecond. */
const leastPatienceMs = 3_000
const mostPatienceMs = 60_000
const bytesPerMs = 256

/** How long a vote lasts, from when it opened. Milliseconds, as all here; each peer counts by its own clock. */
export const voteMs = ({ voteSeconds }: Windows): number => voteSeconds * 1000

/**
 * How long commitments to votes count, from when the vote opened: votes are shown after half of the window at the
 * latest, so whoever commits later has seen them.
 */
export const commitMs = ({ voteSeconds }: Windows): number => voteSeconds * 500

/** Least time left to those who have not committed once more than two thirds of the weight have. */
const leastGraceMs = 5_000

/**
 * When votes are shown though somebody has not committed: once more than two thirds of the weight have, those that are
 * missing have as long again as it took, and no longer than commitments count. So one that is away holds up a
 * contribution for seconds where validators are quick, and where people read it is waited for like them.
 * @param since when the vote opened
 * @param quorum when more than two thirds of the weight had committed
 */
export const showAt = (rules: Windows, since: number, quorum: number): number =>
  Math.min(since + commitMs(rules), quorum + Math.max(leastGraceMs, quorum - since))

/**
 * How long a validator looks for a shard before it votes against it. Counted from its reveal on, where it can look at
 * once, and not from its turn: of many that nobody has, all lose their turn at once. Only time counts in which it could
 * look: on a machine that is behind that is less than what passes by the clock.
 */
export function patienceMs(rules: Windows, bytes: number): number {
  const patience = Math.min(mostPatienceMs + bytes / bytesPerMs, voteMs(rules) / 4)
  return Math.max(leastPatienceMs, Math.round(patience))
}
