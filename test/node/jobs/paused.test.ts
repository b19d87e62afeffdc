import assert from 'node:assert/strict'
import type { Away } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { request, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

/** An owner who pauses and resumes as the test says. */
function owner() {
  let away: Away | undefined
  const listeners = new Set<(away: Away | undefined) => void>()
  return {
    say(next: Away | undefined) {
      away = next
      for (const listener of listeners) listener(next)
    },
    availability: {
      away: () => away,
      onChange(listener: (away: Away | undefined) => void) {
        listeners.add(listener)
        return () => {
          listeners.delete(listener)
        }
      }
    }
  }
}
const paused = (trainings: boolean): Away => ({ reason: 'paused', trainings, why: 'its owner plays', until: null })

describe('a worker whose owner pauses it', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let worker: TestPeer
  const engine = fakeEngine({ stepMs: 60 })
  const mine = owner()
  before(async () => {
    network = await startNetwork({ engine: fakeEngine() })
    worker = await network.addPeer('worker', {
      engine,
      change: deps => ({ ...deps, availability: mine.availability })
    })
  })
  after(() => network.stop())

  it('bids for nothing, says why, and bids when it is lent again; a training waits at its checkpoint', async () => {
    mine.say(paused(false))
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, bidSeconds: 60 })
    const declined = () => worker.service.declined().items.find(({ job }) => job === id)
    await until(() => declined() !== undefined, 'it declines')
    assert.equal(declined()?.code, 'work.away')
    assert.equal(declined()?.reason, 'its owner plays')
    assert.equal(network.builder.service.job(id)?.bids.length, 0)

    mine.say(undefined)
    await until(() => network.builder.service.job(id)?.bids.length === 1, 'it bids')
    const trained = () => worker.service.job(id)?.awards.some(({ state }) => state === 'training') === true
    await until(trained, 'it trains')

    mine.say(paused(true))
    let steps = -1
    await until(() => {
      const before = steps
      steps = engine.steps
      return before === steps
    }, 'the training stands still')
    assert.notEqual(network.builder.service.job(id)?.state, 'completed')

    mine.say(undefined)
    await network.builder.service.completed(id)
    const job = network.builder.service.job(id)
    assert.equal(job?.state, 'completed')
    assert.ok(job?.awards.every(({ attempt }) => attempt === 0))
  })
})
