import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withFoundOut } from '../../daemon/api/handlers/found-out.ts'
import { foundOut, standingHandlers } from '../../daemon/api/handlers/standings.ts'
import type { Which } from '../../daemon/api/handlers/which.ts'
import type { Node } from '../../node/node.ts'
import { followChain } from '../../node/chain/index.ts'
import type { Chain, FollowedChain } from '../../node/chain/index.ts'
import { createStands } from '../../node/models/client/standing.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import { silentLog, systemClock } from '../../node/runtime/index.ts'
import { openStore } from '../../node/store/index.ts'
import { keccak, zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { fakeChain, who } from '../node/chain/fake-chain.ts'
import type { Fact, FakeChain } from '../node/chain/fake-chain.ts'

const worker = who(1)
const poolOf = (n: number) => keccak(`pool ${n}`)
const stands = (n: number, since = 5n): Fact => ({ name: 'WorkerStands', pool: poolOf(n), worker, since })
const lost = (n: number): Fact[] => [
  { name: 'WorkerLeft', pool: poolOf(n), worker, until: 9n },
  {
    name: 'WorkerFoundOut',
    pool: poolOf(n),
    worker,
    model: keccak('model'),
    epoch: 3,
    round: 1,
    receipts: keccak('receipts'),
    taken: 10n,
    time: BigInt(Math.floor(Date.now() / 1000))
  }
]

/** Offers by a model of each of some pools, and has answered in others. */
const workingIn = (chain: FollowedChain, offers: readonly Hex[] = [], answered: readonly Hex[] = []): Node =>
  ({
    chain,
    self: worker,
    models: {
      offers: () => [...offers.map(model => ({ worker, model })), { worker: who(2), model: poolOf(3) }],
      model: (id: Hex) => ({ datanet: id })
    },
    payouts: {
      receipts: async ({ pool, cursor }: { pool: Hex; cursor?: string }) =>
        cursor === undefined
          ? { items: [{ worker: who(2) }], next: 'more' }
          : { items: answered.includes(pool) ? [{ worker }] : [], next: null }
    }
  }) as unknown as Node

describe('what became of standing for answers', () => {
  let folder: string
  let fake: FakeChain
  let chain: FollowedChain
  const stops: (() => Promise<unknown>)[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-standings-'))
    const store = await openStore(join(folder, 'store'))
    fake = fakeChain()
    const plain = {
      network: { chainId: fake.chainId, registry: who(100) },
      channels: {},
      serving: { penalty: async () => 10n },
      source: fake.source,
      pollMs: 3_600_000,
      deploymentBlock: async () => ({ block: 1n, searched: false }),
      onMined: () => undefined,
      stop: async () => undefined
    } as unknown as Chain
    chain = await followChain(plain, { store, clock: systemClock, log: silentLog })
    chain.ledger.start()
    stops.push(
      () => store.close(),
      () => chain.stop()
    )
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    await rm(folder, { recursive: true, force: true })
  })
  const mined = async (facts: readonly Fact[]): Promise<void> => {
    fake.mine(facts)
    await chain.ledger.caughtUp()
  }

  it('a loss is told in whatever pool it was, and once its worker stands there again', async () => {
    const node = workingIn(chain)
    const pools = Array.from({ length: 20 }, (_, n) => n).toSorted((a, b) => (poolOf(a) < poolOf(b) ? -1 : 1))
    const last = pools.at(-1) ?? 0
    await mined(pools.map(n => stands(n)))
    assert.deepEqual(await foundOut(node), {})
    await mined(lost(last))
    const told = (await foundOut(node)).foundOut
    assert.deepEqual(
      told?.map(({ datanet, taken }) => [datanet, taken]),
      [[poolOf(last), '10']]
    )
    await mined([stands(last, 50n)])
    assert.deepEqual((await foundOut(node)).foundOut, told)
    const record = await chain.ledger.standing(poolOf(last), worker)
    assert.equal(record?.foundOut, null, 'it answers anew')
    const { standings } = standingHandlers(node, {} as Pick<Which, 'datanet'>)
    const { items } = await standings({ params: { worker, limit: 100 } } as never)
    assert.equal(items.find(({ datanet }) => datanet === poolOf(last))?.foundOut?.taken, '10')
  })

  it('who never stood is found out as well, and offers of that pool’s models say so for thirty days', async () => {
    const [, found] = lost(1)
    assert.ok(found?.name === 'WorkerFoundOut')
    const said: Fact = {
      name: 'NotAsOffered',
      pool: poolOf(1),
      worker,
      scorer: who(3),
      epoch: 3,
      round: 1,
      model: keccak('model'),
      receipts: keccak('receipts'),
      against: 3n
    }
    await mined([said])
    assert.equal(await chain.ledger.standing(poolOf(1), worker), undefined, 'one scorer may name anybody')
    assert.deepEqual((await chain.ledger.standings(worker)).items, [])
    await mined([{ ...found, taken: 0n }, said, { ...found, pool: poolOf(2), taken: 0n, time: 7n }])
    const { standings } = standingHandlers({ chain, self: worker } as unknown as Node, {} as Pick<Which, 'datanet'>)
    const { items } = await standings({ params: { worker, limit: 100 } } as never)
    const one = items.find(({ datanet }) => datanet === poolOf(1))
    assert.deepEqual([one?.stood, one?.accusations.length, one?.foundOut?.taken], [false, 1, '0'])
    // Clients of the version before read the page too: a time where they read one.
    assert.ok(items.every(({ since }) => Number.isSafeInteger(since)))
    const offers = async (pool: `0x${string}`) => withFoundOut(chain, pool, [{ worker }, { worker: who(2) }])
    assert.deepEqual(
      (await offers(poolOf(1))).map(({ foundOut: of }) => of?.epoch),
      [3, undefined]
    )
    for (const pool of [poolOf(2), poolOf(3), zeroHash])
      assert.deepEqual(await offers(pool), [{ worker }, { worker: who(2) }])
    // What it stands for later forgives nothing of it.
    await mined([stands(1, 50n)])
    assert.equal((await offers(poolOf(1)))[0]?.foundOut?.epoch, 3)
  })

  it('a node is told of pools in which it offers or has answered alone, and for thirty days', async () => {
    const [, found] = lost(1)
    assert.ok(found?.name === 'WorkerFoundOut')
    await mined([
      ...[1, 2, 3].map((n): Fact => ({ ...found, pool: poolOf(n), taken: 0n })),
      { ...found, pool: poolOf(4), time: 7n }
    ])
    const told = async (node: Node) => (await foundOut(node)).foundOut?.map(({ datanet }) => datanet)
    assert.equal(await told(workingIn(chain)), undefined)
    assert.deepEqual(await told(workingIn(chain, [poolOf(1), poolOf(4)])), [poolOf(1)])
    assert.deepEqual(await told(workingIn(chain, [], [poolOf(2), poolOf(4)])), [poolOf(2)])
  })

  it('who has not enough stake left for what can be taken, or stands for nothing, is not preferred', async () => {
    const isBehind = createStands(chain)
    const by = (datanet: `0x${string}`): Promise<boolean> => isBehind({ datanet } as ModelRecord, worker)
    await mined([stands(1), { name: 'WorkerStands', pool: zeroHash, worker, since: 5n }])
    assert.equal(await by(poolOf(1)), false)
    await mined([{ name: 'Staked', node: worker, amount: 10n }])
    assert.deepEqual(await Promise.all([poolOf(1), poolOf(2), zeroHash].map(by)), [true, false, false])
    await mined([{ name: 'Slashed', node: worker, amount: 1n, reporter: who(2), reward: 0n }])
    assert.equal(await by(poolOf(1)), false)
    await mined([{ name: 'Staked', node: worker, amount: 10n }, ...lost(1)])
    assert.equal(await by(poolOf(1)), false)
  })
})
