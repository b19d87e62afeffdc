import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createCache } from '../../../node/runtime/index.ts'

/** What a bounded memory would hold, slowly: pairs in the order of last use. */
function modelOf(max: number, most: number): { held: [number, number][]; use(key: number, weighs?: number): void } {
  const held: [number, number][] = []
  return {
    held,
    use(key, weighs) {
      const at = held.findIndex(([other]) => other === key)
      const [before] = at < 0 ? [] : held.splice(at, 1)
      if (weighs === undefined) {
        if (before !== undefined) held.push(before)
        return
      }
      held.push([key, weighs])
      const total = (): number => held.reduce((sum, [, of]) => sum + of, 0)
      while (held.length > 1 && (held.length > max || total() > most)) held.shift()
    }
  }
}

describe('a bounded memory', () => {
  it('holds what was used last, never more entries or weight than it may, but for the newest alone', () => {
    const step = fc.record({ key: fc.nat(9), weighs: fc.option(fc.nat(40), { nil: undefined }), drops: fc.boolean() })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(80), fc.array(step), (max, most, steps) => {
        const cache = createCache<number, number>({ max, weight: { of: weighs => weighs, most } })
        const model = modelOf(max, most)
        for (const { key, weighs, drops } of steps) {
          if (weighs !== undefined) cache.set(key, weighs)
          else if (drops) cache.delete(key)
          else cache.get(key)
          const at = model.held.findIndex(([other]) => other === key)
          if (weighs === undefined && drops) model.held.splice(at, at < 0 ? 0 : 1)
          else model.use(key, weighs)
          assert.equal(cache.size, model.held.length)
        }
        for (const [key, weighs] of model.held) assert.equal(cache.get(key), weighs)
        cache.clear()
        cache.set(0, most)
        cache.set(1, 0)
        assert.equal(cache.size, Math.min(max, 2))
      })
    )
  })
})
