import assert from 'node:assert/strict'
import { createEscrows } from '../../../node/jobs/builder/escrows.ts'
import { builtTables } from '../../../node/jobs/builder/built.ts'
import type { Store } from '../../../node/store/index.ts'
import { newJob, withBid } from '../../../protocol/jobs/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { bid, builder, job, jobId, network } from '../../protocol/jobs/documents.ts'
import { memoryStore } from '../data/in-memory.ts'

/** A bid of a stranger's; no signature is looked at here. */
const bidOf = (i: number, price = 1n): Signed<'Bid'> => {
  const one = bid()
  const worker = keccak(`worker ${i}`).slice(0, 42) as Address
  return {
    ...one,
    message: { ...one.message, worker, price },
    signature: `${keccak(`${i} ${price}`)}${'00'.repeat(33)}`
  }
}

describe("a builder's record of its job", () => {
  /** Counts what is written, in characters, by table. */
  function counting(store: Store) {
    const written: { table: string; size: number }[] = []
    const collection: Store['collection'] = (name, schema) => {
      const table = store.collection(name, schema)
      return {
        ...table,
        put: (key, value, options) => {
          written.push({ table: name, size: canonicalJson(value).length })
          return table.put(key, value, options)
        }
      }
    }
    return { store: { collection }, written }
  }
  const open = (store: Pick<Store, 'collection'>) =>
    createEscrows({
      store,
      network,
      self: builder,
      chain: { escrows: { idOf: () => jobId } }
    } as unknown as Parameters<typeof createEscrows>[0])
  const byWorker = (bids: readonly Signed<'Bid'>[]) =>
    bids.toSorted((a, b) => (a.message.worker < b.message.worker ? -1 : 1))

  it('costs what a bid is for each bid of a stranger, and has all of them after a restart', async () => {
    const { store, written } = counting(memoryStore())
    const escrows = open(store)
    await escrows.add(jobId, newJob(job(), 0, null))
    written.length = 0
    for (let i = 0; i < 100; i++) await escrows.change(jobId, record => withBid(record, bidOf(i)))
    const all = written.reduce((sum, { size }) => sum + size, 0)
    assert.ok(all < 100 * 1_500, `${all} characters for 100 bids`)
    // A later one of the same worker's stands in its place.
    await escrows.change(jobId, record => withBid(record, bidOf(7, 2n)))
    await escrows.change(jobId, record => ({ ...record, paused: true }))
    assert.deepEqual([...new Set(written.slice(0, 101).map(({ table }) => table))], ['jobs/built/bids'])

    const again = open(store)
    await again.load()
    const [before, after] = [escrows.must(jobId), again.must(jobId)]
    assert.deepEqual(after, { ...before, bids: byWorker(before.bids) })
    assert.equal(after.bids.length, 100)
  })

  it('that has its bids in itself, as they were kept before, has them beside it from then on', async () => {
    const store = memoryStore()
    const table = store.collection('jobs/built', builtTables['jobs/built'])
    const bids = [bidOf(1), bidOf(2)]
    await table.put(jobId, { ...newJob(job(), 0, null), bids })
    // Of a job that was not posted: a crash came between.
    const rows = store.collection('jobs/built/bids', builtTables['jobs/built/bids'])
    await rows.put(`${keccak('no job')}/${bidOf(3).message.worker}`, bidOf(3))
    for (const _ of ['first', 'second']) {
      const escrows = open(store)
      await escrows.load()
      assert.deepEqual(escrows.must(jobId).bids, byWorker(bids))
      assert.deepEqual((await table.get(jobId))?.bids, [])
    }
    const keys: string[] = []
    for await (const key of rows.keys()) keys.push(key)
    assert.equal(keys.length, 2)
  })
})
