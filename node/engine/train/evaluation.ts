import type { Tuned } from '../adapters/index.ts'
import type { EvaluationResult, TrainRow } from '../types.ts'
import { Random } from '../weights/random.ts'

/** How adapters are evaluated, while they are trained, on rows that they are not trained on. */
export interface EvaluationRun {
  readonly everySteps: number
  /** Evaluations without a better one after which an adapter's training ends; 0 = never. */
  readonly patience: number
  /** Mean loss per labelled token. */
  loss(adapter: Tuned, rows: readonly TrainRow[]): Promise<number>
}

/**
 * Indices of `count` rows, at least two, in two parts, each in the rows' order: which one is kept back follows from the
 * seed alone.
 */
export function splitRows(
  count: number,
  share: number,
  seed: number
): { readonly train: number[]; readonly held: number[] } {
  const all = Array.from({ length: count }, (_, i) => i)
  const size = Math.min(count - 1, Math.max(1, Math.round(share * count)))
  const held = new Set(new Random(seed, 0xe7a0000).shuffled(all).slice(0, size))
  return { train: all.filter(i => !held.has(i)), held: all.filter(i => held.has(i)) }
}

/** Whether an evaluation follows a step, which counts from 1. */
export function isDue(step: number, steps: number, { everySteps }: EvaluationRun): boolean {
  return step === steps || step % everySteps === 0
}

/**
 * Index of the lowest loss, the first of equals; a loss that is no number is as bad as can be. −1 where there is none.
 */
export function bestEvaluation(evaluations: readonly EvaluationResult[]): number {
  const rank = (i: number): number => {
    const loss = evaluations[i]?.loss ?? NaN
    return Number.isNaN(loss) ? Infinity : loss
  }
  return evaluations.reduce((best, _, i) => (best === -1 || rank(i) < rank(best) ? i : best), -1)
}

/** Early stopping: whether as many evaluations as `patience` came after the best one. */
export function isOver(evaluations: readonly EvaluationResult[], patience: number): boolean {
  return patience > 0 && evaluations.length - 1 - bestEvaluation(evaluations) >= patience
}
