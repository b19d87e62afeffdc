import { adapterScale, type Adapter, type AdapterModule } from './adapter.ts'
import { addToRow, gainTo, lengthOf } from './dora.ts'
import { isFull, type FullModule, type Tuned } from './full.ts'

/** Adds what full training found to the weight that it found it for: w + delta. */
export function addTo(weight: Float32Array, { delta }: FullModule): void {
  for (let i = 0; i < weight.length; i++) weight[i] = (weight[i] ?? 0) + (delta[i] ?? 0)
}

/** Adds an adapter's module to the weight that it adapts: w + scale · b a. */
function addProduct(
  weight: Float32Array,
  module: AdapterModule,
  adapter: Pick<Adapter, 'rank' | 'alpha' | 'rslora'>
): void {
  const { a, b, in: width, out } = module
  const { rank } = adapter
  const scale = adapterScale(adapter)
  for (let o = 0; o < out; o++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * (b[o * rank + r] ?? 0)
      if (factor === 0) continue
      for (let i = 0; i < width; i++)
        weight[o * width + i] = (weight[o * width + i] ?? 0) + factor * (a[r * width + i] ?? 0)
    }
  }
}

/** The same of DoRA's: each row is then brought to its length. */
function addScaled(weight: Float32Array, module: AdapterModule, magnitude: Float32Array, adapter: Adapter): void {
  const { path, in: width } = module
  magnitude.forEach((length, o) => {
    const own = weight.subarray(o * width, (o + 1) * width)
    const row = Float64Array.from(own)
    addToRow(row, module, adapter, o)
    const gain = gainTo(length, lengthOf(row), path, o)
    own.set(row.map(x => gain * x))
  })
}

function addAdapted(weight: Float32Array, module: AdapterModule, adapter: Adapter): void {
  if (module.magnitude === undefined) addProduct(weight, module, adapter)
  else addScaled(weight, module, module.magnitude, adapter)
}

/** By weight name, what adds to it what was trained. */
export function addingTo(tuned: Tuned): ReadonlyMap<string, (weight: Float32Array) => void> {
  const named = ({ path }: { readonly path: string }): string => `${path}.weight`
  return isFull(tuned)
    ? new Map(tuned.modules.map(m => [named(m), (weight: Float32Array) => addTo(weight, m)]))
    : new Map(tuned.modules.map(m => [named(m), (weight: Float32Array) => addAdapted(weight, m, tuned)]))
}
