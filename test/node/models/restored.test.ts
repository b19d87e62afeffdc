import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChannelView } from '../../../node/models/index.ts'
import { workerFrame } from '../../../protocol/models/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// Both sides of a channel note what they sign. Whoever is brought back from an older copy of its folder has forgotten
// some of it; the other one has it, with both signatures.

describe('a channel of which one side was restored from an older copy', function () {
  this.timeout(240_000) // real nodes, on a machine that may have other work
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer

  beforeEach(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', { roles: { worker: true, client: false } })
    client = await network.addPeer('client', { roles: { worker: false, client: true } })
    await network.serve(worker, client)
  })
  afterEach(() => network.stop())

  const storeOf = (peer: TestPeer): string => join(peer.folder, 'store')
  const copyOf = (peer: TestPeer): string => join(peer.folder, 'older')
  /** Ends a peer, copies its store, and goes on. */
  async function copied(peer: TestPeer): Promise<void> {
    await network.kill(peer)
    await rm(copyOf(peer), { recursive: true, force: true })
    await cp(storeOf(peer), copyOf(peer), { recursive: true })
    await network.revive(peer)
  }
  async function restored(peer: TestPeer): Promise<void> {
    await network.kill(peer)
    await rm(storeOf(peer), { recursive: true })
    await cp(copyOf(peer), storeOf(peer), { recursive: true })
    await network.revive(peer)
  }
  const offered = (): Promise<void> =>
    until(() => client.service.offers(network.model).some(one => one.worker === worker.address), 'it is offered')
  /** Answers of many tokens, for which a worker wants vouchers as it goes. */
  const long = (text: string) => question(text, { maxTokens: 200 })
  async function asked(text: string): Promise<void> {
    const { receipts, workers } = await ask(client, long(text))
    assert.deepEqual(
      [receipts.length, workers.map(one => one.worker)],
      [1, [worker.address]],
      'one worker answers and is paid at once'
    )
  }
  async function channelOf(peer: TestPeer): Promise<ChannelView> {
    const { items } = await peer.service.channels()
    assert.equal(items.length, 1, 'there is one channel')
    return items[0]!
  }
  /** Both know the same of their one channel, nobody is accused, and what is paid is what was received. */
  async function atOne(receipts: number): Promise<void> {
    await until(async () => (await channelOf(worker)).receipts === receipts, 'the worker has all receipts')
    const [here, there] = [await channelOf(client), await channelOf(worker)]
    const facts = ({ paid, settled, receipts: count, state }: ChannelView) => ({ paid, settled, count, state })
    assert.deepEqual(facts(here), { ...facts(there), count: receipts, state: 'open' })
    assert.equal(here.paid, here.settled)
    const ids = async (peer: TestPeer): Promise<string[]> =>
      (await peer.service.receipts({ limit: 1_000 })).map(({ receipt }) => receipt.receipt.message.request).sort()
    assert.deepEqual(await ids(client), await ids(worker))
    assert.equal(new Set(await ids(worker)).size, receipts)
  }

  it('goes on from what the worker shows where the client has forgotten it, and nothing is paid twice', async () => {
    await asked('before the copy')
    await copied(client)
    await offered()
    await asked('forgotten')
    await asked('forgotten, too')
    await restored(client)
    await offered()
    await asked('after it')
    await atOne(4)
    await asked('and once more')
    await atOne(5)
  })

  it('goes on where the copy knows nothing of the channel at all', async () => {
    await copied(client)
    await offered()
    await asked('forgotten')
    await restored(client)
    await offered()
    // The chain tells it of its channel, and of nothing that was signed.
    await until(async () => (await client.service.channels()).items.length === 1, 'the channel is known again')
    await asked('after it')
    await atOne(2)
  })

  it('goes on from what the client shows where the worker has forgotten it, and nothing is paid twice', async () => {
    await asked('before the copy')
    await copied(worker)
    await offered()
    await asked('forgotten')
    await asked('forgotten, too')
    await restored(worker)
    await offered()
    // It does not know yet that it is behind: its receipt follows, and nobody blames it.
    const { workers } = await ask(client, long('after it'))
    assert.deepEqual(
      workers.map(one => one.worker),
      [worker.address]
    )
    await client.service.reconcile()
    await atOne(4)
    await asked('and once more')
    await atOne(5)
  })

  it('is told no more often than somebody asks who has forgotten something', async () => {
    await asked('once')
    const { id } = await channelOf(client)
    let code: string | undefined
    for (let i = 0; i < 90 && code === undefined; i++) {
      const stream = await client.node.streams.open(worker.address, '/tilth/models/infer/1')
      await stream.send({ kind: 'recall', channel: id, sequence: 0n, receipts: [], voucher: null })
      try {
        assert.equal((await stream.next(workerFrame))?.kind, 'recalled')
      } catch (error) {
        code = error instanceof TilthError ? error.code : String(error)
      }
      await stream.end()
    }
    assert.equal(code, 'limit.rate')
    await asked('and is answered all the same')
  })
})
