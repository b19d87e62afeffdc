import assert from 'node:assert/strict'
import fc from 'fast-check'
import { writeAll } from '../../../node/store/index.ts'

describe('many entries written to a database', () => {
  it('come whole, in order, and the last batch flushes whatever their number', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 999, 1_000, 1_001, 2_000, 2_001), async count => {
        const calls: { keys: number[]; sync: boolean }[] = []
        const db = {
          async batch(puts: { key: number }[], { sync }: { sync: boolean }) {
            calls.push({ keys: puts.map(({ key }) => key), sync })
          }
        }
        const entries = Array.from({ length: count }, (_, i) => [i, i] as const)
        const written = await writeAll(
          db,
          (async function* () {
            yield* entries
          })()
        )
        assert.equal(written, count)
        assert.deepEqual(
          calls.flatMap(({ keys }) => keys),
          entries.map(([key]) => key)
        )
        assert.ok(calls.every(({ keys }) => keys.length > 0))
        assert.deepEqual(
          calls.map(({ sync }) => sync),
          calls.map((_, i) => i === calls.length - 1)
        )
      })
    )
  })
})
