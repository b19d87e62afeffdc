import assert from 'node:assert/strict'
import type { Away } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { request, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

/** An owner who pauses and resumes as the test says. */
function owner() {
  let away: Away | undefined
  let until = Infinity
  const listeners = new Set<(away: Away | undefined) => void>()
  return {
    say(next: Away | undefined) {
      away = next
      for (const listener of listeners) listener(next)
    },
    lend(at: number) {
      until = at
    },
    availability: {
      away: () => away,
      lentUntil: () => until,
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

  it('does not bid for what would not end within the hours of its owner, and says so', async () => {
    mine.say(undefined)
    mine.lend(Date.now() + 500)
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, bidSeconds: 8 })
    const declined = () => worker.service.declined().items.find(({ job }) => job === id)
    await until(() => declined() !== undefined, 'it declines')
    assert.equal(declined()?.code, 'work.hours')
    assert.match(declined()?.reason ?? '', /would not end within the [0-9]+ s/)
    assert.match(declined()?.help ?? '', /--hours/)
    assert.notEqual(declined()?.again, null, 'other hours come')
    const said = () => network.builder.service.job(id)?.refusals.find(({ worker: by }) => by === worker.address)
    await until(() => said() !== undefined, 'its builder is told why')
    assert.equal(said()?.code, 'work.hours')
    assert.equal(network.builder.service.job(id)?.bids.length, 0)
  })
})
