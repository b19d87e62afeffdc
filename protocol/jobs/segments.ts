import { z } from 'zod'
import { cidText } from '../primitives/hex.ts'

// A training is committed in segments: a worker states, for each adapter, where it stood after each of a few runs of
// steps, weights and moments and average, before chance says which of them are run again.

/** Segments of one adapter's training at most. */
export const mostSegments = 8
/**
 * Steps that a segment has at least, but where a whole training has fewer: a state takes four times an adapter's bytes,
 * with its worker, its builder and on the way, and running a few steps again takes no time.
 */
export const leastSteps = 64

/** States of one adapter, by CID, after each of its segments; none where nothing is trained. */
export const committedStates = z.array(cidText).max(mostSegments)

/** Steps that are done after each segment of a training of so many, the last being all of them. */
export function segmentEnds(steps: number): number[] {
  const count = steps === 0 ? 0 : Math.max(1, Math.min(mostSegments, Math.floor(steps / leastSteps)))
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 1) * steps) / count))
}

/** The steps that a segment runs from, done ones counted, and up to. */
export function segmentOf(steps: number, segment: number): { readonly from: number; readonly to: number } | undefined {
  const ends = segmentEnds(steps)
  const to = ends[segment]
  return to === undefined ? undefined : { from: ends[segment - 1] ?? 0, to }
}
