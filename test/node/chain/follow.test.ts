import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { Server } from 'node:http'
import { createTestClient, http } from 'viem'
import { createChain } from '../../../node/chain/index.ts'
import type { ChainEvent, FollowHandlers } from '../../../node/chain/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { coin, startWorld } from './world.ts'
import type { Person, World } from './world.ts'

async function until(condition: () => boolean): Promise<void> {
  while (!condition())
    await new Promise(resolve => {
      setTimeout(resolve, 20)
    })
}

/** What a service would keep: events in order, undone when the chain drops them. */
function ledger(more: Partial<FollowHandlers> = {}) {
  const events: ChainEvent[] = []
  const kept = { events, reached: -1n, hash: undefined as Hex | undefined, rewinds: [] as bigint[] }
  const handlers: FollowHandlers = {
    event(event) {
      events.push(event)
    },
    reached(block, hash) {
      kept.reached = block
      kept.hash = hash
    },
    rewound(block) {
      kept.rewinds.push(block)
      while ((events.at(-1)?.block ?? -1n) > block) events.pop()
    },
    ...more
  }
  return { kept, handlers }
}
const amounts = (events: ChainEvent[]): bigint[] =>
  events.flatMap(event => (event.name === 'Staked' ? [event.amount] : []))

describe('following the chain', () => {
  let world: World
  let node: Person
  const stops: (() => Promise<unknown>)[] = []
  before(async () => {
    world = await startWorld()
    node = await world.person('node', 100_000n)
    for (const amount of [1n, 2n, 3n]) await node.chain.nodes.stake(amount)
  })
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })
  after(() => world.stop())

  it("hands over every event once, in order, with the chain's fields", async () => {
    const { kept, handlers } = ledger()
    const follower = node.chain.follow({ from: 0n, pollMs: 20 }, handlers)
    stops.push(() => follower.stop())
    await until(() => kept.events.length >= 3)
    await node.chain.nodes.stake(4n)
    await until(() => kept.events.length >= 4)
    assert.deepEqual(amounts(kept.events), [1n, 2n, 3n, 4n])
    const [first] = kept.events
    assert.ok(first?.name === 'Staked' && first.node === node.address)
    assert.deepEqual(Object.keys(first).sort(), ['amount', 'block', 'logIndex', 'name', 'node', 'transaction'])
  })

  it('goes on from a block, and hands over only the events asked for', async () => {
    const { block } = await node.chain.nodes.stake(5n)
    await node.chain.nodes.setPayout(node.address)
    const { kept, handlers } = ledger()
    const follower = node.chain.follow({ from: block, names: ['PayoutSet'], pollMs: 20 }, handlers)
    stops.push(() => follower.stop())
    await until(() => kept.reached > block)
    assert.deepEqual(
      kept.events.map(({ name }) => name),
      ['PayoutSet']
    )
    const all = ledger()
    const second = node.chain.follow({ from: block, pollMs: 20 }, all.handlers)
    stops.push(() => second.stop())
    await until(() => all.kept.reached > block)
    assert.deepEqual(amounts(all.kept.events), [5n])
  })

  it('calls a handler that threw again, in order', async () => {
    let failures = 0
    let told = 0
    const seen: bigint[] = []
    const { kept, handlers } = ledger({
      event(event) {
        if (event.name !== 'Staked') return
        if (failures < 2 && event.amount === 2n) {
          failures++
          throw new TypeError('not now')
        }
        seen.push(event.amount)
      },
      failed() {
        told++
      }
    })
    const follower = node.chain.follow({ from: 0n, pollMs: 10 }, handlers)
    stops.push(() => follower.stop())
    await until(() => kept.reached > 0n)
    assert.deepEqual(seen.slice(0, 3), [1n, 2n, 3n])
    assert.equal(told, 2)
  })

  it('goes back where the chain dropped blocks, and forward on the new ones', async () => {
    const client = createTestClient({ mode: 'anvil', transport: http(world.anvil.rpcUrl) })
    const { kept, handlers } = ledger()
    const from = (await node.chain.head()).block + 1n
    const follower = node.chain.follow({ from, pollMs: 20 }, handlers)
    stops.push(() => follower.stop())
    await node.chain.nodes.stake(100n)
    await until(() => amounts(kept.events).includes(100n))
    const snapshot = await client.snapshot()
    await node.chain.nodes.stake(200n)
    await node.chain.nodes.stake(300n)
    await until(() => amounts(kept.events).includes(300n))
    await client.revert({ id: snapshot })
    for (const amount of [201n, 301n, 401n]) await node.chain.nodes.stake(amount)
    await until(() => amounts(kept.events).includes(401n))
    assert.deepEqual(amounts(kept.events), [100n, 201n, 301n, 401n])
    assert.equal(kept.rewinds.length, 1)
  })

  it('finds out at its start that the chain lost what was read before', async () => {
    const client = createTestClient({ mode: 'anvil', transport: http(world.anvil.rpcUrl) })
    const snapshot = await client.snapshot()
    const before = ledger()
    const first = node.chain.follow({ from: 0n, pollMs: 20 }, before.handlers)
    const lost = await node.chain.nodes.stake(500n)
    await until(() => before.kept.reached >= lost.block)
    await first.stop()
    await client.revert({ id: snapshot })
    const again = await node.chain.nodes.stake(501n)
    assert.equal(again.block, lost.block)

    const follower = node.chain.follow(
      { from: before.kept.reached + 1n, parent: before.kept.hash, pollMs: 20 },
      before.handlers
    )
    stops.push(() => follower.stop())
    await until(() => amounts(before.kept.events).includes(501n))
    assert.ok(!amounts(before.kept.events).includes(500n))
    assert.deepEqual(before.kept.rewinds, [0n])

    const ahead = ledger()
    const { block } = await node.chain.head()
    const third = node.chain.follow({ from: block + 50n, pollMs: 20 }, ahead.handlers)
    stops.push(() => third.stop())
    await until(() => ahead.kept.reached >= block)
    assert.deepEqual(ahead.kept.rewinds, [0n], 'a chain shorter than what was read is another one')
  })

  it('sits an outage out, says so once, and misses nothing', async () => {
    const gate = await startGate(new URL(world.anvil.rpcUrl))
    const chain = await createChain({ rpcUrl: gate.url, addresses: world.addresses })
    const health: boolean[] = []
    const { kept, handlers } = ledger({
      health: ({ up }) => {
        health.push(up)
      }
    })
    const from = (await node.chain.head()).block + 1n
    chain.follow({ from, pollMs: 20 }, handlers)
    stops.push(
      () => chain.stop(),
      () => gate.stop()
    )
    await node.chain.nodes.stake(coin)
    await until(() => kept.events.length === 1)
    gate.shut(true)
    await until(() => health.length === 1)
    await node.chain.nodes.stake(2n * coin)
    gate.shut(false)
    await until(() => kept.events.length === 2)
    await until(() => health.length === 2)
    assert.deepEqual(
      [amounts(kept.events), health],
      [
        [coin, 2n * coin],
        [false, true]
      ]
    )
  })
})

/** A way to the chain that can be shut. */
async function startGate(to: URL): Promise<{ url: string; shut(shut: boolean): void; stop(): Promise<void> }> {
  let closed = false
  const server: Server = createServer((incoming, outgoing) => {
    if (closed) {
      outgoing.destroy()
      return
    }
    incoming.pipe(
      request({ host: to.hostname, port: to.port, method: 'POST', headers: incoming.headers }, answer => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      }).on('error', () => outgoing.destroy())
    )
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    shut(shut) {
      closed = shut
    },
    stop: () =>
      new Promise(resolve => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      })
  }
}
