import assert from 'node:assert/strict'
import { createTwinWatch } from '../../../node/transport/gossip/twin.ts'
import { manualClock } from '../../../node/runtime/index.ts'

describe('transport: another process that speaks with this node’s key', () => {
  const at = (clock: ReturnType<typeof manualClock>): number => Math.floor(clock.now() / 1000)

  it('is noticed by two words that this one has not said, some seconds apart', async () => {
    const clock = manualClock()
    let noticed = 0
    const heard = createTwinWatch(clock, () => noticed++)
    await clock.advance(30_000)
    heard(at(clock))
    await clock.advance(5_000)
    heard(at(clock))
    assert.equal(noticed, 0)
    await clock.advance(5_000)
    heard(at(clock))
    heard(at(clock))
    assert.equal(noticed, 2)
  })

  it('is not the run before, whose words still go round', async () => {
    const clock = manualClock()
    let noticed = 0
    const before = at(clock)
    await clock.advance(20_000)
    const heard = createTwinWatch(clock, () => noticed++)
    for (let second = 0; second <= 20; second++) heard(before + second)
    await clock.advance(120_000)
    heard(before + 20)
    assert.equal(noticed, 0)
  })
})
