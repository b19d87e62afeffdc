import assert from 'node:assert/strict'
import type { Names } from '../../daemon/api/handlers/earnings/names.ts'
import { sharesOf } from '../../daemon/api/handlers/earnings/shares.ts'
import type { EpochView } from '../../node/payouts/index.ts'
import type { Node } from '../../node/node.ts'
import { keccak, pageOf } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'

const [earner, other] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as [Address, Address]

/** Epochs of as many pools, of which one in so many pays the earner. */
function epochsOf(count: number, every: number): { node: Pick<Node, 'payouts'>; looked: () => number } {
  let looked = 0
  const all = Array.from({ length: count }, (_, i) => {
    const line = {
      account: (i + 1) % every === 0 ? earner : other,
      share: 5n,
      cumulative: 5n,
      value: 1n,
      gate: 1n,
      heldOutShare: 0n,
      scoringShare: 0n,
      vestedShare: 0n,
      resettled: 0n
    }
    return {
      pool: keccak(`pool ${i}`),
      epoch: 1,
      state: 'final',
      transaction: null,
      challengeEnds: 0n,
      receipts: 1,
      dataFees: 5n,
      held: 0n,
      payouts: [line]
    }
  }) as unknown as EpochView[]
  const payouts = {
    async epochs(page: { limit: number; cursor?: string }) {
      const found = pageOf(all, page, ({ pool }) => pool)
      looked += found.items.length
      return found
    }
  } as unknown as Node['payouts']
  return { node: { payouts }, looked: () => looked }
}
const names = { datanet: async () => 'metals' } as unknown as Names

describe('what epochs give an account', () => {
  it('is found among many pools that never had it', async () => {
    const { node } = epochsOf(750, 300)
    const first = await sharesOf(node, earner, { limit: 20 }, names)
    assert.equal(first.items.length, 1)
    const second = await sharesOf(node, earner, { limit: 20, cursor: first.next ?? '' }, names)
    assert.deepEqual([first.items[0]?.pool, second.items[0]?.pool], [keccak('pool 299'), keccak('pool 599')])
    assert.deepEqual(await sharesOf(node, earner, { limit: 20, cursor: second.next ?? '' }, names), {
      items: [],
      next: null
    })
  })

  it('is looked for in a bounded number of them at once', async () => {
    const { node, looked } = epochsOf(5_000, 9_000)
    const { items, next } = await sharesOf(node, earner, { limit: 50 }, names)
    assert.deepEqual([items.length, looked()], [0, 2_000])
    assert.notEqual(next, null)
  })
})
