import assert from 'node:assert/strict'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork, tamper } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('what a client has signed for', function () {
  this.timeout(120_000) // real nodes, on a machine that may have other work
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer

  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', { roles: { worker: true, client: false } })
    client = await network.addPeer('client', {
      roles: { worker: false, client: true },
      // Its word is lost on the way, with the stream.
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, async (frame, stream) => {
          if (frame.kind !== 'countersign') return frame
          await stream.fail(new Error('gone'))
          return null
        })
      })
    })
    await network.serve(worker, client)
  })
  after(() => network.stop())

  it('is brought to its worker after a restart, also where nothing more is asked', async () => {
    await ask(client, question('why'))
    await until(async () => (await client.service.receipts()).length === 1, 'the client has signed')
    assert.deepEqual(await worker.service.receipts(), [])
    await network.kill(client)
    const { change: _, ...options } = client.options
    await network.revive(client, options)
    await until(
      async () => {
        await client.service.reconcile()
        return (await worker.service.receipts()).length === 1
      },
      'the worker has the receipt',
      30_000
    )
    assert.deepEqual(
      (await worker.service.receipts()).map(({ receipt }) => receipt),
      (await client.service.receipts()).map(({ receipt }) => receipt)
    )
    // Then there is nothing to look after any more.
    assert.equal(await client.service.reconcile(), 0)
  })

  it('is nothing where the question is taken back while workers are looked for', async () => {
    await network.kill(worker)
    const alone = await network.addPeer('alone', { roles: { worker: false, client: true } })
    await until(() => alone.service.model(network.model) !== undefined, 'the model is known')
    const control = new AbortController()
    const asked = ask(alone, question('who', { signal: control.signal }))
    await until(() => alone.service.underway().length === 1, 'it is asked')
    control.abort()
    const { finish, ids, receipts } = await asked
    assert.deepEqual({ finish, ids, receipts }, { finish: 'cancelled', ids: [], receipts: [] })
  })
})
