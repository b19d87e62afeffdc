import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { encodeEventTopics } from 'viem'
import { z } from 'zod'
import { followChain } from '../../../node/chain/index.ts'
import type { Chain, ChainEvent, FollowedChain } from '../../../node/chain/index.ts'
import { eventNames } from '../../../node/chain/events/events.ts'
import { createBook, createViews } from '../../../node/chain/ledger/index.ts'
import { createLog, manualClock, silentLog, systemClock } from '../../../node/runtime/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { datanetRegistryAbi } from '../../../protocol/contracts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { fakeChain, manyBlocks, who } from './fake-chain.ts'
import type { FakeChain } from './fake-chain.ts'

const registry = who(100)
const log = process.env['CHAIN_LOG'] === undefined ? silentLog : createLog({ level: 'debug' })

/** Everything that the ledger says of things, and nothing of how it got there. */
async function contents(store: Store): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const name of Object.keys(createBook(store).tables)) {
    const { collection } = createBook(store).tables[name as 'channels']
    const table = store.collection(collection.name, z.any() as z.ZodType)
    for await (const [key, value] of table.entries())
      all[`${name} ${key}`] = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}` : item))
  }
  return all
}

/** A consumer that keeps what it was told, and sees that what is taken back is the last. */
async function keeper(chain: FollowedChain): Promise<{ heard: ChainEvent[]; backs: () => number }> {
  const heard: ChainEvent[] = []
  let backs = 0
  await chain.ledger.consume({
    name: 'keeper',
    names: eventNames,
    forward(event) {
      heard.push(event)
    },
    back(event) {
      backs++
      assert.deepEqual(heard.pop(), event, 'the last event is taken back first')
    }
  })
  return { heard, backs: () => backs }
}

describe('the ledger of the chain', function () {
  this.timeout(120_000)
  let folder: string
  const stops: (() => Promise<unknown>)[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-ledger-'))
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    await rm(folder, { recursive: true, force: true })
  })

  let opened = 0
  const newStore = async (name = `s${opened++}`): Promise<Store> => {
    const store = await openStore(join(folder, name))
    let open = true
    const close = async (): Promise<void> => {
      if (open) await store.close()
      open = false
    }
    stops.push(close)
    return { ...store, close }
  }
  const follow = async (
    fake: FakeChain,
    store: Store,
    options: { clock?: Clock; pollMs?: number; confirmations?: number } = {}
  ): Promise<FollowedChain> => {
    const chain = {
      network: { chainId: fake.chainId, registry },
      channels: {},
      source: fake.source,
      pollMs: 3_600_000,
      deploymentBlock: async () => ({ block: 1n, searched: false }),
      onMined: () => undefined,
      stop: async () => undefined
    } as unknown as Chain
    const followed = await followChain(chain, { store, clock: systemClock, log, ...options })
    stops.push(() => followed.stop())
    return followed
  }

  it('says of bonds what is open, to the unit, whatever was locked, ended and taken back', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.array(fc.nat(400), { minLength: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async steps => {
        const fake = fakeChain()
        fake.mine([0])
        const chain = await follow(fake, await newStore())
        chain.ledger.start()
        for (const one of steps) {
          // Of ten numbers eight lock or end.
          if (typeof one !== 'number') fake.mine(one.map(n => (n % 10 < 8 ? 16 * n + 14 + (n % 2) : n)))
          else if (fake.height > one + 1) fake.drop(one)
          await chain.ledger.caughtUp()
        }
        fake.mine([])
        await chain.ledger.caughtUp()
        let held = 0n
        for (const event of fake.events())
          if (event.name === 'BondLocked') held += event.amount
          else if (event.name === 'BondReturned' || event.name === 'BondBurnt') held -= event.amount
        let listed = 0n
        for (const account of [who(0), who(1), who(2)])
          for (const { amount, state, contribution } of (await chain.ledger.openBonds(account, { limit: 1000 }))
            .items) {
            assert.equal(state, 'open')
            assert.equal((await chain.ledger.bond(contribution))?.contributor, account)
            listed += amount
          }
        assert.equal(listed, held)
        await chain.stop()
      }),
      { numRuns: 20 }
    )
  })

  it('knows what of a deposit is confirmed, however often strangers add to it since', async () => {
    const fake = fakeChain()
    const channel = keccak('channel')
    const parties = { client: who(1), worker: who(2), model: keccak('model') }
    fake.mine([{ name: 'ChannelOpened', channel, ...parties, deposit: 1_000n, expiry: 99n }])
    for (let i = 0; i < 3; i++) fake.mine([])
    const chain = await follow(fake, await newStore(), { confirmations: 3 })
    chain.ledger.start()
    await chain.ledger.caughtUp()
    assert.equal((await chain.channels.known(channel))?.confirmed, 1_000n)
    for (const block of [1, 2])
      fake.mine(
        Array.from({ length: 12 }, (_, i) => {
          const deposit = 1_000n + BigInt(12 * (block - 1) + i + 1)
          return { name: 'ChannelToppedUp' as const, channel, deposit }
        })
      )
    await chain.ledger.caughtUp()
    const known = await chain.channels.known(channel)
    assert.deepEqual([known?.deposit, known?.confirmed], [1_024n, 1_000n])
    fake.mine([])
    await chain.ledger.caughtUp()
    assert.equal((await chain.channels.known(channel))?.confirmed, 1_012n)
  })

  it('looks less and less often at a chain that makes no blocks, and at once where it is asked', async () => {
    const fake = fakeChain()
    fake.mine([])
    const clock = manualClock()
    const chain = await follow(fake, await newStore(), { clock, pollMs: 200 })
    chain.ledger.start()
    await chain.ledger.caughtUp()
    /** A look writes to the disk, which takes no time of this clock. */
    const looksIn = async (ms: number): Promise<number> => {
      const before = fake.calls.head
      for (let at = 0; at < ms; at += 100) {
        await clock.advance(100)
        await new Promise(resolve => {
          setTimeout(resolve, 1)
        })
      }
      return fake.calls.head - before
    }
    await looksIn(20_000)
    const rest = await looksIn(60_000)
    assert.ok(rest >= 50 && rest <= 65, `${rest} looks in a minute`)
    fake.mine([])
    await chain.ledger.caughtUp()
    assert.equal(chain.ledger.head()?.block, BigInt(fake.height))
    const fresh = await looksIn(1_000)
    assert.ok(fresh >= 3, `${fresh} looks in the second after a block`)
  })

  it('says the time of what is confirmed by the chain that it has read, not by what the RPC would show', async () => {
    for (const confirmations of [1, 3]) {
      const fake = fakeChain()
      for (let i = 0; i < 5; i++) fake.mine([])
      const chain = await follow(fake, await newStore(), { confirmations })
      await assert.doesNotReject(chain.ledger.confirmedTime())
      chain.ledger.start()
      await chain.ledger.caughtUp()
      const timeOf = async (block: number) => (await fake.source.header(BigInt(block)))?.timestamp
      const before = await chain.ledger.confirmedTime()
      assert.equal(before, await timeOf(6 - confirmations))
      for (let i = 0; i < 4; i++) fake.mine([])
      assert.equal(await chain.ledger.confirmedTime(), before, 'blocks that nobody has read yet')
      await chain.ledger.caughtUp()
      assert.equal(await chain.ledger.confirmedTime(), await timeOf(10 - confirmations))
      fake.drop(confirmations)
      await assert.rejects(chain.ledger.confirmedTime(), { code: 'chain.inconsistent' })
    }
  })

  const block = fc.array(fc.nat(10_000), { maxLength: 5 })
  const steps = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ mine: fc.array(block, { minLength: 1, maxLength: 6 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({ drop: fc.integer({ min: 1, max: 9 }), mine: fc.array(block, { maxLength: 9 }) })
      },
      { weight: 1, arbitrary: fc.constant('restart' as const) }
    ),
    { minLength: 1, maxLength: 12 }
  )

  it('any blocks and reorganisations give what reading the last chain from its start gives', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async list => {
        const fake = fakeChain()
        fake.mine([])
        const store = await newStore()
        let chain = await follow(fake, store)
        let { heard } = await keeper(chain)
        chain.ledger.start()
        for (const step of list) {
          if (step === 'restart') {
            await chain.ledger.caughtUp({ consumers: true })
            await chain.stop()
            chain = await follow(fake, store)
            const before = heard
            ;({ heard } = await keeper(chain))
            heard.push(...before)
            chain.ledger.start()
            continue
          }
          const height = fake.height
          if ('drop' in step) fake.drop(step.drop)
          for (const choices of step.mine) fake.mine(choices)
          while (fake.height < height) fake.mine([])
          await chain.ledger.caughtUp()
        }
        fake.mine([]) // a chain of the same height is told apart by its next block at the latest
        await chain.ledger.caughtUp({ consumers: true })
        assert.deepEqual(heard, fake.events())
        const again = await newStore()
        const scratch = await follow(fake, again)
        scratch.ledger.start()
        await scratch.ledger.caughtUp()
        assert.deepEqual(await contents(store), await contents(again))
        assert.deepEqual(chain.ledger.state().provider.missing, 0)
        for (const stop of stops.splice(0).reverse()) await stop()
      }),
      { numRuns: 40 }
    )
  })

  it('a reorganisation costs what it takes back, and never all', async () => {
    const fake = fakeChain()
    for (let i = 0; i < 600; i++) fake.mine([i * 7, i * 13])
    const store = await newStore()
    const chain = await follow(fake, store)
    const { backs } = await keeper(chain)
    chain.ledger.start()
    await chain.ledger.caughtUp({ consumers: true })
    // From now on block by block, as a node that runs sees it.
    for (let i = 0; i < 60; i++) {
      fake.mine([i])
      await chain.ledger.caughtUp()
    }
    const before = { ...fake.calls }
    fake.drop(40)
    for (let i = 0; i < 41; i++) fake.mine([i])
    await chain.ledger.caughtUp({ consumers: true })
    assert.equal(backs(), 40)
    assert.ok(fake.calls.header - before.header < 25, `${fake.calls.header - before.header} headers`)
    assert.ok(fake.calls.logs - before.logs < 8, `${fake.calls.logs - before.logs} ranges`)
  })

  it('what left the chain beyond what is final is refused in words, and stays as it was', async () => {
    const fake = fakeChain()
    for (let i = 0; i < 400; i++) fake.mine([i])
    const store = await newStore()
    const chain = await follow(fake, store)
    chain.ledger.start()
    await chain.ledger.caughtUp()
    const before = await contents(store)
    fake.drop(350)
    for (let i = 0; i < 360; i++) fake.mine([i * 3])
    await assert.rejects(chain.ledger.caughtUp(), { code: 'chain.diverged', help: /same chain/ })
    assert.equal(chain.ledger.state().state, 'diverged')
    assert.deepEqual(await contents(store), before)
  })

  it("another chain's RPC is told from a reorganisation", async () => {
    const fake = fakeChain()
    for (let i = 0; i < 20; i++) fake.mine([i])
    const store = await newStore()
    const chain = await follow(fake, store)
    chain.ledger.start()
    await chain.ledger.caughtUp()
    fake.drop(3)
    for (let i = 0; i < 4; i++) fake.mine([i])
    fake.source.chainId = async () => 1
    await assert.rejects(chain.ledger.caughtUp(), { code: 'chain.network' })
    fake.source.chainId = async () => 31337
    await chain.ledger.caughtUp()
    assert.equal(chain.ledger.state().block, BigInt(fake.height))
  })

  it('an RPC that kept events back is found out by what cannot be, and everything is read again', async () => {
    const fake = fakeChain()
    const logs = fake.source.logs.bind(fake.source)
    let hidden = true
    const [created] = encodeEventTopics({ abi: datanetRegistryAbi, eventName: 'DatanetCreated' })
    fake.source.logs = async (from, to) =>
      (await logs(from, to)).filter(({ topics }) => !hidden || topics[0] !== created)
    fake.mine([0, 5, 7])
    for (let i = 0; i < 40; i++) fake.mine([5])
    const store = await newStore()
    const chain = await follow(fake, store)
    chain.ledger.start()
    await chain.ledger.caughtUp()
    assert.deepEqual((await chain.ledger.datanets()).items, [])
    hidden = false
    for (let i = 0; i < 300; i++) fake.mine([])
    fake.mine([1])
    await chain.ledger.caughtUp()
    const again = await newStore()
    const scratch = await follow(fake, again)
    scratch.ledger.start()
    await scratch.ledger.caughtUp()
    assert.deepEqual(await contents(store), await contents(again))
    assert.ok(chain.ledger.state().provider.short > 0)
    assert.equal(chain.ledger.state().provider.missing, 0)

    // One that never gives them is lived with, and said.
    hidden = true
    const poor = await follow(fake, await newStore())
    poor.ledger.start()
    await poor.ledger.caughtUp()
    assert.equal(poor.ledger.state().block, BigInt(fake.height))
    assert.ok(poor.ledger.state().provider.missing > 0)
  })

  it('who comes later hears everything, who was there goes on, and what all have heard is forgotten', async () => {
    const fake = fakeChain()
    for (let i = 0; i < 50; i++) fake.mine([i, i * 3])
    const store = await newStore()
    const first = await follow(fake, store)
    const { heard } = await keeper(first)
    first.ledger.start()
    await first.ledger.caughtUp({ consumers: true })
    fake.mine([1])
    await first.ledger.caughtUp({ consumers: true })
    const journal: string[] = []
    for await (const key of createBook(store).books.journal.keys()) journal.push(key)
    assert.ok(journal.length <= 1, `${journal.length} entries are kept`)
    assert.deepEqual(heard, fake.events())
    await first.stop()

    const second = await follow(fake, store)
    const late: ChainEvent[] = []
    await second.ledger.consume({
      name: 'late',
      names: eventNames,
      forward: event => void late.push(event),
      back: () => assert.fail('nothing is taken back')
    })
    second.ledger.start()
    await second.ledger.caughtUp({ consumers: true })
    assert.deepEqual(late, fake.events())
  })

  it('a disk that cannot note down what was heard ends nobody: what comes later is heard as well', async () => {
    const fake = fakeChain()
    const disk = await newStore()
    let refused = 0
    let isFull = false
    const store: Store = {
      ...disk,
      collection: (name, schema) => {
        const table = disk.collection(name, schema)
        if (!name.endsWith('/consumers')) return table
        return {
          ...table,
          put(key, value, options) {
            if (!isFull) return table.put(key, value, options)
            refused++
            return Promise.reject(new Error('no space is left'))
          }
        }
      }
    }
    const chain = await follow(fake, store)
    const { heard } = await keeper(chain)
    chain.ledger.start()
    isFull = true
    fake.mine([1, 2])
    await chain.ledger.caughtUp({ consumers: true })
    assert.ok(refused > 0)
    isFull = false
    fake.mine([3, 4])
    await chain.ledger.caughtUp({ consumers: true })
    assert.deepEqual(heard, fake.events())
  })

  it('takes 100,000 events, gives them by pages, and stays small in memory', async () => {
    const store = await newStore()
    const book = createBook(store)
    const views = createViews(book)
    await book.open(registry, async () => ({ block: 0n, hash: keccak('genesis') }))
    const hashOf = (block: bigint): Hex => keccak(`h${block}`)
    let range: ChainEvent[] = []
    let to = 0n
    const flush = async (): Promise<void> => {
      const hashes = new Map(range.map(({ block }) => [block, hashOf(block)]))
      const missing = await book.commit({ to, hash: hashOf(to), events: range, hashes, final: to - 20n })
      assert.deepEqual(missing, [])
      range = []
    }
    for (const events of manyBlocks(100_000, 25)) {
      range.push(...events)
      to = events[0]?.block ?? to
      if (range.length >= 2_000) await flush()
    }
    await flush()
    const undo: string[] = []
    for await (const key of book.books.undo.keys()) undo.push(key)
    assert.ok(undo.length <= 20 + 80, `${undo.length} blocks can be taken back`)

    const seen: Hex[] = []
    for (let after: string | undefined; ;) {
      const { items, next } = await views.channels({ worker: who(3) }, { limit: 700, ...(after && { after }) })
      seen.push(...items.map(({ id }) => id))
      if (next === undefined) break
      after = next
    }
    assert.ok(seen.length > 6_000 && new Set(seen).size === seen.length)
    const newest = await views.channels({ worker: who(3) }, { limit: 3, reverse: true })
    assert.deepEqual(
      newest.items.map(({ id }) => id),
      seen.slice(-3).reverse()
    )
    const totals = await views.totals()
    assert.equal(totals.data * 15n, totals.workers * 6n)
    assert.ok(totals.channels >= BigInt(seen.length), 'and how many channels there are, without reading them')
  })
})
