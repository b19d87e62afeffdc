import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createProposals } from '../../../node/payouts/proposals.ts'
import type { PayoutsDeps } from '../../../node/payouts/types.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

// Proposals over a ledger that counts what is read of it.

interface Record {
  readonly pool: Hex
  readonly place: string
  readonly state: 'final'
}
interface Wanted {
  after?: string
  limit?: number
  reverse?: boolean
}

function ledgerOf(counts: readonly number[]) {
  const pools = counts.map((_, i) => keccak(`pool ${i}`)).sort()
  const lists = new Map<Hex, Record[]>(
    pools.map((pool, i) => [
      pool,
      Array.from({ length: counts[i] ?? 0 }, (_, n) => ({ pool, place: `${1000 + n}.000001`, state: 'final' as const }))
    ])
  )
  const read = { rows: 0 }
  const part = <T>(list: readonly T[], key: (item: T) => string, { after, limit = 100, reverse = false }: Wanted) => {
    const order = reverse ? list.toReversed() : list
    const begin = after === undefined ? 0 : order.findIndex(item => key(item) === after) + 1
    const items = order.slice(begin, begin + limit)
    read.rows += items.length
    const last = items.at(-1)
    return begin + limit < order.length && last !== undefined ? { items, next: key(last) } : { items }
  }
  const ledger = {
    pools: async (page: Wanted) =>
      part(
        pools.map(id => ({ id })),
        ({ id }) => id,
        page
      ),
    proposals: async (pool: Hex, page: Wanted) => part(lists.get(pool) ?? [], ({ place }) => place, page)
  }
  return { pools, lists, read, proposals: createProposals({ chain: { ledger } } as unknown as PayoutsDeps) }
}

describe('proposals of epochs', () => {
  it('come by pages, newest first, each once, of one pool or of all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(12), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (counts, limit, single) => {
          const { pools, lists, proposals } = ledgerOf(counts)
          const pool = single ? pools[0] : undefined
          const wanted = (pool === undefined ? pools.toReversed() : [pool]).flatMap(
            id => lists.get(id)?.toReversed() ?? []
          )
          const seen: unknown[] = []
          for (let cursor: string | undefined; ;) {
            const { items, next } = await proposals.page({ pool, limit, cursor })
            assert.ok(items.length <= limit)
            seen.push(...items.map(({ event }) => event))
            if (next === null) break
            assert.equal(items.length, limit)
            cursor = next
          }
          assert.deepEqual(seen, wanted)
        }
      ),
      { numRuns: 50 }
    )
  })

  it('are not all read for a page', async () => {
    const { read, proposals, pools } = ledgerOf([5_000, 5_000])
    await proposals.page({ limit: 10 })
    await proposals.page({ limit: 10, pool: pools[0] })
    assert.ok(read.rows <= 30, `${read.rows} rows`)
    await assert.rejects(proposals.page({ cursor: 'none' }), { code: 'page.cursor' })
    await assert.rejects(proposals.page({ pool: pools[0], cursor: `${pools[1]}/1000.000001` }), { code: 'page.cursor' })
  })
})
