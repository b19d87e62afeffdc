import assert from 'node:assert/strict'
import { createQuiet, createSettling, createVentures } from '../../../node/payouts/automation/index.ts'
import { ventureRecord } from '../../../node/payouts/automation/ventures.ts'
import type { Proposal } from '../../../node/payouts/proposals.ts'
import type { Plan } from '../../../node/runtime/index.ts'
import { keccak, TilthError } from '../../../protocol/primitives/index.ts'
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
  /** Who has anchored a pool's next epoch. */
  const rounds = new Map<Hex, Hex>()
  let store = memoryStore()
  /** As after a start: what it knows is on disk and on chain. */
  const open = (voice = false) =>
    createVentures(
      {
        chain: {
          ledger: { pool: async (pool: Hex) => ({ epoch: epochs.get(pool) ?? 0 }) },
          payouts: { round: async (pool: Hex) => rounds.has(pool) && { settler: rounds.get(pool) } }
        },
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
    rounds.clear()
  })

  it('of pools that are nothing to it are two at a time, and none once a roster has voided one', async () => {
    for (const pool of [first, second]) {
      assert.equal(await open().against(pool, 1), undefined)
      await open().begin(pool, 1)
      rounds.set(pool, self)
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

  it("of pools that cannot be closed stand in nobody's way, and cost a bond once where it was anchored", async () => {
    for (const pool of [first, second]) await open().begin(pool, 1)
    // Neither was anchored: another was quicker, or the transaction failed.
    rounds.set(second, thief)
    assert.equal(await open().against(third, 1), undefined)
    await open().begin(first, 1)
    rounds.set(first, self)
    assert.equal(await open().against(third, 1), undefined)
    // No payouts could be made of it, and when its time is over its thief anchors anew.
    rounds.set(first, thief)
    assert.match((await open().against(third, 1)) ?? '', /a bond was lost/)
  })

  it('are ventures once something is posted, and not while nothing is to be counted', async () => {
    let posts = false
    let deposited = 0n
    const pools = [first, second, third]
    const quiet = createQuiet({ clock: { now: () => ms } as never })
    let reads = 0
    const listed = async function* <T>(of: readonly T[]) {
      yield* of
    }
    let plans: (() => AsyncIterable<Plan>) | undefined
    createSettling(
      {
        automations: {
          add(automation: { plans: () => AsyncIterable<Plan> }) {
            plans = automation.plans
          }
        },
        chain: {
          ledger: { pool: async () => ({ epoch: 0, deposited }) },
          payouts: { round: async () => undefined, rules: async () => ({ minStake: 0n }), bondFor: async () => 0n },
          nodes: { stakeOf: async () => 1n, lockedOf: async () => 0n },
          tokens: { balanceOf: async () => 1n }
        },
        clock: { now: () => ms },
        policy: { settle: { on: true, seconds: 0, fees: 1n } },
        roles: { settler: true },
        self
      } as unknown as Parameters<typeof createSettling>[0],
      1_000,
      {
        proposals: { pending: async () => [], pools: () => listed([]), of: async () => [] },
        receipts: {
          pools: () => listed(pools),
          pool: async () => ({ epoch: 0, at: 0n }),
          list: async () => ({ items: [] }),
          open() {
            reads++
            return listed([{ receipt: { receipt: { message: { fee: 1n } } } }])
          }
        },
        settler: {
          async settle(pool: Hex, pay: (amount: bigint, act: () => Promise<void>) => Promise<void>) {
            if (!posts) throw new TilthError('epoch.empty', 'nothing is to be counted')
            await pay(0n, async () => void rounds.set(pool, self))
          }
        },
        bundles: { known: async () => undefined },
        ventures: open(),
        quiet
      } as unknown as Parameters<typeof createSettling>[2]
    )
    const pass = async (): Promise<number> => {
      let done = 0
      for await (const plan of plans!())
        if (plan.due)
          await plan.run(new AbortController().signal).then(
            () => done++,
            () => undefined
          )
      return done
    }
    assert.equal(await pass(), 0)
    assert.equal(reads, 3)
    // Nothing is read of a pool that had nothing, until something of it comes, or for longer each time.
    assert.equal(await pass(), 0)
    assert.equal(reads, 3)
    quiet.changed(second)
    assert.equal(await pass(), 0)
    assert.equal(reads, 4)
    for (const [seconds, read] of [
      [10, 7],
      [10, 7],
      [10, 10],
      [3_600, 13]
    ] as const) {
      ms += seconds * 1_000
      assert.equal(await pass(), 0)
      assert.equal(reads, read)
    }
    for await (const [pool] of store.collection('payouts/ventures', ventureRecord).entries()) assert.fail(pool)
    posts = true
    // A claim came, by which there may be something.
    deposited++
    assert.equal(await pass(), 2)
  })
})
