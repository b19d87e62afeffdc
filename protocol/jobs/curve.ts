import { z } from 'zod'

// How an adapter's training went, as far as it is worth keeping: few enough points to draw and to store, whatever the
// number of steps.

/** Points of a series that are kept: more than a screen has columns for. */
export const mostPoints = 600
/** Held-out losses of one training. */
export const mostHeldOut = 64

export const heldOutPoint = z.strictObject({ step: z.int().min(0), loss: z.number() })
export type HeldOutPoint = z.infer<typeof heldOutPoint>

/** What one report said besides losses. */
export const pacePoint = z.strictObject({
  step: z.int().min(0),
  /** Milliseconds since 1970, by the builder's clock. */
  at: z.number(),
  tokensPerSecond: z.number(),
  lr: z.number().nullable()
})
export type PacePoint = z.infer<typeof pacePoint>

/** A training's history: losses as means over equal stretches of steps. */
export const trainingCurve = z.strictObject({
  steps: z.int().min(0),
  losses: z.array(z.strictObject({ step: z.int().min(0), loss: z.number() })).max(mostPoints),
  heldOut: z.array(heldOutPoint).max(mostHeldOut),
  pace: z.array(pacePoint).max(mostPoints)
})
export type TrainingCurve = z.infer<typeof trainingCurve>

/** Means over equal stretches, each under its last step: no more than `most` points. */
export function thinLosses(losses: readonly number[], most = mostPoints): { step: number; loss: number }[] {
  const stretch = Math.max(1, Math.ceil(losses.length / most))
  const points: { step: number; loss: number }[] = []
  for (let from = 0; from < losses.length; from += stretch) {
    const part = losses.slice(from, from + stretch)
    points.push({ step: from + part.length, loss: part.reduce((sum, loss) => sum + loss, 0) / part.length })
  }
  return points
}

/** Every second point goes when there are too many; the newest stays. */
export function thinPace(points: readonly PacePoint[], most = mostPoints): PacePoint[] {
  return points.length <= most ? [...points] : points.filter((_, i) => (points.length - 1 - i) % 2 === 0)
}

/** Later words on a step take the place of earlier ones; in the order of the steps, the first `mostHeldOut` of them. */
export function mergeHeldOut(known: readonly HeldOutPoint[], said: readonly HeldOutPoint[]): HeldOutPoint[] {
  const bySteps = new Map([...known, ...said].map(({ step, loss }) => [step, loss]))
  return [...bySteps]
    .sort(([a], [b]) => a - b)
    .slice(0, mostHeldOut)
    .map(([step, loss]) => ({ step, loss }))
}

/** Rows that held-out loss is measured on while training goes on, and how often at most. */
export const heldOutSample = 32
const mostEvaluations = 10
/** What measuring may cost, as a part of the training itself: a pass without gradients is a third of one with. */
const evaluationShare = 0.05

/** Steps from one measurement of the held-out loss to the next, so that watching costs little. */
export function evaluateEvery({ steps, rows, held }: { steps: number; rows: number; held: number }): number {
  const affordable = Math.floor((rows * 3 * evaluationShare) / Math.max(1, held))
  return Math.max(1, Math.ceil(steps / Math.max(1, Math.min(mostEvaluations, affordable))))
}
