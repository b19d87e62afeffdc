import assert from 'node:assert/strict'
import { createBook } from '../../../node/jobs/book.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { canonicalJson, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Funds } from '../../../node/jobs/funds.ts'
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
        funds: { has: async (builder: string) => rich.has(builder), behind: async () => ({ locked: 0n, spent: 0n }) }
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

  it('is the same after a start', async () => {
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

  describe('where room is scarce', () => {
    const thief = 1
    /** Balances by account, and the builders of whom an award is in escrow. */
    const open = (
      balances: ReadonlyMap<string, bigint>,
      bounds: Parameters<typeof createBook>[1],
      more: { isPaid?: (builder: string, worker: string) => boolean; asked?: () => Promise<void>; spent?: bigint } = {}
    ) => {
      const store = memoryStore()
      const isPaid = more.isPaid ?? (() => false)
      const funds: Funds = {
        async has(builder, amount) {
          await more.asked?.()
          return (balances.get(builder) ?? 0n) >= amount
        },
        isPaid: async (builder, { statement }) => isPaid(builder, statement.message.worker),
        behind: async ({ document, awards }) => {
          const { builder } = document.statement.message
          const paid = awards.filter(one => isPaid(builder, one.statement.message.worker))
          return { locked: paid.reduce((sum, one) => sum + one.statement.message.price, 0n), spent: more.spent ?? 0n }
        }
      }
      const deps = { store, network, clock, self: stranger(98).worker, funds }
      return { book: createBook(deps as unknown as Parameters<typeof createBook>[0], bounds), store }
    }
    type Opened = ReturnType<typeof open>['book']
    const post = async (book: Opened, i: number, budget: bigint, createdAt = now - 10n): Promise<Hex> => {
      const { key, worker: builder } = stranger(i)
      const heard = await book.take({ kind: 'job', job: job({ builder, createdAt, budget }, key) })
      return heard!.id
    }
    const bidOn = (book: Opened, id: Hex, i: number) =>
      book.take({
        kind: 'bid',
        bid: bid({ job: id, price: 1n, siblingPrice: 1n, worker: stranger(i).worker }, stranger(i).key)
      })
    const awardTo = (book: Opened, id: Hex, of: number, i: number, price = 1n) =>
      book.take({
        kind: 'award',
        award: award({ job: id, price, worker: stranger(i).worker }, { kind: 'adapter' }, stranger(of).key)
      })
    const rich = new Map([...Array(60).keys()].map(i => [stranger(i).worker as string, 1_000n]))

    it('makes room for one that offers more, where none is in escrow, whatever its builder signs', async () => {
      const paid = stranger(2).worker
      const { book } = open(rich, { jobs: 4, crowded: 2 }, { isPaid: builder => builder === paid })
      const inEscrow = await post(book, 2, 60n)
      await awardTo(book, inEscrow, 2, 50, 60n)
      const dust = [await post(book, thief, 1n), await post(book, thief, 2n, now - 11n), await post(book, thief, 3n)]
      for (const id of dust) await awardTo(book, id, thief, 51)
      const honest: Hex[] = []
      for (const [i, budget] of [
        [3, 200n],
        [4, 100n],
        [5, 300n]
      ] as const)
        honest.push(await post(book, i, budget))
      assert.deepEqual(new Set([...book.all()].map(([id]) => id)), new Set([inEscrow, ...honest]))
      await assert.rejects(post(book, 6, 100n), { code: 'job.many' })
    })

    it('is worth what is in escrow for it: jobs of one unit each keep none out that pays', async () => {
      const { book } = open(rich, { jobs: 6, crowded: 2 }, { isPaid: (_, worker) => worker === stranger(50).worker })
      const dust: Hex[] = []
      // Whatever they say of their budget, and whether their builder has it: of one account and of many.
      for (const [i, budget] of [
        [thief, 1n],
        [thief, 2n],
        [10, 3n],
        [11, 4n]
      ] as const)
        dust.push(await post(book, i, budget, now - 20n + budget))
      for (const [n, id] of dust.entries()) await awardTo(book, id, [thief, thief, 10, 11][n]!, 50)
      const working = await post(book, 2, 60n)
      await awardTo(book, working, 2, 50, 60n)
      const paying: Hex[] = []
      for (const [i, budget] of [
        [3, 100n],
        [4, 200n],
        [5, 300n],
        [6, 400n],
        [7, 450n]
      ] as const)
        paying.push(await post(book, i, budget))
      assert.deepEqual(new Set([...book.all()].map(([id]) => id)), new Set([working, ...paying]))
      // And who only has something keeps none out whose money is in escrow.
      await post(book, 8, 470n)
      assert.ok(book.get(working) !== undefined)
      assert.equal(book.get(paying[0]!), undefined)
    })

    it('is not held by what has come out of escrow, which may be paid in again', async () => {
      const { book } = open(
        new Map([[stranger(3).worker as string, 5_000n]]),
        { jobs: 3, crowded: 99 },
        { spent: 900n }
      )
      for (const at of [1n, 2n, 3n]) await post(book, thief, 900n, now - at)
      assert.ok((await post(book, 3, 500n)) !== undefined)
    })

    it('counts an award that is not in escrow as nothing: its job needs its money as before', async () => {
      const { book } = open(rich, { jobs: 9, crowded: 2 })
      for (const at of [1n, 2n]) await awardTo(book, await post(book, thief, 600n, now - at), thief, 51)
      await assert.rejects(post(book, thief, 600n, now - 3n), { code: 'job.many' })
    })

    it('is scarce by those that are open, and not by those that are over', async () => {
      const { book } = open(new Map(), { jobs: 4, crowded: 3 })
      for (let i = 0; i < 9; i++) {
        const id = await post(book, i, 10n)
        const ended = { job: id, completed: false, result: '' }
        await book.take({ kind: 'closed', closed: signStatement(network, 'JobClosed', ended, stranger(i).key) })
      }
      assert.equal([...book.all()].length, 4)
    })

    it('asks for money beside what goes on meanwhile', async () => {
      let answer: () => void = () => undefined
      const slow = new Promise<void>(resolve => {
        answer = resolve
      })
      const { book } = open(rich, { jobs: 99, crowded: 1 }, { asked: () => slow })
      const id = await post(book, 0, 10n)
      const asking = [...Array(20).keys()].map(i => post(book, i + 1, 10n))
      assert.ok((await bidOn(book, id, 50)) !== undefined)
      answer()
      assert.equal((await Promise.all(asking)).length, 20)
    })

    it('keeps awards in escrow, and what is said of jobs that offer more, however many bids others have', async () => {
      const paidTo = stranger(55).worker
      const { book } = open(rich, { most: 14, few: 2 }, { isPaid: (_, worker) => worker === paidTo })
      const honest = await post(book, 2, 100n)
      const other = await post(book, 3, 50n)
      const junk = [await post(book, 90, 10n ** 30n), await post(book, thief, 5n)]
      for (const i of [10, 11]) for (const id of [honest, other]) await bidOn(book, id, i)
      for (const id of junk) for (const i of [10, 11, 12, 13, 14]) await bidOn(book, id, i)
      // None of it was paid, and the one that says most has nothing.
      await assert.rejects(bidOn(book, junk[0]!, 15), { code: 'job.many' })
      await awardTo(book, other, 3, 55)
      assert.equal(book.get(other)?.awards.length, 1)
      for (let i = 12; i < 20; i++) await bidOn(book, honest, i)
      assert.equal(book.get(honest)?.bids.length, 10)
      assert.deepEqual(
        junk.map(id => book.get(id)),
        [undefined, undefined]
      )
      assert.equal(book.get(other)?.bids.length, 2)
    })

    it('forgets a job whole, though something about it is written meanwhile', async () => {
      const { book, store } = open(rich, { jobs: 2, crowded: 1 })
      const id = await post(book, thief, 1n)
      await post(book, 2, 50n)
      const [said] = await Promise.allSettled([bidOn(book, id, 50), post(book, 3, 60n)])
      assert.equal(said.status, 'fulfilled')
      assert.equal(book.get(id), undefined)
      const after = createBook({ store, network, clock } as unknown as Parameters<typeof createBook>[0])
      await after.load()
      assert.deepEqual(new Set([...after.all()].map(([one]) => one)), new Set([...book.all()].map(([one]) => one)))
    })
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
