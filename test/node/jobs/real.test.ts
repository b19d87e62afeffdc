import assert from 'node:assert/strict'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine } from '../../../node/engine/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { request, settings, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'

describe('a tune job with the real engine', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let engine: Engine
  before(async () => {
    engine = openEngine({ threads: 1 })
    network = await startNetwork({ engine })
    await network.addPeer('worker', { engine })
  })
  after(async () => {
    await network.stop()
    await engine.close()
  })

  it('trains adapter and siblings, which the builder measures to be better than the base model', async () => {
    const { id } = await network.builder.service.post({
      ...request(network),
      expectedBids: 1,
      settings: { ...settings, epochs: 8, lr: 0.02 }
    })
    const { result } = await network.builder.service.completed(id)
    const job = network.builder.service.job(id)!
    assert.ok(job.heldOutLoss!.tuned < job.heldOutLoss!.base, JSON.stringify(job.heldOutLoss))
    assert.equal(new Set(result.adapters).size, 8) // all differ, the base model's null among them
    const loss = job.awards.find(({ lot }) => lot.kind === 'adapter')!.loss
    assert.equal(loss.length, 24)
    assert.ok(loss.at(-1)! < loss[0]!)
  })

  it('trains the linear layers themselves where the job says so, and siblings, and measures them alike', async () => {
    const { lora: _lora, ...rest } = settings
    const { id } = await network.builder.service.post({
      ...request(network),
      expectedBids: 1,
      settings: { ...rest, method: 'full', epochs: 8, lr: 4e-3 }
    })
    const { result } = await network.builder.service.completed(id)
    const job = network.builder.service.job(id)!
    assert.ok(job.heldOutLoss!.tuned < job.heldOutLoss!.base, JSON.stringify(job.heldOutLoss))
    assert.equal(new Set(result.adapters).size, 8)
  })

  it('adapters of noise do not pass the real measurement, of the model nor of siblings', async () => {
    const liar = await network.addPeer('noise', { engine: fakeEngine({ noise: 1 }), policy: { pricePerSecond: 1n } })
    const { id } = await network.builder.service.post({
      ...request(network),
      settings: { ...settings, epochs: 24, lr: 0.02, seed: 8 }
    })
    await network.builder.service.completed(id)
    const theirs = network.builder.service.job(id)!.awards.filter(({ worker }) => worker === liar.address)
    assert.deepEqual(theirs.map(({ lot }) => lot.kind).sort(), ['adapter', 'siblings'])
    for (const { reason, state } of theirs) {
      assert.match(reason!, /delivery.(loss|unlearnt|log)/)
      assert.notEqual(state, 'released')
    }
  })
})
