import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { z } from 'zod'
import { signStatement, addressOfKey } from '../../../protocol/crypto/index.ts'
import type { DatanetDocument, Row } from '../../../protocol/data/index.ts'
import { contentHash, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/data/book/index.ts'
import type { ContributionRecord } from '../../../node/data/book/index.ts'
import { createAcceptedRows } from '../../../node/data/validator/rows.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { scratch } from '../../harness/index.ts'
import { rulesFor } from './network.ts'

// Ten thousand contributions and a thousand Datanets, made by generators. Costs are counted, not timed: entries read
// and written, and records that are still held.

const many = 10_000
const key = fromHex(keccak('host'))
const host = addressOfKey(key)
const network = { chainId: 31337, registry: host }

/** A store that does not wait for the disk, and counts what is asked of it. */
function counting(store: Store): Store & { read: number; written: number } {
  const counted = {
    read: 0,
    written: 0,
    collection<T>(name: string, schema: z.ZodType<T>) {
      const table = store.collection(name, schema)
      async function* count<I>(items: AsyncIterable<I>): AsyncGenerator<I> {
        for await (const item of items) {
          counted.read++
          yield item
        }
      }
      return {
        ...table,
        get: (at: string) => (counted.read++, table.get(at)),
        has: (at: string) => (counted.read++, table.has(at)),
        put: (at: string, value: T) => (counted.written++, table.put(at, value, { sync: false })),
        entries: (range?: object) => count(table.entries(range)),
        values: (range?: object) => count(table.values(range)),
        keys: (range?: object) => count(table.keys(range))
      }
    },
    batch: (fill: Parameters<Store['batch']>[0]) =>
      store.batch(
        batch => {
          const seen = {
            put: (...[table, at, value]: Parameters<typeof batch.put>) => (
              counted.written++,
              batch.put(table, at, value),
              seen
            ),
            delete: (...[table, at]: Parameters<typeof batch.delete>) => (
              counted.written++,
              batch.delete(table, at),
              seen
            )
          }
          fill(seen as unknown as typeof batch)
        },
        { sync: false }
      ),
    close: () => store.close()
  }
  return counted as unknown as Store & { read: number; written: number }
}

const contribution = (datanet: Hex, index: number): ContributionRecord => ({
  id: keccak(`${datanet} ${index}`),
  datanet,
  index,
  contributor: `0x${(index % 500).toString(16).padStart(40, '0')}`,
  commitment: keccak(String(index)),
  block: BigInt(index),
  seenAt: 1,
  state: { name: 'committed', at: 1 }
})

describe('data: ten thousand contributions', function () {
  this.timeout(180_000)
  let disk: Store
  before(async () => {
    disk = await openStore(await scratch('scale'))
  })
  after(() => disk.close())

  it('a put costs the last what it cost the first, a page costs what it shows, and few records are held', async () => {
    const store = counting(disk)
    const book = createBook({ store, network })
    await book.load()
    const datanet = keccak('a Datanet')
    const held: WeakRef<ContributionRecord>[] = []
    const costOf = async (work: () => Promise<unknown>): Promise<{ read: number; written: number }> => {
      const [read, written] = [store.read, store.written]
      await work()
      return { read: store.read - read, written: store.written - written }
    }
    const put = (index: number): Promise<void> => {
      const record = contribution(datanet, index)
      held.push(new WeakRef(record))
      return book.putContribution(record)
    }
    const first = await costOf(() => put(1))
    for (let index = 2; index < many; index++) await put(index)
    assert.deepEqual(await costOf(() => put(many)), first)
    const decide = (index: number) =>
      costOf(() => book.setState(contribution(datanet, index).id, { name: 'expired', reason: 'not-revealed' }))
    assert.deepEqual(await decide(many - 5000), await decide(many - 5001))

    const page = await costOf(async () => {
      const shown: number[] = []
      for await (const { index } of book.contributions(datanet, 7_000, 20)) shown.push(index)
      assert.deepEqual([shown.length, shown[0]], [20, 7_000])
    })
    assert.equal(page.read, 20)
    assert.deepEqual(
      await book.open(datanet, 9_990, 500),
      [9990, 9991, 9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999, 10_000]
    )
    assert.equal(await book.uploads(datanet, contribution(datanet, 7).contributor, 10_000, 5), 5)
    assert.equal((await book.progress(datanet)).contributions, many)

    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let i = 0; i < 5; i++) {
      await new Promise(resolve => {
        setImmediate(resolve)
      })
      collect()
    }
    const alive = held.filter(ref => ref.deref() !== undefined).length
    assert.ok(alive <= 2_100, `${alive} of ${many} records are held`)
  })

  it('a row is compared with as few accepted ones among ten thousand as among one thousand', async () => {
    const store = counting(disk)
    const rows = createAcceptedRows(store)
    const datanet = keccak('rows')
    const fact = (n: number): Row => ({
      messages: [
        { role: 'user', content: `Is ${keccak(String(n)).slice(2, 12)} a bird of the northern forests?` },
        { role: 'assistant', content: n % 2 === 0 ? 'yes' : 'no' }
      ]
    })
    const ask = async (): Promise<number> => {
      const before = store.read
      await rows.like(datanet, [fact(17), fact(-1)], 500)
      return store.read - before
    }
    const costs: number[] = []
    for (let order = 1; order <= many / 10; order++) {
      const ten = Array.from({ length: 10 }, (_, i) => [i, fact(10 * order + i)] as const)
      await rows.add(datanet, { contribution: keccak(`of ${order}`), order }, ten)
      if (order === many / 100 || order === many / 10) costs.push(await ask())
    }
    const [few = 0, all = 0] = costs
    assert.ok(all <= 1.5 * few + 4, `${few} entries were read among 1,000 rows, ${all} among 10,000`)
  })

  it('one of a thousand Datanets is found by name or part of its id without looking at the others', async () => {
    const store = counting(disk)
    const book = createBook({ store, network })
    await book.load()
    const documents: DatanetDocument[] = Array.from({ length: 1_000 }, (_, i) => {
      const rules = { ...rulesFor([host], { name: `net ${i}` }), heldOut: `b${'a'.repeat(58)}` }
      const message = { host, rules: contentHash(rules), createdAt: BigInt(i) }
      return { statement: signStatement(network, 'Datanet', message, key), rules }
    })
    for (const [i, document] of documents.entries())
      await book.putDatanet(keccak(`net ${i}`), { document, seenAt: 1 }, false)
    const before = store.read
    assert.deepEqual(await book.find('net 512', 10), [keccak('net 512')])
    assert.deepEqual(await book.find(keccak('net 7').slice(0, 20), 10), [keccak('net 7')])
    assert.equal((await book.datanets(undefined, 10)).length, 10)
    assert.ok(store.read - before <= 14, `${store.read - before} entries were read`)
  })
})
