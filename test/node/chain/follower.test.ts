import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTestClient, http } from 'viem'
import { z } from 'zod'
import { createChain, followChain } from '../../../node/chain/index.ts'
import type { ChainEvent, FollowedChain } from '../../../node/chain/index.ts'
import { eventNames } from '../../../node/chain/events/events.ts'
import { createRanges } from '../../../node/chain/follower/ranges.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import { until } from '../../harness/index.ts'
import { startProxy, startWire } from './proxy.ts'
import type { Proxy, Recipe } from './proxy.ts'
import { coin, scratch, startWorld } from './world.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import type { Person, World } from './world.ts'

const amounts = (events: readonly ChainEvent[]): bigint[] =>
  events.flatMap(event => (event.name === 'Staked' ? [event.amount] : []))

describe('following a real chain', function () {
  this.timeout(120_000)
  let world: World
  let node: Person
  let anvil: ReturnType<typeof clientOf>
  const clientOf = () => createTestClient({ mode: 'anvil', transport: http(world.anvil.rpcUrl) })
  const stops: (() => Promise<unknown>)[] = []
  const staked: bigint[] = []
  const stake = async (amount: bigint): Promise<void> => {
    await node.chain.nodes.stake(amount)
    staked.push(amount)
  }
  before(async () => {
    world = await startWorld()
    node = await world.person('node', 100_000n)
    anvil = clientOf()
    for (let i = 1n; i <= 12n; i++) {
      await stake(i)
      await anvil.mine({ blocks: 250 })
    }
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })
  after(() => world.stop())

  async function follow(url: string, folder?: string): Promise<{ chain: FollowedChain; heard: ChainEvent[] }> {
    const store = await openStore(join(folder ?? (await scratch('follower')), 'store'))
    const plain = await createChain({ rpcUrl: url, addresses: world.addresses })
    const chain = await followChain(plain, { store, clock: systemClock, log: silentLog, pollMs: 20 })
    stops.push(
      () => store.close(),
      () => chain.stop()
    )
    const heard: ChainEvent[] = []
    await chain.ledger.consume({
      name: 'test',
      names: eventNames,
      forward(event) {
        heard.push(event)
      },
      back(event) {
        assert.deepEqual(heard.pop(), event)
      }
    })
    chain.ledger.start()
    return { chain, heard }
  }
  async function behind(recipe: Recipe): Promise<{ proxy: Proxy; chain: FollowedChain; heard: ChainEvent[] }> {
    const proxy = await startProxy(world.anvil.rpcUrl, recipe)
    const followed = await follow(proxy.url)
    stops.splice(-2, 0, () => proxy.stop())
    return { proxy, ...followed }
  }
  const all = (): bigint[] => staked

  it('is waited for by who asks before it has begun, and says that it ended to who still waits', async () => {
    const store = await openStore(join(await scratch('follower'), 'store'))
    const plain = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: world.addresses })
    const early = await followChain(plain, { store, clock: systemClock, log: silentLog, pollMs: 20 })
    const caughtUp = early.ledger.caughtUp()
    early.ledger.start()
    await caughtUp
    assert.equal(early.ledger.state().block, (await plain.head()).block)
    const late = early.ledger.stop()
    await assert.rejects(early.ledger.caughtUp(), { code: 'chain.stopped' })
    await late
    await early.stop()
    await store.close()
  })

  it('begins at the deployment, and needs few calls for many blocks', async () => {
    const { proxy, chain, heard } = await behind({})
    await chain.ledger.caughtUp({ consumers: true })
    assert.deepEqual(amounts(heard), all())
    assert.equal((await chain.ledger.node(node.address)).staked, await node.chain.nodes.stakeOf(node.address))
    assert.ok((proxy.calls.get('eth_getLogs') ?? 0) <= 8, `${proxy.calls.get('eth_getLogs')} ranges`)
    assert.ok((proxy.calls.get('eth_getBlockByNumber') ?? 0) < 30)
    assert.equal(chain.ledger.state().state, 'following')
  })

  for (const capBlocks of [500, 100, 10])
    it(`lives with a provider that gives ${capBlocks} blocks at once, and says so`, async () => {
      const { proxy, chain, heard } = await behind({ capBlocks })
      await until(() => heard.length >= 12, 'it is there', 60_000)
      await chain.ledger.caughtUp({ consumers: true })
      assert.deepEqual(amounts(heard), all())
      const { rangeCap = 0, refused } = chain.ledger.state().provider
      assert.ok(rangeCap <= capBlocks && rangeCap * 2 > capBlocks, `${rangeCap} of ${capBlocks}`)
      assert.ok(refused < 16, `${refused} refusals`)
      assert.ok(proxy.ranges.length < 3 * (3100 / capBlocks) + 20, `${proxy.ranges.length} ranges`)
    })

  it('finds out that a provider cuts long answers short', async () => {
    const { chain, heard } = await behind({ cutLogs: 3 })
    await until(() => heard.length >= 12, 'it is there')
    await chain.ledger.caughtUp({ consumers: true })
    assert.deepEqual(amounts(heard), all())
    const { short, resultCap } = chain.ledger.state().provider
    assert.ok(short > 0 && resultCap === 3)
  })

  it('takes up later what a node left out that lags behind the head it names', async () => {
    const { proxy, chain, heard } = await behind({})
    await chain.ledger.caughtUp({ consumers: true })
    proxy.recipe = { logsBehind: 2 }
    await stake(77n)
    for (let i = 0; i < 4; i++) await anvil.mine({ blocks: 1 })
    await until(() => amounts(heard).includes(77n), 'it is seen once the node is there')
    proxy.recipe = {}
    await anvil.mine({ blocks: 1 })
    await chain.ledger.caughtUp({ consumers: true })
    assert.deepEqual(amounts(heard), all())
  })

  it('sits outages, cut connections and slow answers out, and misses nothing', async () => {
    const { proxy, chain, heard } = await behind({})
    await chain.ledger.caughtUp({ consumers: true })
    for (const recipe of [{ cut: 'all' }, { cut: 'logs' }, { slowMs: 150 }] as Recipe[]) {
      proxy.recipe = recipe
      await stake(5n)
      if (recipe.cut !== undefined) {
        await until(() => chain.ledger.state().state === 'waiting', 'it says that it waits', 30_000)
        assert.ok(chain.ledger.state().error !== undefined)
      }
      proxy.recipe = recipe.slowMs === undefined ? {} : recipe
      await until(() => amounts(heard).length === staked.length, 'it is seen', 60_000)
    }
    assert.deepEqual(amounts(heard), all())
  })

  it('refuses an RPC of another chain, at its start and when it changes', async () => {
    const proxy = await startProxy(world.anvil.rpcUrl, { chainId: 1 })
    stops.push(() => proxy.stop())
    const { addresses } = world
    await assert.rejects(createChain({ rpcUrl: proxy.url, addresses }), { code: 'chain.network', message: /chain 1\b/ })
    await assert.rejects(createChain({ rpcUrl: 'ftp://example.org', addresses }), { code: 'chain.url', help: /ws/ })
  })

  it('finds the deployment by itself where the file does not name it', async () => {
    const { deploymentBlock, ...rest } = world.addresses
    const chain = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: rest })
    stops.push(() => chain.stop())
    assert.deepEqual(await chain.deploymentBlock(), { block: BigInt(deploymentBlock), searched: true })
  })

  it('makes one call of what is read in one turn, and many where the RPC wants it so', async () => {
    for (const noPrograms of [false, true]) {
      const proxy = await startProxy(world.anvil.rpcUrl, { noPrograms })
      const chain = await createChain({ rpcUrl: proxy.url, addresses: world.addresses })
      stops.push(
        () => proxy.stop(),
        () => chain.stop()
      )
      const read = () =>
        Promise.all([
          chain.nodes.stakeOf(node.address),
          chain.tokens.totalSupply(),
          chain.datanets.datanet(`0x${'07'.repeat(32)}`),
          chain.payouts.rules(),
          chain.payouts.claimed(`0x${'07'.repeat(32)}`, node.address)
        ])
      const first = await read()
      const before = proxy.calls.get('eth_call') ?? 0
      assert.deepEqual(await read(), first)
      const calls = (proxy.calls.get('eth_call') ?? 0) - before
      assert.ok(noPrograms ? calls >= 5 : calls === 1, `${calls} calls`)
      assert.equal(first[0], await node.chain.nodes.stakeOf(node.address))
      assert.equal(first[2], undefined)
    }
  })

  it('reads by a WebSocket as well, over a break', async () => {
    const wire = await startWire(new URL(world.anvil.rpcUrl))
    const { chain, heard } = await follow(`ws://127.0.0.1:${wire.port}`)
    stops.splice(-2, 0, () => wire.stop())
    await chain.ledger.caughtUp({ consumers: true })
    assert.deepEqual(amounts(heard), all())
    const [supply, balance] = await Promise.all([chain.tokens.totalSupply(), chain.tokens.balanceOf(node.address)])
    assert.ok(supply > balance)
    await stake(9n)
    await until(() => amounts(heard).length === staked.length, 'news come by it')
    wire.cut(true)
    await stake(8n)
    await until(() => chain.ledger.state().state === 'waiting', 'it knows that the wire is cut', 30_000)
    wire.cut(false)
    await until(() => amounts(heard).length === staked.length, 'news come again', 60_000)
    assert.deepEqual(amounts(heard), all())
  })

  it('goes back five blocks over registrations, deposits and commitments, and forward on the new ones', async () => {
    const client = await world.person('client', 1000n)
    const { chain, heard } = await follow(world.anvil.rpcUrl)
    const rules = world.digest('Datanet', { host: node.address, rules: `0x${'01'.repeat(32)}`, createdAt: 1n })
    await node.chain.datanets.create({
      rules: `0x${'01'.repeat(32)}`,
      createdAt: 1n,
      validators: [{ address: node.address, weight: 1 }]
    })
    const register = (name: string) =>
      node.chain.models.register({
        name,
        base: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
        adapter: '',
        result: '',
        datanet: `0x${'00'.repeat(32)}`,
        version: 0,
        job: `0x${'00'.repeat(32)}`,
        worker: node.address,
        split: { worker: 8000, builder: 2000, data: 0 }
      })
    const commit = (n: number) => {
      const commitment = `0x0${n}${'0'.repeat(62)}` as const
      const statement = { datanet: rules, contributor: client.address, commitment, ...agreedTo(`0x${'01'.repeat(32)}`) }
      return node.chain.datanets.commitFor(statement, client.sign('Commitment', statement))
    }
    const { model } = await register('kept')
    const { timestamp } = await node.chain.head()
    const expiry = timestamp + 86_400n
    const { channel } = await client.chain.channels.open({ worker: node.address, model, deposit: 5n * coin, expiry })
    const snapshot = await anvil.snapshot()
    await register('dropped')
    await client.chain.channels.topUp(channel, 2n * coin)
    const { contribution } = await commit(1)
    await commit(2)
    await stake(4n)
    await chain.ledger.caughtUp({ consumers: true })
    assert.equal((await chain.channels.known(channel))?.deposit, 7n * coin)
    assert.equal((await chain.ledger.commitment(contribution))?.index, 1n)

    await anvil.revert({ id: snapshot })
    staked.pop()
    const again = await commit(2)
    await anvil.mine({ blocks: 6 })
    await chain.ledger.caughtUp({ consumers: true })
    assert.equal((await chain.channels.known(channel))?.deposit, 5n * coin, 'deposits shrink')
    assert.equal(await chain.ledger.commitment(contribution), undefined)
    assert.equal((await chain.ledger.commitment(again.contribution))?.index, 1n, 'who was first is another')
    assert.deepEqual(
      (await chain.ledger.models()).items.map(({ registration }) => registration.name),
      ['kept']
    )
    const fresh = await follow(world.anvil.rpcUrl)
    await fresh.chain.ledger.caughtUp({ consumers: true })
    assert.deepEqual(heard, fresh.heard)
  })

  it('resumes exactly where it was, however often it is killed, over reorganisations too', async () => {
    const folder = await scratch('killed')
    const program = fileURLToPath(new URL('follower-process.ts', import.meta.url))
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [program, folder, world.anvil.rpcUrl, JSON.stringify(world.addresses)], {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      const gone = once(child, 'close')
      stops.push(async () => child.kill('SIGKILL'))
      let lines = 0
      child.stdout.on('data', (chunk: Buffer) => {
        lines += chunk.toString().split('\n').length - 1
      })
      await until(() => lines > 0, 'it has read', 60_000)
      const snapshot = await anvil.snapshot()
      for (let i = 0; i < 1 + round; i++) await node.chain.nodes.stake(BigInt(1000 * (round + 1) + i))
      if (round % 2 === 1) {
        await anvil.revert({ id: snapshot })
        await anvil.mine({ blocks: round + 2 })
      } else for (let i = 0; i < 1 + round; i++) staked.push(BigInt(1000 * (round + 1) + i))
      child.kill('SIGKILL')
      await gone
    }
    const last = spawn(process.execPath, [program, folder, world.anvil.rpcUrl, JSON.stringify(world.addresses)], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const over = once(last, 'close')
    stops.push(async () => last.kill('SIGKILL'))
    await once(last.stdout, 'data')
    last.kill('SIGKILL')
    await over
    const store = await openStore(folder)
    stops.push(() => store.close())
    const heard: bigint[] = []
    const blocks = new Map<bigint, bigint>()
    for await (const [block, { amount }] of store
      .collection('test/heard', z.strictObject({ amount: z.string() }))
      .entries())
      blocks.set(BigInt(block), BigInt(amount))
    for (const block of [...blocks.keys()].sort((a, b) => Number(a - b))) heard.push(blocks.get(block) ?? 0n)
    assert.deepEqual(heard, all())
    const plain = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: world.addresses })
    const chain = await followChain(plain, { store, clock: systemClock, log: silentLog })
    stops.push(() => chain.stop())
    assert.equal(
      (await chain.ledger.node(node.address)).staked,
      all().reduce((sum, amount) => sum + amount, 0n)
    )
  })

  it('a registration that is longer than this version takes keeps nobody from starting, now or later', async () => {
    const { chain } = await follow(world.anvil.rpcUrl)
    const { model } = await node.chain.models.register({
      name: 'n'.repeat(81),
      base: 'no CID at all',
      adapter: '',
      result: '',
      datanet: `0x${'00'.repeat(32)}`,
      version: 0,
      job: `0x${'00'.repeat(32)}`,
      worker: node.address,
      split: { worker: 8000, builder: 2000, data: 0 }
    })
    const datanet = world.digest('Datanet', { host: node.address, rules: `0x${'01'.repeat(32)}`, createdAt: 1n })
    const long = { datanet, version: 1, root: `0x${'02'.repeat(32)}` as const, count: 1, cid: 'b'.repeat(5000) }
    await node.chain.datanets.anchorVersion(long, node.sign('Version', long))
    await stake(6n)
    await chain.ledger.caughtUp()
    assert.equal((await chain.ledger.model(model))?.registration.name.length, 81)
    assert.equal(await chain.ledger.version(datanet, 1), undefined, 'no CID has 5,000 characters')
    assert.equal(chain.ledger.state().state, 'following')
  })

  it('waits for confirmations before a channel is relied on', async () => {
    const store = await openStore(await scratch('confirmations'))
    const plain = await createChain({ rpcUrl: world.anvil.rpcUrl, addresses: world.addresses })
    const chain = await followChain(plain, { store, clock: systemClock, log: silentLog, confirmations: 3 })
    stops.push(
      () => store.close(),
      () => chain.stop()
    )
    chain.ledger.start()
    await chain.ledger.caughtUp()
    const [model] = (await chain.ledger.models()).items
    const client = await world.person('another client', 100n)
    const { timestamp } = await node.chain.head()
    const { channel } = await client.chain.channels.open({
      worker: node.address,
      model: model?.id ?? '0x',
      deposit: coin,
      expiry: timestamp + 86_400n
    })
    const confirmed: (bigint | undefined)[] = []
    for (let i = 0; i < 3; i++) {
      await chain.ledger.caughtUp()
      confirmed.push((await chain.channels.known(channel))?.confirmed)
      await anvil.mine({ blocks: 1 })
    }
    assert.deepEqual(confirmed, [0n, 0n, coin])
  })

  it('leaves no listener behind with each pause', async () => {
    let most = 0
    type Method = (this: AbortSignal, ...args: unknown[]) => void
    const [add, remove] = (['addEventListener', 'removeEventListener'] as const).map(
      name => Reflect.get(AbortSignal.prototype, name) as Method
    ) as [Method, Method]
    const known = new WeakMap<object, Set<unknown>>()
    AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: unknown[]) {
      const set = known.get(this) ?? new Set()
      known.set(this, set.add(args[1]))
      most = Math.max(most, set.size)
      Reflect.apply(add, this, args)
    }
    AbortSignal.prototype.removeEventListener = function (this: AbortSignal, ...args: unknown[]) {
      known.get(this)?.delete(args[1])
      Reflect.apply(remove, this, args)
    }
    try {
      const { proxy, chain } = await behind({})
      await chain.ledger.caughtUp()
      const looks = (): number => proxy.calls.get('eth_getBlockByNumber') ?? 0
      const from = looks()
      await until(() => looks() > from + 60, 'many looks at the chain')
      assert.ok(most > 0 && most < 10, `${most} listeners of one signal`)
    } finally {
      AbortSignal.prototype.addEventListener = add
      AbortSignal.prototype.removeEventListener = remove
    }
  })
})

describe('how many blocks are asked for', () => {
  it('finds what is allowed in few steps, and more again when more is allowed', () => {
    for (const cap of [1, 7, 10, 100, 499, 500, 1999, 10_000, 1e9]) {
      const ranges = createRanges()
      let allowed = cap
      let refusals = 0
      const ask = (times: number): void => {
        for (let i = 0; i < times; i++) {
          const size = ranges.next()
          assert.ok(size >= 1)
          if (size > allowed) {
            refusals++
            assert.ok(ranges.refused(size))
          } else ranges.answered(size, { ms: 10, logs: 0 })
        }
      }
      ask(500)
      assert.ok(ranges.next() * 2 > Math.min(cap, 100_000), `${ranges.next()} of ${cap}`)
      assert.ok(refusals <= 30, `${refusals} refusals with ${cap}`)
      allowed = cap * 8
      ask(10_000)
      assert.ok(ranges.next() >= Math.min(cap * 3, 90_000), `${ranges.next()} of ${cap * 8}`)
    }
  })

  it('a million blocks are a few dozen questions where everything is allowed', () => {
    const ranges = createRanges()
    let asked = 0
    for (let read = 0; read < 1_000_000; asked++) {
      const size = ranges.next()
      ranges.answered(size, { ms: 50, logs: 10 })
      read += size
    }
    assert.ok(asked < 24, `${asked} questions`)
  })

  it('asks for less where answers are slow or long, and gives up only at a single block', () => {
    const ranges = createRanges()
    ranges.answered(ranges.next(), { ms: 9_000, logs: 0 })
    assert.ok(ranges.next() < 2_000)
    let size = ranges.next()
    for (; size > 1; size = ranges.next()) assert.ok(ranges.refused(size))
    assert.equal(ranges.refused(1), false)
  })
})
