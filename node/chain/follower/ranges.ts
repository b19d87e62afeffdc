// How many blocks are asked for at once. Providers allow anything from 10 to all of them, some by blocks, some by
// results, and say so each in its own words: what is refused is simply asked for in smaller pieces.

const first = 2_000
const most = 100_000
/** An answer that took so long, or held so many logs, is as much as one wants at once. */
const slowMs = 4_000
const manyLogs = 5_000
/** Answers that must come before more is tried than was ever refused, and how that grows with each new refusal. */
const patience = 2
const longestPatience = 8_192

export interface Ranges {
  /** Blocks to ask for next, at least 1. */
  next(): number
  /** An answer came. */
  answered(blocks: number, answer: { ms: number; logs: number }): void
  /** So many were refused. @returns false when not even one block is given */
  refused(blocks: number): boolean
  /** Blocks at once that the provider is known to allow, once it has refused more. */
  cap(): number | undefined
}

/** Doubles until something is refused, halves until nothing is, and then tries a little more now and then. */
export function createRanges(): Ranges {
  let span = first
  /** Largest that was answered and smallest that was refused since. */
  let good = 0
  let bad: number | undefined
  let since = 0
  let wanted = patience

  return {
    next: () => span,
    answered(blocks, { ms, logs }) {
      if (blocks < span) return // the head, not the provider, was the limit
      good = Math.max(good, blocks)
      if (ms > slowMs || logs > manyLogs) {
        span = Math.max(1, Math.floor(span / 2))
        return
      }
      if (bad === undefined) {
        span = Math.min(most, span * 2)
        return
      }
      if (++since < wanted) return
      since = 0
      // Between the two until they are close; then twice as much, since a cap by results moves with what is there.
      span = bad - good > good / 8 ? good + Math.max(1, Math.floor((bad - good) / 2)) : Math.min(most, good * 2)
    },
    refused(blocks) {
      since = 0
      if (bad !== undefined) wanted = Math.min(longestPatience, wanted * 2)
      if (blocks <= 1) return false
      bad = Math.min(bad ?? blocks, blocks)
      // A cap that was lowered, or one by results: what was good before is no measure.
      if (good >= bad) good = 0
      span = good > 0 ? good : Math.max(1, Math.floor(blocks / 2))
      return true
    },
    cap: () => (bad === undefined ? undefined : good)
  }
}
