import type { TrainSettings } from '../types.ts'
import { Random } from '../weights/random.ts'

/** Which rows each optimizer step takes: `plan[step]` is a list of row indices. */
export type Plan = readonly (readonly number[])[]

export interface PlanSettings {
  readonly epochs: number
  /** Rows of a step: batch · accumulation. */
  readonly rowsPerStep: number
  readonly seed: number
  /** false: rows in their order, going round without regard to epochs. */
  readonly shuffle?: boolean
}

/**
 * The order of rows, from the seed. Each epoch takes every row once. The plan of a set of rows does not depend on what
 * else is trained beside it.
 */
export function planSteps(rowCount: number, settings: PlanSettings): Plan {
  const all = Array.from({ length: rowCount }, (_, i) => i)
  const plan: number[][] = []
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const order = new Random(settings.seed, 0x91a0000 + epoch).shuffled(all)
    for (let at = 0; at < order.length; at += settings.rowsPerStep)
      plan.push(order.slice(at, at + settings.rowsPerStep))
  }
  return plan
}

/** Step s takes rows (s·batch + j) mod n, as the parity vectors do. */
export function planInOrder(rowCount: number, steps: number, batch: number): Plan {
  return Array.from({ length: steps }, (_, s) => Array.from({ length: batch }, (_, j) => (s * batch + j) % rowCount))
}

/** The steps of a training on so many rows, by its settings. */
export function planOf(count: number, { batch, accumulation, epochs, steps, shuffle, seed }: TrainSettings): Plan {
  if (count === 0) return []
  const rowsPerStep = batch * accumulation
  const perEpoch = Math.ceil(count / rowsPerStep)
  if (shuffle === false) return planInOrder(count, steps ?? epochs * perEpoch, rowsPerStep)
  return planSteps(count, {
    epochs: steps === undefined ? epochs : Math.ceil(steps / perEpoch),
    rowsPerStep,
    seed
  }).slice(0, steps)
}
