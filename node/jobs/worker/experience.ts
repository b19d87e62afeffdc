import { z } from 'zod'
import type { Lot } from '../../../protocol/jobs/index.ts'
import type { Store } from '../../store/index.ts'

// How long work took, compared with what was reckoned: a machine also does other things, and a few steps do not show
// all. What is learnt stays over restarts, and within bounds: one odd job does not make a worker bid nonsense.

export const ratioBounds = { least: 0.25, most: 16 } as const
/** The last so many lots count, the newer ones more. */
const remembered = 5

export const experienceRecord = z.strictObject({
  ratio: z.number().min(ratioBounds.least).max(ratioBounds.most),
  lots: z.int().min(1)
})
export type ExperienceRecord = z.infer<typeof experienceRecord>

/** What is known after one more lot: the geometric mean, since twice as long and half as long are equally far off. */
export function learnt(
  before: ExperienceRecord | undefined,
  { reckoned, took }: { reckoned: number; took: number }
): ExperienceRecord | undefined {
  if (!(reckoned > 0 && took > 0 && Number.isFinite(reckoned) && Number.isFinite(took))) return before
  const bounded = (ratio: number): number => Math.min(ratioBounds.most, Math.max(ratioBounds.least, ratio))
  const fresh = bounded(took / reckoned)
  const lots = (before?.lots ?? 0) + 1
  const weight = 1 / Math.min(lots, remembered)
  const ratio = Math.exp((1 - weight) * Math.log(before?.ratio ?? fresh) + weight * Math.log(fresh))
  return { ratio: bounded(ratio), lots }
}

export interface Experience {
  /** What an estimate of such a lot is multiplied by; 1 before the first. */
  ratio(kind: Lot['kind']): Promise<number>
  /** Seconds. Kept on disk when it resolves. */
  note(kind: Lot['kind'], times: { reckoned: number; took: number }): Promise<void>
}

export function createExperience(store: Pick<Store, 'collection'>): Experience {
  const table = store.collection('jobs/experience', experienceRecord)
  return {
    ratio: async kind => (await table.get(kind))?.ratio ?? 1,
    async note(kind, times) {
      const after = learnt(await table.get(kind), times)
      if (after !== undefined) await table.put(kind, after)
    }
  }
}
