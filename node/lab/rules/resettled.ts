// A share of each epoch's money is kept back, and divided again by what a later version's siblings say. Nobody gives
// anything back: whoever got too much at first gets nothing of what was kept, and that goes to who got too little.

/** What of the money is kept back. */
export const keptBack = 0.5

/**
 * @param first shares as they were paid; what is missing to one was held, and is divided again too
 * @param later shares of the same players as a later version has them
 */
export function resettle(first: readonly number[], later: readonly number[], kept = keptBack): number[] {
  const paid = first.map(share => share * (1 - kept))
  const left = 1 - paid.reduce((a, b) => a + b, 0)
  const missing = paid.map((share, i) => Math.max(0, (later[i] ?? 0) - share))
  const sum = missing.reduce((a, b) => a + b, 0)
  return paid.map((share, i) => share + (sum > 0 ? (left * (missing[i] ?? 0)) / sum : 0))
}
