import assert from 'node:assert/strict'
import fc from 'fast-check'
import { everyItem, pageOf } from '../../../protocol/primitives/index.ts'

describe('pages of a list', () => {
  it('give every item once, in order, whatever the size of a page', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 9 }), async (list, limit) => {
        const seen: string[] = []
        for (let cursor: string | undefined, more = true; more;) {
          const { items, next } = pageOf(list, { limit, cursor }, item => item)
          assert.ok(items.length <= limit)
          seen.push(...items)
          more = next !== null
          cursor = next ?? undefined
        }
        assert.deepEqual(seen, list)
        const all: string[] = []
        for await (const item of everyItem(page => pageOf(list, { ...page, limit }, one => one))) all.push(item)
        assert.deepEqual(all, list)
      })
    )
  })

  it('refuse a cursor whose item is gone', () => {
    assert.throws(() => pageOf(['a', 'b'], { cursor: 'c' }, item => item), { code: 'page.cursor' })
  })
})
