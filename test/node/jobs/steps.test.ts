import assert from 'node:assert/strict'
import { createSteps } from '../../../node/jobs/builder/steps.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'

describe('steps of jobs that fail', () => {
  it('are tried again later, and what is remembered of them has a bound', async () => {
    const steps = createSteps(manualClock(), silentLog)
    const tries = new Map<string, number>()
    const attempt = async (name: string): Promise<number> => {
      steps.attempt(name, async () => {
        tries.set(name, (tries.get(name) ?? 0) + 1)
        throw new TypeError('not now')
      })
      await steps.settled(name)
      return tries.get(name) ?? 0
    }
    assert.equal(await attempt('first'), 1)
    assert.equal(await attempt('first'), 1, 'it waits')
    for (let i = 0; i < 5_000; i++) await attempt(`${i}`)
    assert.equal(await attempt('4999'), 1, 'so does the last')
    assert.equal(await attempt('first'), 2, 'of the first nothing is remembered')
    await steps.stop()
  })
})
