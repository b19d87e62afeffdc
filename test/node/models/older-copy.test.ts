import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createAcquaintance } from '../../../node/models/client/workers.ts'
import { systemClock } from '../../../node/runtime/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('a node restored from a copy that is older than its last answers', function () {
  this.timeout(240_000) // real nodes, on a machine that may have other work
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer

  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', { roles: { worker: true, client: false } })
    client = await network.addPeer('client', { roles: { worker: false, client: true } })
    await network.serve(worker, client)
  })
  after(() => network.stop())

  /** An answer is forgotten: the peer's database is afterwards as it was before it. */
  async function older(peer: TestPeer, text: string): Promise<void> {
    const [store, copy] = [join(peer.folder, 'store'), join(peer.folder, 'copy')]
    await network.kill(peer)
    await cp(store, copy, { recursive: true })
    await network.revive(peer)
    await back()
    await ask(client, question(text))
    await network.kill(peer)
    await rm(store, { recursive: true })
    await cp(copy, store, { recursive: true })
    await rm(copy, { recursive: true })
    await network.revive(peer)
    await back()
  }
  const back = (): Promise<void> =>
    until(
      () => client.service.offers(network.model).some(offer => offer.worker === worker.address),
      'it is offered',
      30_000
    )

  /** A whole answer, by the worker that was there before. @returns how many receipts it has */
  async function answered(text: string): Promise<number> {
    const { ids, workers, receipts } = await ask(client, question(text))
    assert.equal(ids.length, 24)
    assert.ok(workers.every(one => one.worker === worker.address))
    return receipts.length
  }

  it('asks the same worker by another channel, and calls it no liar', async () => {
    assert.equal(await answered('why'), 1)
    await older(client, 'again')
    // What shows it is whole, and signed for by nobody: the worker's receipt follows one that is not known here.
    assert.equal(await answered('who'), 0)
    assert.equal(await answered('when'), 1)
    const { items } = await client.service.channels()
    assert.equal(items.length, 2)
  })
})

describe('a receipt that is not the next of its channel', () => {
  it('is forgiven a worker once, and nothing else is', () => {
    const { forgives } = createAcquaintance({ clock: systemClock })
    const [one, other] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as const
    const error = (code: 'receipt.chain' | 'receipt.fee'): InvalidError => new InvalidError(code, 'no')
    assert.equal(forgives(one, error('receipt.fee')), false)
    assert.deepEqual([forgives(one, error('receipt.chain')), forgives(one, error('receipt.chain'))], [true, false])
    assert.equal(forgives(other, error('receipt.chain')), true)
  })
})
