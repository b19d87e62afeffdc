import type { TrainRow } from '../types.ts'

/** The label of tokens that are not trained on. */
export const ignored = -100
/** Labelled tokens of a row: those a position before them predicts. */
export function labelled(row: TrainRow): number {
  let count = 0
  for (let t = 1; t < row.ids.length; t++) if ((row.labels[t] ?? ignored) !== ignored) count++
  return count
}
