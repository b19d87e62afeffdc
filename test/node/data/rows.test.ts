import assert from 'node:assert/strict'
import fc from 'fast-check'
import { z } from 'zod'
import { RowIndex, printRow } from '../../../protocol/data/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { createAcceptedRows } from '../../../node/data/validator/rows.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { scratch } from '../../harness/index.ts'
import { memoryStore } from './in-memory.ts'

const rowOf = (prompt: string, response: string): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: response }
  ]
})
/** Few words, of which some are slips of others, so that rows are alike in every way there is. */
const word = fc.constantFrom(
  'capital',
  'captial',
  'capitol',
  'river',
  'rivers',
  'rivre',
  'longest',
  'Peru',
  'Chad',
  '12',
  'what',
  'of'
)
const row = fc
  .record({
    words: fc.array(word, { minLength: 1, maxLength: 5 }),
    answer: fc.constantFrom('Lima', 'lima.', 'yes', 'no')
  })
  .map(({ words, answer }) => rowOf(words.join(' '), answer))
const shard = fc.array(row, { minLength: 1, maxLength: 4 })

describe('data: accepted rows on disk', function () {
  this.timeout(120_000)
  let store: Store
  before(async () => {
    store = await openStore(await scratch('rows'))
  })
  after(() => store.close())

  it('finds for every row the same first author as an index of all rows in memory', async () => {
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(shard, { maxLength: 8 }),
        shard,
        fc.integer({ min: 1, max: 10 }),
        async (shards, asked, order) => {
          const datanet = keccak(`datanet ${run++}`)
          const rows = createAcceptedRows(store)
          const all = new RowIndex(500)
          // Out of order, as certificates may come.
          for (const at of shards.keys()) {
            const place = (at * 5) % shards.length === 0 ? at : shards.length - at
            const contribution = keccak(`contribution ${run} ${at}`)
            const own = shards[at] ?? []
            await rows.add(
              datanet,
              { contribution, order: place + 1 },
              own.map((content, i) => [i, content] as const)
            )
            for (const [i, content] of own.entries())
              all.add(printRow(content), { contribution, order: place + 1, row: i })
          }
          const like = await rows.like(datanet, asked, 500)
          for (const content of asked) {
            const print = printRow(content)
            assert.deepEqual(like.exact(print, order)?.order, all.exact(print, order)?.order)
            assert.deepEqual(like.near(print, order)?.order, all.near(print, order)?.order)
            // Advice looks at a few rows only: what it finds is there.
            if (like.within(print, order) !== undefined) assert.ok(all.within(print, order) !== undefined)
          }
        }
      ),
      { numRuns: 150 }
    )
  })

  it('forgets a Datanet whole, and no other', async () => {
    const rows = createAcceptedRows(store)
    const [one, other] = [keccak('one'), keccak('other')]
    for (const datanet of [one, other])
      await rows.add(datanet, { contribution: keccak('c'), order: 1 }, [
        [0, rowOf('What is the capital of Peru?', 'Lima')]
      ])
    await rows.forget(one)
    assert.deepEqual([await rows.has(one, keccak('c')), await rows.has(other, keccak('c'))], [false, true])
    const print = printRow(rowOf('What is the capital of Peru?', 'Lima'))
    const asked = [rowOf('What is the capital of Peru?', 'Lima')]
    assert.equal((await rows.like(one, asked, 500)).exact(print, 9), undefined)
    assert.equal((await rows.like(other, asked, 500)).exact(print, 9)?.order, 1)
  })

  it('forgets what is written in parts whole, also between two of its writes', async () => {
    const disk = memoryStore()
    const datanet = keccak('raced')
    let forgotten: Promise<void> | undefined
    const rows = createAcceptedRows({
      ...disk,
      batch: async fill => {
        await disk.batch(fill)
        forgotten ??= rows.forget(datanet)
        // As a disk would: whoever forgets has begun before the next part.
        for (let i = 0; i < 5; i++)
          await new Promise(resolve => {
            setImmediate(resolve)
          })
      }
    })
    const list = Array.from({ length: 36 }, (_, i) => {
      const own = Array.from({ length: 1_000 }, (_, k) => `w${String.fromCodePoint(0x4e00 + i, 0x4e00 + k)}`)
      return [i, rowOf(own.join(' '), 'yes')] as const
    })
    await rows.add(datanet, { contribution: keccak('c'), order: 1 }, list)
    await forgotten
    assert.equal(await rows.has(datanet, keccak('c')), false)
    await rows.add(datanet, { contribution: keccak('c'), order: 1 }, list)
    const asked = [list[0]![1], list[35]![1]]
    const index = await rows.like(datanet, asked, 500)
    for (const row of asked) assert.equal(index.exact(printRow(row), 2)?.order, 1)
  })

  it('writes a shard of a million words in parts, and comes to the same where it was broken off', async () => {
    const tables = [
      'rows',
      'rows-exact',
      'rows-words',
      'rows-slips',
      'rows-uses',
      'rows-parts',
      'rows-of',
      'rows-count'
    ]
    const [datanet, contribution] = [keccak('wide'), keccak('c')]
    const spelt = (n: number): string =>
      `w${n.toString(26).replaceAll(/[0-9]/g, digit => 'qrstuvwxyz'[Number(digit)]!)}`
    // Each row has a thousand words of its own, and some that all have.
    const list = Array.from({ length: 80 }, (_, i) => {
      const own = Array.from({ length: 1_000 }, (_, k) => spelt(1_000 * i + k))
      return [i, rowOf(`capital river ${own.join(' ')}`, i % 2 === 0 ? 'yes' : 'no')] as const
    })
    /** What stands on disk after as many writes as are let through, and then all of them. */
    async function after(letThrough: number): Promise<{ all: string[]; largest: number; writes: number }> {
      const disk = memoryStore()
      let [left, largest, writes] = [letThrough, 0, 0]
      const counted: Store = {
        ...disk,
        batch: fill => {
          if (left-- <= 0) throw new Error('the process is ended')
          let puts = 0
          const note: Record<'put' | 'delete', () => unknown> = {
            put() {
              puts++
              return note
            },
            delete: () => note
          }
          fill(note as never)
          largest = Math.max(largest, puts)
          writes++
          return disk.batch(fill)
        }
      }
      const rows = createAcceptedRows(counted)
      if (letThrough < 100) await assert.rejects(rows.add(datanet, { contribution, order: 1 }, list), /ended/)
      left = 1_000
      await rows.add(datanet, { contribution, order: 1 }, list)
      const all: string[] = []
      for (const name of tables)
        for await (const [key, value] of disk.collection(`data/${name}`, z.unknown()).entries())
          all.push(`${name} ${key} ${JSON.stringify(value)}`)
      return { all, largest, writes }
    }
    const whole = await after(100)
    assert.ok(whole.writes > 2 && whole.largest < 100_000, `${whole.writes} writes, the largest of ${whole.largest}`)
    assert.deepEqual((await after(1)).all, whole.all)
  })
})
