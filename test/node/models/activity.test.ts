import assert from 'node:assert/strict'
import { createActivity } from '../../../node/models/worker/activity.ts'
import type { ModelEvents } from '../../../node/models/index.ts'
import { createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'

describe("a worker's activity", () => {
  it('is that of the last hour, by the minute', async () => {
    const clock = manualClock(0)
    const events = createEvents<ModelEvents>(silentLog)
    const activity = createActivity({ clock, events }, (_, fee) => (fee * 3n) / 4n)
    const answered = async (role: 'client' | 'worker', fee: bigint): Promise<void> => {
      const message = { inputTokens: 3, outputTokens: 7, fee }
      const receipt = { receipt: { message } } as ModelEvents['models.receipt']['receipt']
      events.emit('models.receipt', { id: '0x00', role, receipt })
      await new Promise(setImmediate) // the bus tells its listeners a little later
    }
    await answered('worker', 5n)
    await answered('client', 100n)
    await clock.advance(30 * 60_000)
    await answered('worker', 6n)
    assert.deepEqual(activity.lately(), { seconds: 1800, requests: 2, tokens: 20, fees: 11n, earned: 7n })
    await clock.advance(31 * 60_000)
    assert.deepEqual(activity.lately(), { seconds: 3600, requests: 1, tokens: 10, fees: 6n, earned: 4n })
    activity.stop()
    await answered('worker', 1n)
    assert.equal(activity.lately().requests, 1)
  })
})
