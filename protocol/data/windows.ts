import type { DatanetRules } from './types.ts'

type Windows = Pick<DatanetRules, 'voteSeconds'>

/** Least and most patience with a shard, and how much more a large one gets: 256 bytes a millisecond. */
const leastPatienceMs = 3_000
const mostPatienceMs = 60_000
const bytesPerMs = 256

/** How long a vote lasts, from when it opened. Milliseconds, as all here; each peer counts by its own clock. */
export const voteMs = ({ voteSeconds }: Windows): number => voteSeconds * 1000

/**
 * How long commitments to votes count, from when the vote opened: votes are shown after half of the window, so whoever
 * commits later may have seen them.
 */
export const commitMs = ({ voteSeconds }: Windows): number => voteSeconds * 500

/**
 * How long a shard may be away, from when it was shown, before a validator votes against it. Counted from its reveal
 * and not from its turn: of many that nobody has, all lose their turn at once.
 */
export function patienceMs(rules: Windows, bytes: number): number {
  const patience = Math.min(mostPatienceMs + bytes / bytesPerMs, voteMs(rules) / 4)
  return Math.max(leastPatienceMs, Math.round(patience))
}
