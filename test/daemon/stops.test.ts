import assert from 'node:assert/strict'
import { createStops } from '../../daemon/api/handlers/stops.ts'

describe('answers that are stopped by their names', () => {
  it('end by their own name or by their caller, and a name that is taken anew is the newer one', () => {
    const stops = createStops()
    const caller = new AbortController()
    const unnamed = stops.begin(undefined, caller.signal)
    const first = stops.begin('a', caller.signal)
    const other = stops.begin('b', caller.signal)
    assert.equal(stops.stop('nobody'), false)
    assert.equal(stops.stop('a'), true)
    assert.deepEqual([first.signal.aborted, other.signal.aborted, unnamed.signal.aborted], [true, false, false])
    const second = stops.begin('a', caller.signal)
    first.end()
    assert.equal(second.signal.aborted, false)
    assert.equal(stops.stop('a'), true)
    assert.equal(second.signal.aborted, true)
    other.end()
    assert.equal(stops.stop('b'), false, 'what has ended is forgotten')
    caller.abort()
    assert.equal(unnamed.signal.aborted, true)
  })
})
