import type { Lot, TuneSpec } from '../../../protocol/jobs/index.ts'
import type { Estimator } from './estimate.ts'
import type { Experience } from './experience.ts'

/** A lot that this worker has taken and not finished. */
export interface TakenLot {
  readonly spec: TuneSpec
  readonly lot: Lot
  /** Of the training under way, by its own progress; undefined where it has not begun. */
  readonly secondsLeft: number | undefined
}

/**
 * Seconds of training here before anything that is taken now begins. What nothing was measured of, or cannot be
 * reckoned now, counts nothing.
 */
export async function secondsAhead(
  taken: readonly TakenLot[],
  { reckon }: Pick<Estimator, 'reckon'>,
  { ratio }: Pick<Experience, 'ratio'>,
  signal?: AbortSignal
): Promise<number> {
  let sum = 0
  for (const { spec, lot, secondsLeft } of taken) {
    const reckoned = secondsLeft ?? (await reckon(spec, lot, signal).catch(() => undefined)) ?? 0
    sum += secondsLeft === undefined ? reckoned * (await ratio(lot.kind)) : reckoned
  }
  return Math.ceil(sum)
}
