import { GraphError, ModelError } from '../graph/errors.ts'
import { adapterScale, type Adapter, type AdapterModule } from './adapter.ts'
import type { Tuned } from './full.ts'

// DoRA (Liu et al. 2024): each row of w + scale · b a is brought to a length of its own, the magnitude. An output is
// then gain · (w + scale · b a) x with gain = magnitude / ‖w + scale · b a‖, and a bias is added as it is.

export const isDora = (tuned: Tuned | null): boolean =>
  tuned !== null && !('kind' in tuned) && tuned.modules.some(({ magnitude }) => magnitude !== undefined)

/** Of a module whose adapter went through `withGains` (gains.ts); undefined where it has no magnitude. */
export function gainOf({ path, magnitude, gain }: AdapterModule): Float32Array | undefined {
  if (magnitude !== undefined && gain === undefined) throw new GraphError(`the rows of ${path} were not measured`)
  return gain
}

/** @throws ModelError `adapter-mismatch` for a row without a length, or with one that is no number */
export function gainTo(magnitude: number, length: number, path: string, row: number): number {
  const gain = magnitude / length
  if (Number.isFinite(gain) && Number.isFinite(length)) return gain
  throw new ModelError('adapter-mismatch', `${path}: row ${row} has the length ${length}, and DoRA divides by it`)
}

/** Adds what a module adds to one row of its weight. */
export function addToRow(
  sum: Float64Array,
  { a, b, in: width }: AdapterModule,
  adapter: Pick<Adapter, 'rank' | 'alpha' | 'rslora'>,
  row: number
): void {
  const { rank } = adapter
  const scale = adapterScale(adapter)
  for (let r = 0; r < rank; r++) {
    const factor = scale * (b[row * rank + r] as number)
    if (factor === 0) continue
    const from = r * width
    for (let i = 0; i < width; i++) sum[i] = (sum[i] as number) + factor * (a[from + i] as number)
  }
}

export function lengthOf(row: Float64Array): number {
  let squares = 0
  for (const x of row) squares += x * x
  return Math.sqrt(squares)
}

/** @throws ModelError `adapter-unsupported` where something goes on from an adapter that is no plain LoRA */
export function refuseDora(tuned: Tuned, what: string): void {
  if (!isDora(tuned)) return
  throw new ModelError('adapter-unsupported', `DoRA is read to answer, to score and to be merged: ${what}`, {
    help: 'Merge it into its base first, and go on from the merged model.'
  })
}
