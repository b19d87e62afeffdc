import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { followChain } from '../../../node/chain/index.ts'
import type { Chain, FollowedChain } from '../../../node/chain/index.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { scratch } from '../../harness/index.ts'
import { fakeChain, who } from './fake-chain.ts'
import type { FakeChain, Fact } from './fake-chain.ts'

const [worker, builder, client, settler, author] = [who(3), who(4), who(5), who(6), who(7)]
const [model, channel, job, pool] = [keccak('model'), keccak('channel'), keccak('job'), keccak('pool')]
const slashing = keccak('slashing')
const escrow = (n: number): Hex => keccak(`escrow ${n}`)
const fund = (n: number): Fact => ({
  name: 'EscrowFunded',
  escrow: escrow(n),
  job,
  builder,
  worker,
  amount: 100n,
  deadline: 9n
})
const propose = (epoch: number, round: number): Fact => ({
  name: 'EpochProposed',
  pool,
  epoch,
  proposer: author,
  round,
  bond: 30n,
  receiptsRoot: keccak('receipts'),
  receiptsTotal: 9n,
  receiptCount: 1,
  payoutsRoot: keccak('payouts'),
  payoutsTotal: 6n,
  bundle: 'bafybundle',
  challengeEnds: 7n
})
const voided = (reason: Hex, reward: bigint): Fact => ({
  name: 'EpochVoided',
  pool,
  epoch: 1,
  challenger: settler,
  reason,
  reward
})

const opening: Fact[] = [
  {
    name: 'ModelRegistered',
    model,
    builder,
    datanet: pool,
    registration: {
      name: 'birds',
      base: 'bafybase',
      adapter: 'bafyadapter',
      result: 'bafyresult',
      datanet: pool,
      version: 1,
      job,
      worker,
      split: { worker: 5000, builder: 3000, data: 2000 }
    }
  },
  { name: 'ChannelOpened', channel, client, worker, model, deposit: 1000n, expiry: 99n },
  fund(1),
  fund(2),
  fund(3)
]
const paying: Fact[] = [
  { name: 'ChannelClaimed', channel, claimed: 30n, toWorker: 15n, toBuilder: 9n, toData: 6n, toUpstream: 0n },
  { name: 'PoolDeposited', pool, amount: 6n },
  { name: 'EscrowReleased', escrow: escrow(1), paid: 80n, returned: 20n },
  { name: 'EscrowRefunded', escrow: escrow(2), amount: 100n },
  { name: 'Staked', node: author, amount: 50n },
  { name: 'Slashed', node: author, amount: 51n, reporter: settler, reward: 5n, transaction: slashing },
  {
    name: 'DoubleVote',
    contribution: keccak('twice'),
    validator: author,
    reporter: who(9),
    slashed: 51n,
    transaction: slashing
  },
  propose(1, 1),
  voided(keccak('fee'), 3n),
  propose(1, 2),
  voided(`0x${'7665746f'.padEnd(64, '0')}`, 0n),
  propose(1, 3),
  { name: 'EpochFinalized', pool, epoch: 1, payoutsTotal: 6n },
  { name: 'PayoutClaimed', pool, account: author, amount: 6n, cumulative: 6n }
]

describe('what accounts are paid for', function () {
  this.timeout(60_000)
  let root: string
  let store: Store
  let chain: FollowedChain
  let fake: FakeChain

  async function follow(): Promise<void> {
    store = await openStore(join(root, 'store'))
    const rpc = {
      network: { chainId: fake.chainId, registry: who(100) },
      channels: {},
      source: fake.source,
      pollMs: 3_600_000,
      deploymentBlock: async () => ({ block: 1n, searched: false }),
      onMined: () => undefined,
      stop: async () => undefined
    } as unknown as Chain
    chain = await followChain(rpc, { store, clock: systemClock, log: silentLog })
    chain.ledger.start()
    await chain.ledger.caughtUp()
  }
  async function end(): Promise<void> {
    await chain.stop()
    await store.close()
  }
  beforeEach(async () => {
    root = await scratch('income')
    fake = fakeChain()
    fake.mine(opening)
    fake.mine(paying)
    await follow()
  })
  afterEach(async () => {
    await end()
    await rm(root, { recursive: true, force: true })
  })

  const earned = async (account: Address): Promise<Record<string, readonly [bigint, number]>> => {
    const { income } = await chain.ledger.account(account)
    const all = Object.entries(income).map(([kind, { amount, times }]) => [kind, [amount, times]] as const)
    return Object.fromEntries(all.filter(([, [, times]]) => times > 0))
  }

  it('is told by kind, with what waits in escrow', async () => {
    assert.deepEqual(await earned(worker), { training: [80n, 1], serving: [15n, 1] })
    assert.deepEqual(await earned(builder), { building: [9n, 1] })
    assert.deepEqual(await earned(author), { data: [6n, 1] })
    // What the contract says; of the two voided epochs one was vetoed, which pays nobody.
    assert.deepEqual(await earned(settler), { validating: [5n, 1], settling: [3n, 1] })
    assert.deepEqual(await earned(client), {})
    assert.equal((await chain.ledger.account(builder)).escrowed, 100n)
    assert.equal((await chain.ledger.account(worker)).expected, 100n)
  })

  it('is nothing where an escrow was released to nobody, which is told apart from one that paid', async () => {
    fake.mine([{ name: 'EscrowReleased', escrow: escrow(3), paid: 0n, returned: 100n }])
    await chain.ledger.caughtUp()
    const ends = await Promise.all([1, 3].map(async i => chain.ledger.escrow(escrow(i))))
    assert.deepEqual(
      ends.map(one => [one?.state, one?.unpaid]),
      [
        ['released', undefined],
        ['released', true]
      ]
    )
    assert.equal((await chain.ledger.account(builder)).escrowed, 0n)
  })

  it('is told for models that others were grown from, all that went up, and back with its block', async () => {
    const [above, base, grown] = [keccak('above'), keccak('base'), keccak('grown')]
    const registered = (id: Hex, by: Address, split: object, upstream?: Hex): Fact => {
      const datanet = id === above ? keccak('other pool') : pool
      const texts = { name: 'x', base: 'bafybase', adapter: 'bafyadapter', result: 'bafyresult' }
      const registration = { ...texts, datanet, version: 1, job, worker, split, ...(upstream && { upstream }) }
      return { name: 'ModelRegistered', model: id, builder: by, datanet, registration } as Fact
    }
    const [first, before] = [who(20), await chain.ledger.totals()]
    fake.mine([
      registered(base, first, { worker: 8000, builder: 2000, data: 0 }),
      registered(above, who(21), { worker: 5000, builder: 1000, data: 3000, upstream: 1000 }, base),
      registered(grown, builder, { worker: 3000, builder: 1000, data: 5000, upstream: 1000 }, above),
      { name: 'ChannelOpened', channel: keccak('up'), client, worker, model: grown, deposit: 9000n, expiry: 99n },
      {
        name: 'ChannelClaimed',
        channel: keccak('up'),
        claimed: 5000n,
        toWorker: 1500n,
        toBuilder: 500n,
        toData: 2500n,
        toUpstream: 500n
      }
    ])
    await chain.ledger.caughtUp()
    assert.deepEqual(await earned(who(21)), { upstream: [100n, 1] })
    assert.deepEqual(await earned(first), { upstream: [100n, 1] })
    const [payment] = (await chain.ledger.income(who(21))).items
    assert.deepEqual([payment?.kind, payment?.of], ['upstream', above])
    const { workers, builders, data } = await chain.ledger.totals()
    // Of what went up three fifths are for the data of the model above; the pool has it as a gift.
    assert.deepEqual([workers - before.workers, builders - before.builders, data - before.data], [1500n, 700n, 2800n])
    assert.equal((await chain.ledger.pool(keccak('other pool'))).fees, 0n)
    fake.drop(1)
    fake.mine([])
    fake.mine([])
    await chain.ledger.caughtUp()
    assert.deepEqual(await earned(first), {})
    assert.deepEqual(await chain.ledger.totals(), before)
  })

  it('is told payment by payment, in pages', async () => {
    const first = await chain.ledger.income(worker, { limit: 1, reverse: true })
    assert.deepEqual(
      first.items.map(({ kind, amount, of }) => [kind, amount, of]),
      [['training', 80n, job]]
    )
    const second = await chain.ledger.income(worker, { limit: 1, reverse: true, after: first.next ?? '' })
    assert.deepEqual(
      second.items.map(({ kind, amount, of }) => [kind, amount, of]),
      [['serving', 15n, model]]
    )
    assert.equal(second.next, undefined)
    assert.deepEqual(
      (await chain.ledger.income(settler)).items.map(({ amount }) => amount),
      [5n, 3n]
    )
  })

  it('names each stake that was taken: whose, how much, for what; and takes it back with its block', async () => {
    const told = async (node?: Address) =>
      (await chain.ledger.slashes(node === undefined ? {} : { node })).items.map(
        ({ node: slashed, amount, reporter, contribution, transaction }) => [
          slashed,
          amount,
          reporter,
          contribution,
          transaction
        ]
      )
    const first = [author, 51n, settler, keccak('twice'), slashing]
    assert.deepEqual(await told(), [first])
    assert.deepEqual(await told(author), [first])
    assert.deepEqual(await told(worker), [])
    fake.mine([
      { name: 'Staked', node: worker, amount: 9n },
      { name: 'Slashed', node: worker, amount: 9n, reporter: client, reward: 0n }
    ])
    await chain.ledger.caughtUp()
    const plain = (await chain.ledger.slashes({}, { reverse: true, limit: 1 })).items[0]
    assert.deepEqual([plain?.node, plain?.contribution], [worker, null], 'the newest, and nothing is guessed of it')
    fake.drop(1)
    fake.mine([])
    fake.mine([])
    await chain.ledger.caughtUp()
    assert.deepEqual(await told(), [first])
  })

  it('says of each stake what it was taken for', async () => {
    const [elsewhere, audit] = [keccak('a pool'), keccak('an audit')]
    const slashed = (node: Address) => ({ name: 'Slashed', node, amount: 1n, reporter: client, reward: 0n }) as const
    const staked = { name: 'Staked', node: worker, amount: 20n } as const
    const penal = { pool, epoch: 2, scorer: worker, round: 1, taken: 1n }
    const round = { audit, model, pool, round: 1, drawFrom: 1n, bond: 1n, segments: 1, fee: 1n }
    const word = { audit, auditor: worker, round: 1, taken: 1n }
    const found = { pool, worker, model, epoch: 2, round: 1, receipts: keccak('receipts'), time: 1n }
    const blocks: Fact[][] = [
      [staked, slashed(worker), { name: 'ScorerPenalised', ...penal, absent: true }],
      [slashed(worker), { name: 'ScorerPenalised', ...penal, absent: false }],
      [{ name: 'AuditOpened', ...round }],
      [slashed(worker), { name: 'AuditorPenalised', ...word, absent: true }],
      [slashed(worker), { name: 'AuditorPenalised', ...word, absent: false }],
      [slashed(worker), { name: 'WorkerFoundOut', ...found, taken: 1n }],
      [{ ...propose(1, 1), pool: elsewhere, proposer: worker } as Fact],
      [{ ...voided(keccak('false'), 0n), pool: elsewhere } as Fact, slashed(worker)],
      // What takes nothing explains nothing, and nothing of another transaction.
      [slashed(worker)],
      [
        { name: 'ScorerPenalised', ...penal, absent: true, taken: 0n },
        { name: 'AuditorPenalised', ...word, absent: true, taken: 0n },
        { name: 'WorkerFoundOut', ...found, taken: 0n }
      ]
    ]
    for (const [i, block] of blocks.entries())
      fake.mine(block.map(fact => ({ ...fact, transaction: keccak(`together ${i}`) })))
    await chain.ledger.caughtUp()
    const told = (await chain.ledger.slashes({ node: worker })).items
    assert.deepEqual(
      told.map(({ because, pool: of, epoch, audit: at }) => [because, of ?? at, epoch]),
      [
        ['absent-scorer', pool, 2],
        ['wrong-words', pool, 2],
        ['absent-auditor', audit, undefined],
        ['false-word', audit, undefined],
        ['not-as-offered', pool, 2],
        ['voided-epoch', elsewhere, 1],
        [undefined, undefined, undefined]
      ]
    )
    fake.drop(blocks.length)
    for (const _ of blocks) fake.mine([])
    fake.mine([])
    await chain.ledger.caughtUp()
    assert.deepEqual((await chain.ledger.slashes({ node: worker })).items, [])
  })

  it('is read from the chain again by a version that an older one has not written it for', async () => {
    const before = await earned(worker)
    await chain.ledger.stop()
    const cursor = store.collection('chain/cursor', z.looseObject({}))
    const { layout: _, ...older } = (await cursor.get('at')) ?? {}
    await cursor.put('at', older)
    const income = store.collection('chain/accounts', z.any())
    for await (const key of income.keys()) await income.delete(key)
    await end()
    await follow()
    assert.deepEqual(await earned(worker), before)
  })
})
