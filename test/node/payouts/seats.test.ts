import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import { createSeats } from '../../../node/payouts/scorer/index.ts'
import type { Seats } from '../../../node/payouts/scorer/seats.ts'
import { createMetrics, silentLog } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const self: Address = `0x${'77'.repeat(20)}`
const poolOf = (n: number): Hex => keccak(`pool ${n}`)
const [minStake, bond] = [100n, 50n]

describe('seats among scorers', () => {
  let folder: string
  let store: Store
  let now: number
  let seats: Seats
  /** What the chain has: who sits where, and what was paid into each pool. */
  let seated: Set<Hex>
  let paid: Map<Hex, bigint>
  let gaveUp: Hex[]
  let isAway: boolean
  /** Whether the node is killed once a seat is its own on chain. */
  let isKilled: boolean
  const followed: Hex[] = []

  const started = (scorer = true): Seats =>
    createSeats({
      self,
      log: silentLog,
      metrics: createMetrics(),
      store,
      roles: { scorer, settler: false },
      clock: { now: () => now } as PayoutsDeps['clock'],
      pools: () => followed,
      chain: {
        account: self,
        payouts: {
          scorers: async (pool: Hex) => {
            if (isAway) throw new Error('the chain is away')
            return seated.has(pool) ? [self] : []
          },
          pool: async (pool: Hex) => ({ deposited: paid.get(pool) ?? 0n }),
          rules: async () => ({ minStake, bond }),
          join: async (pool: Hex) => {
            seated.add(pool)
            if (isKilled) throw new Error('killed')
            return { transaction: keccak('join') }
          },
          giveUp: async (pool: Hex) => {
            if (isAway) throw new Error('the chain is away')
            seated.delete(pool)
            gaveUp.push(pool)
            return { transaction: keccak('give up') }
          }
        },
        nodes: { stakeOf: async () => minStake, lockedOf: async () => (seated.size > 0 ? minStake : 0n) }
      } as unknown as PayoutsDeps['chain']
    })
  const heard = async (...pools: Hex[]): Promise<void> => {
    for (const pool of pools) {
      seats.heard(pool)
      await seats.stop() // what it began is done
    }
  }
  const later = (): number => (now += 601_000)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-seats-'))
    store = await openStore(join(folder, 'store'))
    now = 1_800_000_000_000
    ;[seated, paid, gaveUp, isAway, isKilled] = [new Set(), new Map(), [], false, false]
    followed.length = 0
    seats = started()
  })
  afterEach(async () => {
    await seats.stop()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('are taken in few pools into which nobody has paid, whoever founds how many; those that pay go on', async () => {
    await heard(...Array.from({ length: 20 }, (_, n) => poolOf(n)))
    assert.deepEqual(seats.taken(), [0, 1, 2, 3].map(poolOf))
    paid.set(poolOf(30), bond)
    followed.push(poolOf(31))
    await heard(poolOf(30), poolOf(31), poolOf(32))
    assert.deepEqual(seats.taken().slice(4), [30, 31].map(poolOf))
    // One of the four has come to something since.
    paid.set(poolOf(0), bond)
    later()
    await heard(poolOf(32))
    assert.ok(seats.taken().includes(poolOf(32)))
    for (let n = 40; n < 60; n++) paid.set(poolOf(n), bond)
    await heard(...Array.from({ length: 20 }, (_, n) => poolOf(40 + n)))
    assert.equal(seats.taken().length, 16)
  })

  it('are taken where their owner says so, and given up for good', async () => {
    await heard(...Array.from({ length: 5 }, (_, n) => poolOf(n)))
    assert.notEqual(await seats.sit(poolOf(4), true), null)
    assert.equal(await seats.sit(poolOf(4), true), null, 'it sits there already')
    assert.notEqual(await seats.sit(poolOf(0), false), null)
    assert.deepEqual(gaveUp, [poolOf(0)])
    later()
    await heard(poolOf(0))
    seats = started()
    await heard(poolOf(0), poolOf(1), poolOf(4))
    assert.deepEqual([...seated].toSorted(), [1, 2, 3, 4].map(poolOf).toSorted())
    const all = await seats.all()
    assert.deepEqual(
      all.find(({ pool }) => pool === poolOf(4)),
      { pool: poolOf(4), asked: true, paid: 0n }
    )
    assert.equal(all.length, 4)
  })

  it('are given up once the chain is there, by a node that was ended before it could', async () => {
    await heard(poolOf(1))
    isAway = true
    await assert.rejects(seats.sit(poolOf(1), false), /away/)
    isAway = false
    seats = started()
    seats.wake() // no receipt of that pool is waited for
    await seats.stop()
    assert.deepEqual(gaveUp, [poolOf(1)])
    assert.deepEqual(seats.taken(), [poolOf(1)], 'what was earned there is claimed')
    assert.deepEqual(await seats.all(), [])
  })

  it('are given up by a node that goes on, once the chain is there', async () => {
    await heard(poolOf(1))
    isAway = true
    await assert.rejects(seats.sit(poolOf(1), false), /away/)
    isAway = false
    seats.wake()
    await seats.stop()
    assert.deepEqual(gaveUp, [poolOf(1)])
  })

  it('are as few over many lives as in one', async () => {
    for (let life = 0; life < 4; life++) {
      seats = started()
      await heard(...Array.from({ length: 10 }, (_, n) => poolOf(10 * life + n)))
    }
    assert.deepEqual([...seated], [0, 1, 2, 3].map(poolOf))
    seated.delete(poolOf(0)) // the roster took it back
    seats = started()
    // The stake that is locked stands behind all seats, those of earlier lives, too.
    paid.set(poolOf(50), bond)
    await heard(poolOf(50))
    assert.deepEqual([...seated], [1, 2, 3, 50].map(poolOf))
    assert.deepEqual(new Set(seats.taken()), new Set([0, 1, 2, 3, 50].map(poolOf)), 'what was earned there is claimed')
    for (let n = 60; n < 80; n++) paid.set(poolOf(n), bond)
    for (let life = 0; life < 2; life++) {
      seats = started()
      await heard(...Array.from({ length: 10 }, (_, n) => poolOf(60 + 10 * life + n)))
    }
    assert.equal(seated.size, 16)
  })

  it('are taken once those of earlier lives are known: not while the chain is away', async () => {
    await heard(...[0, 1, 2, 3].map(poolOf))
    isAway = true
    seats = started()
    await heard(poolOf(10))
    assert.deepEqual(new Set(seats.taken()), new Set([0, 1, 2, 3].map(poolOf)))
    isAway = false
    await heard(poolOf(11))
    later()
    await heard(poolOf(10))
    assert.deepEqual([...seated], [0, 1, 2, 3].map(poolOf))
  })

  it('that their owner takes again are kept, also where the node is killed just then', async () => {
    await seats.sit(poolOf(1), false)
    isKilled = true
    await assert.rejects(seats.sit(poolOf(1), true), /killed/)
    await heard(poolOf(2))
    isKilled = false
    seats = started()
    await heard(poolOf(1), poolOf(3), poolOf(4), poolOf(5), poolOf(6))
    assert.deepEqual(gaveUp, [])
    // The second was taken by itself, and counts among four.
    assert.deepEqual([...seated], [1, 2, 3, 4, 5].map(poolOf))
    assert.equal((await seats.all()).find(({ pool }) => pool === poolOf(1))?.asked, true)
  })

  it('are for their owner to say, whatever is heard of meanwhile', async () => {
    for (let n = 0; n < 100; n++) seats.heard(poolOf(n))
    assert.notEqual(await seats.sit(poolOf(200), true), null)
    await seats.stop()
    assert.deepEqual([...seated].toSorted(), [0, 1, 2, 3, 200].map(poolOf).toSorted())
  })

  it('that the roster took back are counted no more', async () => {
    await heard(...Array.from({ length: 4 }, (_, n) => poolOf(n)))
    seated.delete(poolOf(0))
    seated.delete(poolOf(1))
    later()
    await heard(poolOf(0))
    assert.ok(seated.has(poolOf(0)), 'it is taken again where there is stake for it')
    await heard(poolOf(9))
    assert.ok(!seated.has(poolOf(9)), 'four are still thought to be taken')
    later()
    await seats.sit(poolOf(1), false)
    await heard(poolOf(9))
    assert.ok(seated.has(poolOf(9)))
  })

  it('that were lost make room for others, and what was earned there is claimed still', async () => {
    for (let n = 0; n < 18; n++) paid.set(poolOf(n), bond)
    await heard(...Array.from({ length: 18 }, (_, n) => poolOf(n)))
    const all = Array.from({ length: 16 }, (_, n) => poolOf(n))
    assert.deepEqual([...seated], all, 'no more than it answers for')
    seated.delete(poolOf(0)) // it was slashed
    now += 2 * 3_600_000
    await heard(poolOf(17))
    now += 60_001
    await heard(poolOf(17))
    assert.deepEqual([...seated], [...all.slice(1), poolOf(17)])
    assert.deepEqual(new Set(seats.taken()), new Set([...all, poolOf(17)]))
  })

  it('are for nodes that weigh answers', async () => {
    seats = started(false)
    await assert.rejects(seats.sit(poolOf(1), true), { code: 'seat.role' })
    assert.equal(seated.size, 0)
  })
})
