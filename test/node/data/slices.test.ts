import assert from 'node:assert/strict'
import { inSlices } from '../../../node/data/validator/slices.ts'

describe('data: what is gone through a few steps at a time', () => {
  /** @returns turns that others have had meanwhile */
  async function turnsOf(steps: Generator<void, string>): Promise<number> {
    let turns = 0
    let isOver = false
    const other = (): void => {
      turns++
      if (!isOver) setImmediate(other)
    }
    setImmediate(other)
    assert.equal(await inSlices(steps), 'done')
    isOver = true
    return turns
  }

  it('lets others have their turn after some steps, and after each that is long', async () => {
    function* quick(): Generator<void, string> {
      for (let i = 0; i < 501; i++) yield
      return 'done'
    }
    assert.ok((await turnsOf(quick())) >= 10)
    function* slow(): Generator<void, string> {
      for (let i = 0; i < 5; i++) {
        const until = performance.now() + 25
        while (performance.now() < until) continue
        yield
      }
      return 'done'
    }
    assert.ok((await turnsOf(slow())) >= 5)
  })
})
