import assert from 'node:assert/strict'
import { checkReceipt } from '../../client/node.ts'
import { fakeEngine } from '../harness/engine/serving.ts'
import { coin, until } from '../harness/index.ts'
import type { TestPeer } from '../node/models/network.ts'
import { allOf, startLightNetwork, textOf } from './network.ts'
import type { LightNetwork } from './network.ts'

const messages = [{ role: 'user', content: 'why' }] as const

describe('a light peer', function () {
  this.timeout(120_000) // many real nodes, on a machine that may have other work
  let network: LightNetwork
  let worker: TestPeer
  let host: TestPeer

  before(async () => {
    network = await startLightNetwork()
    worker = await network.addPeer('worker', { engine: fakeEngine() })
    host = await network.addPeer('host', { roles: { worker: false, client: true } })
    await network.serve(worker, host)
  })
  after(() => network.stop())

  it('finds offers by one peer, asks their worker, pays, and has a receipt that anybody can check', async () => {
    const { tilth } = await network.light([host])
    const offers = await allOf(tilth.offers())
    assert.deepEqual(
      offers.map(({ model, worker, name }) => ({ model, worker, name })),
      [{ model: network.model, worker: worker.address, name: 'tiny' }]
    )
    const before = await tilth.balance()
    const answer = tilth.ask({ model: network.model, messages, maxTokens: 24, maxFee: coin, seed: 7 })
    const text = await textOf(answer)
    const result = await answer.result
    assert.equal(text, result.text)
    assert.equal(result.ids.length, 24)
    assert.equal(text.trim().split(' ').length, 24)
    const receipt = await answer.receipt
    assert.ok(receipt)
    assert.equal(receipt.fee, result.fee)
    assert.equal(receipt.outputTokens, 24)
    const checked = checkReceipt(JSON.parse(JSON.stringify(receipt.signed)), worker.chain.network)
    assert.deepEqual(checked.id, receipt.id)
    assert.equal(checked.worker, worker.address)
    assert.equal(checked.client, tilth.account)
    // The worker has it too, and is owed what it says.
    await until(async () => (await worker.service.receipt(receipt.id)) !== undefined, 'the worker has the receipt')
    const [channel] = await tilth.channels()
    assert.ok(channel)
    assert.equal(channel.settled, receipt.fee)
    assert.ok(channel.paid >= channel.settled)
    assert.equal((await tilth.balance()).tokens, before.tokens - channel.deposit)
    await tilth.close()
  })
})
