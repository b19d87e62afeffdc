import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine } from '../../../node/engine/index.ts'
import { createTrainer } from '../../../node/engine/trainer/index.ts'
import type { Trainer } from '../../../node/engine/trainer/index.ts'
import { request, settings, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'

const program = resolve('test/harness/engine/trainer.ts')

describe('a tune job whose worker trains by a command of its owner', function () {
  this.timeout(240_000) // a process for each adapter
  let network: TestNetwork
  let engine: Engine
  const trainers: Trainer[] = []
  const by = (how: string): Trainer => {
    const trainer = createTrainer({ command: [process.execPath, program, how], silenceMs: 60_000 }, engine)
    trainers.push(trainer)
    return trainer
  }
  before(async () => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
    network = await startNetwork({ engine })
  })
  after(async () => {
    await network.stop()
    for (const trainer of trainers) trainer.close()
    await engine.close()
  })

  it('is delivered, measured and paid like any, and an auditor finds the losses that were logged', async () => {
    const trainer = by('well')
    await network.addPeer('worker', { engine, change: deps => ({ ...deps, trainer }) })
    const { id } = await network.builder.service.post({
      ...request(network),
      expectedBids: 1,
      bidSeconds: 120,
      settings: { ...settings, epochs: 4, lr: 0.02 }
    })
    const { result } = await network.builder.service.completed(id)
    const job = network.builder.service.job(id)
    assert.ok(job?.heldOutLoss !== null && job !== undefined)
    assert.ok(job.heldOutLoss.tuned < job.heldOutLoss.base, JSON.stringify(job.heldOutLoss))
    const { logged, found } = await network.builder.service.retrain(result, { sibling: 1, steps: 4 })
    assert.ok(found.length > 0)
    found.forEach((loss, i) => assert.ok(Math.abs(loss - (logged[i] ?? NaN)) < 1e-4, `${loss} ${logged[i]}`))
  })
})
