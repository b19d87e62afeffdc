// When each pending epoch is checked, and when it can wait no longer. All of it follows from the chain's times and from
// what was tried: pure, so that a test walks through any number of pools.

/** A pending epoch as far as its turn depends on it. */
export interface Turn {
  /** Whether this node has a vote in the pool: then others count on its check. */
  readonly voice: boolean
  /** How often it was tried and could not be checked. */
  readonly tries: number
  /** Chain seconds. */
  readonly challengeEnds: bigint
}

/**
 * `open`: what cannot be checked now is tried again. `late`: what cannot be checked now is opposed. `last`: so is what
 * nobody here has come to yet, or is still at.
 */
export type Stage = 'open' | 'late' | 'last' | 'over'

/**
 * The last quarter of a window is late; its last eighth, or second, leaves just the time for a transaction. Chain
 * seconds are whole ones.
 */
export const lateFrom = (ends: bigint, window: bigint): bigint => ends - atLeast(window / 4n, 2n)
export const lastFrom = (ends: bigint, window: bigint): bigint => ends - atLeast(window / 8n, 1n)
const atLeast = (seconds: bigint, least: bigint): bigint => (seconds < least ? least : seconds)

/** @param now chain seconds */
export function stageOf({ challengeEnds: ends }: Pick<Turn, 'challengeEnds'>, window: bigint, now: bigint): Stage {
  if (now >= ends) return 'over'
  if (now >= lastFrom(ends, window)) return 'last'
  return now >= lateFrom(ends, window) ? 'late' : 'open'
}

/** Checks that run at once: of pools in which this node has a vote, and of all others together. */
export const checksAtOnce = { voice: 4, others: 1 } as const
/** A check that takes longer gives its place to the others, and has another turn after them. */
const longest = 600_000
const shortest = 10_000
export const checkMs = (window: bigint): number => Math.min(longest, Math.max(shortest, Number(window) * 250))

/** Milliseconds until what could not be checked is tried again. */
export const pauseMs = (window: bigint, tries: number): number => Math.min(30_000, (Number(window) * 1000 * tries) / 32)

/** What was tried less often comes first, so that what hangs keeps nothing waiting twice; then what ends first. */
function before(a: Turn, b: Turn): number {
  if (a.tries !== b.tries) return a.tries - b.tries
  return a.challengeEnds < b.challengeEnds ? -1 : a.challengeEnds > b.challengeEnds ? 1 : 0
}

/** Those that begin now. Strangers' pools have a place of their own, and take none of those that count on this node. */
export function nextTurns<T extends Turn>(waiting: readonly T[], running: readonly Turn[]): T[] {
  const lane = (voice: boolean): T[] => {
    const room = checksAtOnce[voice ? 'voice' : 'others'] - running.filter(turn => turn.voice === voice).length
    return waiting
      .filter(turn => turn.voice === voice)
      .toSorted(before)
      .slice(0, Math.max(0, room))
  }
  return [...lane(true), ...lane(false)]
}
