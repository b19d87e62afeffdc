import assert from 'node:assert/strict'
import { createSeats } from '../../../node/payouts/scorer/index.ts'
import { createMetrics, silentLog } from '../../../node/runtime/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const self: Address = `0x${'11'.repeat(20)}`
const hour = 3_600_000
/** Pools that one node sits in at most. */
const most = 16
const pools = Array.from({ length: most + 2 }, (_, i) => keccak(`pool ${i}`))

describe('seats among scorers', () => {
  it('are counted as the chain has them: one that is lost makes room for another', async () => {
    const seated = new Set<Hex>()
    let now = 0
    const seats = createSeats({
      self,
      log: silentLog,
      metrics: createMetrics(),
      clock: { now: () => now },
      roles: { settler: false, scorer: true },
      chain: {
        account: self,
        nodes: { stakeOf: async () => 10n, lockedOf: async () => 0n },
        payouts: {
          rules: async () => ({ minStake: 1n }),
          scorers: async (pool: Hex) => (seated.has(pool) ? [self] : []),
          join: async (pool: Hex) => void seated.add(pool)
        }
      }
    } as never)
    const hear = async (...some: readonly Hex[]): Promise<void> => {
      for (const pool of some) seats.heard(pool)
      await seats.stop()
    }
    const [first, late, last] = [pools[0]!, pools[most]!, pools[most + 1]!]
    await hear(...pools.slice(0, most))
    await hear(late, last)
    assert.deepEqual([...seated], pools.slice(0, most), 'no more than it answers for')

    seated.delete(first) // it was slashed, or its owner gave it up
    now += 2 * hour
    await hear(late)
    await hear(late, last)
    assert.deepEqual([...seated], pools.slice(1, most + 1))
    // What it had earned in the other is to be claimed still.
    assert.deepEqual(new Set(seats.taken()), new Set(pools.slice(0, most + 1)))

    seated.delete(late)
    now += 2 * hour
    await hear(late)
    now += 60_001
    await hear(late)
    assert.ok(seated.has(late), 'a seat that was lost is taken again')
  })
})
