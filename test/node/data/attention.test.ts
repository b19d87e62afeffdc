import assert from 'node:assert/strict'
import { createAttention } from '../../../node/data/validator/attention.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { manualClock } from '../../../node/runtime/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'

const id = keccak('a shard')

/** A process that is given a turn only now and then: its timers come when it is its turn. */
function starved(): { clock: Pick<Clock, 'every' | 'now'>; turn: (after: number) => void } {
  let now = 1_000_000
  const tasks = new Set<() => unknown>()
  return {
    clock: {
      now: () => now,
      every(_, task) {
        tasks.add(task)
        return () => void tasks.delete(task)
      }
    },
    turn(after) {
      now += after
      for (const task of tasks) task()
    }
  }
}

describe('data: time in which a shard could be looked for', () => {
  const never = new AbortController().signal

  it('is what passes, where the process has its turns', async () => {
    const clock = manualClock()
    const attention = createAttention(clock, never)
    void attention.during(() => clock.sleep(60_000))
    assert.equal(attention.since(id), 0)
    await clock.advance(30_000)
    assert.equal(attention.since(id), 30_000)
    await clock.advance(30_000)
    assert.equal(attention.since(id), 60_000)
  })

  it('is not what passes while a machine has no turn for it, or its clock is set', async () => {
    const { clock, turn } = starved()
    const attention = createAttention(clock, never)
    let done = (): void => undefined
    const work = attention.during(
      () =>
        new Promise<void>(resolve => {
          done = resolve
        })
    )
    attention.since(id)
    for (let i = 0; i < 5; i++) turn(20_000)
    assert.equal(attention.since(id), 5_000, 'a hundred seconds with five turns')
    turn(-3_600_000)
    turn(200)
    assert.equal(attention.since(id), 5_200)
    done()
    await work
  })

  it('goes on between two tries, and costs nothing once nothing is looked for', async () => {
    const { clock, turn } = starved()
    const attention = createAttention(clock, never)
    await attention.during(async () => undefined)
    attention.since(id)
    for (let i = 0; i < 5; i++) turn(200)
    assert.equal(attention.since(id), 1_000)
    for (let i = 0; i < 1_000; i++) turn(200)
    const rested = attention.since(id)
    assert.ok(rested <= 5_200, `${rested} ms`)
    await attention.during(async () => {
      turn(200)
    })
    assert.equal(attention.since(id), rested + 200)
  })
})
