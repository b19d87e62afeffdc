import assert from 'node:assert/strict'
import { manualClock } from '../../../../node/runtime/index.ts'
import { createGathering } from '../../../../node/payouts/receipts/gathering.ts'

describe('receipts that come one after another', () => {
  it('are looked at together a moment later, each of them, also after a failure', async () => {
    const clock = manualClock()
    const failed: unknown[] = []
    let [came, seen, looks] = [0, 0, 0]
    const gathering = createGathering(clock, { error: (_, fields) => failed.push(fields) }, async () => {
      if (++looks === 2) throw new Error('a full disk')
      seen = came
    })
    const come = (): void => {
      came++
      gathering.came()
    }
    for (let i = 0; i < 5; i++) come()
    await clock.advance(1_000)
    assert.deepEqual([seen, looks, failed.length], [5, 1, 0])
    come()
    await clock.advance(1_000)
    assert.deepEqual([seen, looks, failed.length], [5, 2, 1])
    come()
    await clock.advance(1_000)
    assert.deepEqual([seen, looks, failed.length], [7, 3, 1])
  })

  it('are left to the next start once it stops, which waits for a look under way', async () => {
    const clock = manualClock()
    let over = false
    let end = (): void => undefined
    const gathering = createGathering(
      clock,
      { error: () => assert.fail('a stop is no failure') },
      () =>
        new Promise(resolve => {
          end = () => {
            over = true
            resolve()
          }
        })
    )
    gathering.came()
    await clock.advance(1_000)
    gathering.came()
    const stopped = gathering.stop().then(() => over)
    end()
    assert.equal(await stopped, true)
    gathering.came()
    await clock.advance(1_000)
  })
})
