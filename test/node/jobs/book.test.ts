import assert from 'node:assert/strict'
import { createBook } from '../../../node/jobs/book.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { canonicalJson, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { award, bid, builderKey, delivery, job, jobId, network, now, workerKey } from '../../protocol/jobs/documents.ts'
import { memoryStore } from '../data/in-memory.ts'

const clock = { now: () => Number(now) * 1000 }
const stranger = (i: number) => {
  const key = Uint8Array.from(fromHex(keccak(`stranger ${i}`)))
  return { key, worker: addressOfKey(key) }
}

/** The same store, and what was written to it. */
function counted(store: Store): { store: Pick<Store, 'collection'>; bytes: () => number } {
  let bytes = 0
  return {
    bytes: () => bytes,
    store: {
      collection(name, schema) {
        const table = store.collection(name, schema)
        return {
          ...table,
          put(key, value, options) {
            bytes += canonicalJson(value).length
            return table.put(key, value, options)
          }
        }
      }
    }
  }
}

describe('a job that strangers fill with bids, and its builder with awards', () => {
  it('costs those who hear one more of them that message, and not all that were there before', async () => {
    const { store, bytes } = counted(memoryStore())
    const book = createBook({ store, network, clock } as unknown as Parameters<typeof createBook>[0])
    await book.take({ kind: 'job', job: job() })
    const each: number[] = []
    for (let i = 0; i < 60; i++) {
      const { key, worker } = stranger(i)
      const before = bytes()
      await book.take({ kind: 'bid', bid: bid({ worker }, key) })
      await book.take({ kind: 'award', award: award({ worker }, { kind: 'adapter' }, builderKey) })
      each.push(bytes() - before)
    }
    assert.ok(each[59]! <= each[0]! + 100, `${each[0]} bytes for the first, ${each[59]} for the last`)
  })

  it('takes no more of a node than there is room for with all others, but for what is its own', async () => {
    const open = (self?: `0x${string}`) =>
      createBook({ store: memoryStore(), network, clock, self } as unknown as Parameters<typeof createBook>[0], {
        most: 6,
        few: 3
      })
    const bidBy = (i: number) => bid({ worker: stranger(i).worker }, stranger(i).key)
    for (const [self, room] of [
      [undefined, 6],
      [addressOfKey(builderKey), 12]
    ] as const) {
      const book = open(self)
      await book.take({ kind: 'job', job: job() })
      const taken: boolean[] = []
      for (let i = 0; i < 12; i++)
        taken.push(
          await book.take({ kind: 'bid', bid: bidBy(i) }).then(
            () => true,
            (error: { code: string; consequence: string }) => {
              assert.deepEqual([error.code, error.consequence], ['job.many', 'ignore'])
              return false
            }
          )
        )
      assert.equal(taken.filter(Boolean).length, room)
      // Another job has its few all the same, and a bid may take the place of the same worker's.
      const other = job({ createdAt: now - 9n })
      const { id } = (await book.take({ kind: 'job', job: other })) ?? {}
      for (let i = 0; i < 3; i++)
        await book.take({ kind: 'bid', bid: bid({ job: id!, worker: stranger(i).worker }, stranger(i).key) })
      assert.equal(book.get(id!)?.bids.length, 3)
      await book.take({ kind: 'bid', bid: bid({ worker: stranger(0).worker, price: 1n }, stranger(0).key) })
      if (self !== undefined) continue
      // What is over makes room before anything open has to.
      const ended = { job: jobId, completed: false, result: '' }
      await book.take({ kind: 'closed', closed: signStatement(network, 'JobClosed', ended, builderKey) })
      const late = bid({ job: id!, worker: stranger(7).worker }, stranger(7).key)
      assert.ok((await book.take({ kind: 'bid', bid: late })) !== undefined)
      assert.equal(book.get(jobId), undefined)
    }
  })

  it('without money keeps no room from one with money, and neither does one that lies about its budget', async () => {
    const rich = new Set<string>([stranger(99).worker])
    const book = createBook(
      {
        store: memoryStore(),
        network,
        clock,
        self: stranger(98).worker,
        funds: { has: async (builder: string) => rich.has(builder), isPaidFor: async () => false }
      } as unknown as Parameters<typeof createBook>[0],
      { jobs: 6, crowded: 4 }
    )
    const jobBy = (i: number, createdAt = now - 10n) => {
      const { key, worker: builder } = stranger(i)
      return book.take({ kind: 'job', job: job({ builder, createdAt, budget: 10n ** 30n }, key) })
    }
    for (let i = 0; i < 4; i++) await jobBy(i)
    // From now on only who can pay is heard, and this node itself.
    await assert.rejects(jobBy(4), { code: 'job.many', consequence: 'ignore' })
    for (let i = 0n; i < 6n; i++) assert.ok((await jobBy(99, now - 20n + i)) !== undefined)
    const builders = [...book.all()].map(([, { document }]) => document.statement.message.builder)
    assert.equal(builders.length, 6)
    assert.equal(builders.filter(builder => rich.has(builder)).length, 6)
    await assert.rejects(jobBy(99, now - 9n), { code: 'job.many' })
  })

  it('is the same after a start, and gone whole once it is forgotten', async () => {
    const store = memoryStore()
    const open = async () => {
      const book = createBook({ store, network, clock } as unknown as Parameters<typeof createBook>[0])
      await book.load()
      return book
    }
    const book = await open()
    await book.take({ kind: 'job', job: job() })
    await book.take({ kind: 'bid', bid: bid({ price: 100n }) })
    await book.take({ kind: 'bid', bid: bid({ price: 90n }) })
    for (const attempt of [0, 1]) await book.take({ kind: 'award', award: award({ attempt }) })
    await book.take({ kind: 'delivery', delivery: delivery({}, workerKey) })
    const known = book.get(jobId)
    assert.deepEqual(
      [known?.bids.map(({ message }) => message.price), known?.awards.length, known?.deliveries.length],
      [[90n], 2, 1]
    )
    assert.deepEqual((await open()).get(jobId), known)
  })

  it('is read as it was written when all of it stood in one row', async () => {
    const store = memoryStore()
    const before = createBook({ store, network, clock } as unknown as Parameters<typeof createBook>[0])
    await before.take({ kind: 'job', job: job() })
    await before.take({ kind: 'bid', bid: bid() })
    await before.take({ kind: 'award', award: award() })
    const whole = before.get(jobId)
    const old = memoryStore()
    await old.collection('jobs/known', { parse: (value: unknown) => value } as never).put(jobId, whole)
    for (let starts = 0; starts < 2; starts++) {
      const book = createBook({ store: old, network, clock } as unknown as Parameters<typeof createBook>[0])
      await book.load()
      assert.deepEqual(book.get(jobId), whole)
    }
  })
})
