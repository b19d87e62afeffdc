import assert from 'node:assert/strict'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { ask, question, startNetwork } from './network.ts'
import type { PeerOptions, TestNetwork, TestPeer } from './network.ts'

const clientOnly: PeerOptions = { roles: { worker: false, client: true } }

describe('closing a channel by hand', function () {
  this.timeout(120_000) // real nodes and a real chain
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer
  let broken = false
  const gate = async (): Promise<void> => {
    if (broken) throw new Error('the engine broke')
  }
  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', { engine: fakeEngine({ gate }) })
    client = await network.addPeer('client', clientOnly)
    await network.serve(worker, client)
  })
  after(() => network.stop())

  const balance = (peer: TestPeer): Promise<bigint> => peer.chain.tokens.balanceOf(peer.address)

  it('brings back what nobody was promised, after the worker has had its window', async () => {
    const before = await balance(client)
    const { usage } = await ask(client, question('why'))
    const [channel] = (await client.service.channels()).items
    assert.ok(channel !== undefined)
    assert.deepEqual([channel.role, channel.state, channel.deposit - channel.paid], ['client', 'open', channel.left])
    assert.deepEqual(await client.service.deposits(), { deposited: channel.deposit, promised: usage.fee, claimed: 0n })
    await assert.rejects(client.service.closeChannel(`0x${'77'.repeat(32)}`), { code: 'close.unknown' })

    const asked = await client.service.closeChannel(channel.id)
    assert.equal(asked.channel.state, 'closing')
    assert.ok(asked.channel.closesAt > 0n && asked.channel.closesAt < asked.channel.expiry)
    assert.match(asked.transaction ?? '', /^0x/)
    const again = await client.service.closeChannel(channel.id)
    assert.deepEqual([again.channel.state, again.transaction], ['closing', null])
    await until(
      async () => (await client.chain.channels.channel(channel.id))?.claimed === usage.fee,
      'the worker has claimed what it was promised',
      30_000
    )
    await network.anvil.advance(61)
    // By this call or by the daemon's own look, whichever comes first.
    const done = await client.service.closeChannel(channel.id).catch((error: unknown) => {
      assert.equal((error as { code?: string }).code, 'close.over')
    })
    if (done !== undefined) assert.deepEqual([done.channel.state, done.channel.left], ['closed', channel.left])
    await until(async () => (await balance(client)) === before - usage.fee, 'the rest is back', 30_000)
    await until(async () => (await client.service.deposits()).deposited === 0n, 'no deposit is counted any more')
    await assert.rejects(client.service.closeChannel(channel.id), { code: 'close.over' })
    assert.deepEqual((await client.service.channels({ closed: false })).items, [])
    assert.equal((await client.service.channels()).items[0]?.state, 'closed')
  })

  it('shows and gives back the money of an ask that failed', async () => {
    broken = true
    const before = await balance(client)
    await assert.rejects(ask(client, question('lost')))
    const { items } = await client.service.channels({ closed: false })
    const locked = items.reduce((sum, { left }) => sum + left, 0n)
    assert.ok(locked > 0n && before - (await balance(client)) === locked, `${locked}`)
    for (const { id } of items) await client.service.closeChannel(id)
    await network.anvil.advance(61)
    await until(async () => (await balance(client)) === before, 'all of it is back', 30_000)
  })

  it('is a worker’s right at any time: it claims what it was promised, and the rest is back at once', async () => {
    broken = false
    const before = await balance(client)
    const { usage } = await ask(client, question('who'))
    const [channel] = (await client.service.channels({ closed: false })).items
    assert.ok(channel !== undefined)
    const { channel: closed, transaction } = await worker.service.closeChannel(channel.id)
    assert.deepEqual([closed.role, closed.state, closed.claimed], ['worker', 'closed', usage.fee])
    assert.match(transaction ?? '', /^0x/)
    await until(async () => (await balance(client)) === before - usage.fee, 'the rest is back', 30_000)
    await assert.rejects(worker.service.closeChannel(channel.id), { code: 'close.over' })
    await until(
      async () => (await client.service.channels({ closed: false })).items.length === 0,
      'its client has heard of it',
      30_000
    )
    await ask(client, question('where')) // over another one
  })
})
