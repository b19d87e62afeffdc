import { z } from 'zod'
import { mergeHeldOut, thinLosses, thinPace, trainingCurve } from '../../../protocol/jobs/index.ts'
import type { HeldOutPoint, TrainingCurve } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { JobsDeps } from '../deps.ts'
import type { ProgressView } from '../types.ts'

/** Trainings whose history is kept on disk, and in memory; of more, the oldest go. */
const mostKept = 1_000
const mostInMemory = 64
/** So often at most a training under way is written: what a crash loses its worker says again, but for the pace. */
const saveMs = 5_000

export const keptCurve = trainingCurve.extend({
  /** Milliseconds since 1970 of the last change. */
  at: z.int().min(0)
})

/** How trainings of the deployed adapters went, for people: nothing is decided by it. */
export interface Curves {
  start(): Promise<void>
  /** @param losses every step's so far */
  note(award: Hex, progress: ProgressView, losses: readonly number[], heldOut: readonly HeldOutPoint[]): void
  /** Writes what there is. @param losses every step's, where they are known */
  close(award: Hex, losses: readonly number[]): Promise<void>
  of(award: Hex): Promise<TrainingCurve | undefined>
}

interface Live {
  curve: TrainingCurve
  losses: readonly number[]
  savedAt: number
}

const nothing: TrainingCurve = { steps: 0, losses: [], heldOut: [], pace: [] }

export function createCurves({ store, clock, log }: Pick<JobsDeps, 'store' | 'clock' | 'log'>): Curves {
  const table = store.collection('jobs/curves', keptCurve)
  const lives = createCache<Hex, Live>({ max: mostInMemory })

  /** What is said of a training after a restart goes on from what was kept of it. */
  const known = async (award: Hex): Promise<TrainingCurve> => {
    const kept = await table.get(award)
    if (kept === undefined) return nothing
    const { at: _, ...curve } = kept
    return curve
  }
  const whole = ({ curve, losses }: Live): TrainingCurve => {
    const told = curve.losses.at(-1)?.step ?? 0
    return losses.length < told ? curve : { ...curve, losses: thinLosses(losses) }
  }
  const save = async (award: Hex, live: Live): Promise<void> => {
    live.savedAt = clock.now()
    await table.put(award, { ...whole(live), at: Math.round(clock.now()) }, { sync: false })
  }

  return {
    async start() {
      const ages: [number, string][] = []
      for await (const [award, { at }] of table.entries()) ages.push([at, award])
      for (const [, award] of ages.sort(([a], [b]) => b - a).slice(mostKept)) await table.delete(award)
    },
    note(award, progress, losses, heldOut) {
      const now = clock.now()
      const live = lives.get(award)
      if (live === undefined) {
        const entry: Live = { curve: nothing, losses, savedAt: now }
        lives.set(award, entry)
        known(award)
          .then(kept => {
            const { pace, heldOut: said, steps } = entry.curve
            const earlier = kept.pace.filter(({ step }) => step < (pace[0]?.step ?? Infinity))
            entry.curve = {
              steps: Math.max(steps, kept.steps),
              losses: kept.losses,
              heldOut: mergeHeldOut(kept.heldOut, said),
              pace: thinPace([...earlier, ...pace])
            }
          })
          .catch((error: unknown) => {
            log.info("a training's earlier history cannot be read", { award, error })
          })
      }
      const entry = live ?? lives.get(award)
      if (entry === undefined) return
      const { step, steps, tokensPerSecond, lr } = progress
      entry.losses = losses
      entry.curve = {
        ...entry.curve,
        steps,
        heldOut: mergeHeldOut(entry.curve.heldOut, heldOut),
        pace: thinPace([
          ...entry.curve.pace.filter(point => point.step < step),
          { step, at: now, tokensPerSecond, lr: lr ?? null }
        ])
      }
      if (now - entry.savedAt < saveMs) return
      save(award, entry).catch((error: unknown) => {
        log.info("a training's history was not kept", { award, error })
      })
    },
    async close(award, losses) {
      const live = lives.get(award) ?? { curve: await known(award), losses, savedAt: 0 }
      live.losses = losses.length >= live.losses.length ? losses : live.losses
      live.curve = { ...live.curve, steps: Math.max(live.curve.steps, losses.length) }
      await save(award, live)
    },
    async of(award) {
      const live = lives.get(award)
      if (live !== undefined) return whole(live)
      const kept = await known(award)
      return kept === nothing ? undefined : kept
    }
  }
}
