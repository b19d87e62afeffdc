import assert from 'node:assert/strict'
import { manualClock } from '../../../../node/runtime/index.ts'
import { createGathering } from '../../../../node/payouts/receipts/gathering.ts'

describe('receipts that come one after another', () => {
  it('are looked at together, the first at once and the others a moment later, also after a failure', async () => {
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
    const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
    come()
    await turn()
    assert.deepEqual([seen, looks], [1, 1])
    for (let i = 0; i < 5; i++) come()
    await turn()
    assert.deepEqual([seen, looks], [1, 1])
    await clock.advance(1_000)
    assert.deepEqual([seen, looks, failed.length], [1, 2, 1])
    come()
    await turn()
    assert.deepEqual([seen, looks, failed.length], [7, 3, 1])
    // Who counts on it waits for nothing but the look.
    come()
    await gathering.now()
    assert.deepEqual([seen, looks], [8, 4])
    await clock.advance(1_000)
    await gathering.now()
    assert.equal(seen, 8)
  })

  it('are looked at again after a failure, also if nobody asks, and a stop waits for all looks', async () => {
    const clock = manualClock()
    let [looks, ended, isFull] = [0, 0, true]
    let pause: Promise<void> = Promise.resolve()
    const gathering = createGathering(clock, { error: () => undefined }, async () => {
      looks++
      await pause
      ended++
      if (isFull) throw new Error('a full disk')
    })
    gathering.came()
    await assert.rejects(gathering.now(), /full disk/u)
    await clock.advance(1_000)
    await assert.rejects(gathering.now(), /full disk/u)
    isFull = false
    const before = looks
    await clock.advance(20_000)
    assert.equal(looks, before + 1)
    await gathering.now()
    assert.equal(looks, before + 1)
    let go = (): void => undefined
    pause = new Promise(resolve => (go = resolve))
    gathering.came()
    const counting = gathering.now()
    const stopped = gathering.stop().then(() => [looks, ended])
    go()
    const [begun, over] = await stopped
    assert.equal(begun, over)
    await counting
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
