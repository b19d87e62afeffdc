import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Level } from 'level'
import { z } from 'zod'
import { openStore } from '../../../node/store/index.ts'
import type { Collection, Store } from '../../../node/store/index.ts'
import { scratch } from '../../harness/index.ts'

const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = []
  for await (const item of source) out.push(item)
  return out
}

describe('store: tables that hold nothing', () => {
  const restoring: (() => void)[] = []
  let store: Store
  let looks = 0
  let run = 0
  const table = (): Collection<string> => store.collection(`table-${run++}`, z.string())
  /** Has each call of a method of the database counted. */
  function count(method: 'iterator' | 'keys'): void {
    const original = Reflect.get(Level.prototype, method) as (...range: unknown[]) => unknown
    Reflect.set(Level.prototype, method, function (this: Level, ...range: unknown[]) {
      looks++
      return Reflect.apply(original, this, range)
    })
    restoring.push(() => {
      Reflect.set(Level.prototype, method, original)
    })
  }
  before(async () => {
    store = await openStore(await scratch('empties'))
    count('iterator')
    count('keys')
  })
  after(async () => {
    for (const restore of restoring) restore()
    await store.close()
  })
  const looksOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = looks
    await work()
    return looks - before
  }

  it('are looked through once, until something is put into them', async () => {
    const one = table()
    const entries = () => all(one.entries())
    assert.equal(await looksOf(entries), 1)
    assert.equal(await looksOf(entries), 0)
    assert.equal(await looksOf(() => all(one.keys({ prefix: 'a', limit: 5, reverse: true }))), 0)
    await one.put('a', '1')
    assert.deepEqual(await entries(), [['a', '1']])
    await one.delete('a')
    assert.equal(await looksOf(entries), 1)
    assert.equal(await looksOf(entries), 0)
    await store.batch(batch => batch.put(one, 'b', '2'))
    assert.deepEqual(await entries(), [['b', '2']])
  })

  it('are none where only a part of them was looked through, or less than that', async () => {
    const one = table()
    await one.put('b', '2')
    assert.deepEqual(await all(one.keys({ prefix: 'a' })), [])
    assert.deepEqual(await all(one.keys({ to: 'b' })), [])
    assert.deepEqual(await all(one.keys({ from: 'c' })), [])
    assert.deepEqual(await all(one.keys({ limit: 0 })), [])
    assert.deepEqual(await all(one.keys()), ['b'])
  })

  it('are seen as they are by whoever looks after a write, whatever goes on beside it', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b'), put: fc.boolean(), sync: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async steps => {
        const one = table()
        const there = new Set<string>()
        const beside: Promise<unknown>[] = []
        for (const { key, put, sync } of steps) {
          beside.push(all(one.keys()))
          const written = put ? one.put(key, key, { sync }) : one.delete(key, { sync })
          beside.push(all(one.keys()))
          await written
          if (put) there.add(key)
          else there.delete(key)
          assert.deepEqual(await all(one.keys()), [...there].sort())
        }
        await Promise.all(beside)
        assert.deepEqual(await all(one.keys()), [...there].sort())
      }),
      { numRuns: 60 }
    )
  })
})
