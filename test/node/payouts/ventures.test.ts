import assert from 'node:assert/strict'
import { createVentures } from '../../../node/payouts/automation/index.ts'
import type { Proposal } from '../../../node/payouts/proposals.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { memoryStore } from '../data/in-memory.ts'

const self: Hex = `0x${'11'.repeat(20)}`
const thief: Hex = `0x${'22'.repeat(20)}`
const [own, first, second, third] = ['own', 'first', 'second', 'third'].map(keccak) as [Hex, Hex, Hex, Hex]
const day = 86_400_000

describe('epochs that a settler closes by itself', () => {
  let ms = 0
  let proposed: { pool: Hex; epoch: number; proposer: Hex; state: Proposal['state'] }[] = []
  const epochs = new Map<Hex, number>()
  let store = memoryStore()
  /** As after a start: what it knows is on disk and on chain. */
  const open = (voice = false) =>
    createVentures(
      {
        chain: { ledger: { pool: async (pool: Hex) => ({ epoch: epochs.get(pool) ?? 0 }) } },
        clock: { now: () => ms },
        store,
        self,
        pools: () => [own]
      } as unknown as Parameters<typeof createVentures>[0],
      {
        of: async (pool, epoch) =>
          proposed
            .filter(one => one.pool === pool && one.epoch === epoch)
            .map(event => ({ event, state: event.state }) as unknown as Proposal)
      },
      async () => voice
    )
  beforeEach(() => {
    ;[ms, proposed, store] = [0, [], memoryStore()]
    epochs.clear()
  })

  it('of pools that are nothing to it are two at a time, and none once a roster has voided one', async () => {
    for (const pool of [first, second]) {
      assert.equal(await open().against(pool, 1), undefined)
      await open().begin(pool, 1)
    }
    assert.match((await open().against(third, 1)) ?? '', /not decided yet/)
    // What it has begun it goes on with.
    assert.equal(await open().against(first, 1), undefined)
    proposed = [{ pool: second, epoch: 1, proposer: self, state: 'final' }]
    assert.equal(await open().against(third, 1), undefined)
    proposed = [...proposed, { pool: first, epoch: 1, proposer: self, state: 'voided' }]
    assert.match((await open().against(first, 1)) ?? '', /validators were against/)
    for (const pool of [second, third]) assert.match((await open().against(pool, 2)) ?? '', /a bond was lost/)
    // Its thief's roster makes another's epoch final in the end: the bond is lost all the same.
    proposed = [...proposed, { pool: first, epoch: 1, proposer: thief, state: 'final' }]
    epochs.set(first, 1)
    assert.match((await open().against(third, 1)) ?? '', /a bond was lost/)
    ms = 31 * day
    assert.equal(await open().against(third, 1), undefined)
  })

  it('of its own are proposed once more where they were voided, and no third time', async () => {
    await open().begin(own, 1)
    proposed = [{ pool: own, epoch: 1, proposer: self, state: 'voided' }]
    assert.equal(await open().against(own, 1), undefined)
    assert.equal(await open().against(third, 1), undefined, 'what was lost at home says nothing of others')
    proposed = [...proposed, ...proposed]
    assert.match((await open().against(own, 1)) ?? '', /validators were against/)
    assert.equal(await open(true).against(own, 2), undefined)
  })
})
