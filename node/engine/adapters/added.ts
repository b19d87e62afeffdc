import { adapterScale, type Adapter, type AdapterModule } from './adapter.ts'

/** Adds an adapter's module to the weight that it adapts: w + scale · b a. */
export function addTo(
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
