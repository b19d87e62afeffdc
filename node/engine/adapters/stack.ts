import { f32, type Feeds } from '../graph/session.ts'
import type { Adapter, ModuleShape } from './adapter.ts'
import { adapterScale } from './adapter.ts'
import { gainOf, isDora } from './dora.ts'
import { inputA, inputB, inputGain } from './transform.ts'

/**
 * Several adapters as the stacked inputs of one graph whose scale is 1: each adapter's own scale is folded into b,
 * lower
 * ranks are padded with zeros, a projection that an adapter leaves alone is zero, and so is the base model (null).
 * Where one of them is DoRA, so are the gains, 1 of all that is none.
 */
export function stackAdapters(
  adapters: readonly (Adapter | null)[],
  modules: readonly ModuleShape[],
  rank: number
): Feeds {
  const count = adapters.length
  const scaled = adapters.some(isDora)
  const feeds: Feeds = {}
  for (const m of modules) {
    const a = new Float32Array(count * rank * m.in)
    const b = new Float32Array(count * m.out * rank)
    const gains = scaled ? new Float32Array(count * m.out).fill(1) : undefined
    adapters.forEach((adapter, k) => {
      const own = adapter?.modules.find(x => x.path === m.path)
      if (adapter === null || own === undefined) return
      a.set(own.a, k * rank * m.in)
      gains?.set(gainOf(own) ?? [], k * m.out)
      const scale = adapterScale(adapter)
      for (let o = 0; o < m.out; o++) {
        for (let r = 0; r < adapter.rank; r++)
          b[(k * m.out + o) * rank + r] = scale * (own.b[o * adapter.rank + r] ?? 0)
      }
    })
    feeds[inputA(m.path)] = f32(a, [count, rank, m.in])
    feeds[inputB(m.path)] = f32(b, [count, m.out, rank])
    if (gains !== undefined) feeds[inputGain(m.path)] = f32(gains, [count, 1, m.out])
  }
  return feeds
}
