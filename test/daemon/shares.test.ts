import assert from 'node:assert/strict'
import type { Names } from '../../daemon/api/handlers/earnings/names.ts'
import { sharesOf } from '../../daemon/api/handlers/earnings/shares.ts'
import { createListing } from '../../node/payouts/listing.ts'
import type { EpochView } from '../../node/payouts/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'

const [earner, other] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as [Address, Address]

const line = {
  share: 5n,
  cumulative: 5n,
  value: 1n,
  gate: 1n,
  heldOutShare: 0n,
  scoringShare: 0n,
  vestedShare: 0n,
  resettled: 0n
}

/** Epochs of as many pools, of which one in so many pays the earner; a view of one takes so long. */
function epochsOf(count: number, every: number, { knows = true, ms = 0 } = {}) {
  const told = { looked: 0, viewed: 0 }
  let time = 0
  const all = Array.from({ length: count }, (_, i) => ({
    event: { pool: keccak(`pool ${i}`), place: '1', epoch: 1, bundle: (i + 1) % every === 0 ? earner : other },
    state: 'final'
  }))
  const at = ({ event }: (typeof all)[number]): string => `${event.pool}/${event.place}`
  const listing = createListing(
    { clock: { now: () => time } as never, self: keccak('nobody').slice(0, 42) as Address },
    {
      proposals: {
        caughtUp: async () => undefined,
        async page(page: { limit: number; cursor?: string }) {
          const begin = page.cursor === undefined ? 0 : all.findIndex(one => at(one) === page.cursor) + 1
          const items = all.slice(begin, begin + page.limit)
          told.looked += items.length
          const last = items.at(-1)
          return { items, next: last === undefined || begin + items.length >= count ? null : at(last) }
        }
      } as never,
      bundles: {
        known: async (account: string) => (knows ? ({ payouts: [{ account }], whole: true } as never) : undefined)
      }
    },
    async ({ event, state }) => {
      told.viewed++
      time += ms
      const payouts = [{ ...line, account: event.bundle as Address }]
      const sums = { transaction: null, challengeEnds: 0n, receipts: 1, dataFees: 5n, held: 0n }
      return { pool: event.pool, epoch: event.epoch, state, ...sums, payouts } as unknown as EpochView
    }
  )
  return { node: { payouts: listing }, told }
}
const names = { datanet: async () => 'metals' } as unknown as Names

describe('what epochs give an account', () => {
  it('is found among many pools that never had it, of which nobody is asked', async () => {
    const { node, told } = epochsOf(750, 300)
    const first = await sharesOf(node, earner, { limit: 20 }, names)
    assert.equal(first.items.length, 1)
    const second = await sharesOf(node, earner, { limit: 20, cursor: first.next ?? '' }, names)
    assert.deepEqual([first.items[0]?.pool, second.items[0]?.pool], [keccak('pool 299'), keccak('pool 599')])
    assert.deepEqual(await sharesOf(node, earner, { limit: 20, cursor: second.next ?? '' }, names), {
      items: [],
      next: null
    })
    assert.deepEqual(told, { looked: 750, viewed: 2 })
  })

  it('comes page by page, each once, however small the pages are', async () => {
    const { node } = epochsOf(230, 3)
    const pools: string[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await sharesOf(node, earner, { limit: 7, ...(cursor === undefined ? {} : { cursor }) }, names)
      assert.ok(page.items.length <= 7)
      pools.push(...page.items.map(({ pool }) => pool))
      cursor = page.next
    }
    assert.deepEqual(
      pools,
      Array.from({ length: 76 }, (_, i) => keccak(`pool ${3 * i + 2}`))
    )
  })

  it('is looked for in a bounded number of them at once, and for a bounded time', async () => {
    const many = epochsOf(5_000, 9_000)
    const { items, next } = await sharesOf(many.node, earner, { limit: 50 }, names)
    assert.deepEqual([items.length, many.told], [0, { looked: 500, viewed: 0 }])
    assert.notEqual(next, null)
    const slow = epochsOf(5_000, 9_000, { knows: false, ms: 1_000 })
    const page = await sharesOf(slow.node, earner, { limit: 50 }, names)
    assert.deepEqual([page.items.length, slow.told.viewed], [0, 8])
    assert.equal(page.next, `${keccak('pool 7')}/1`)
  })
})
