import assert from 'node:assert/strict'
import { isTouched } from '../../web-console/api/touched.ts'

const after =
  (...names: string[]) =>
  (call: string) =>
    isTouched(call, new Set(names))

describe('what news touch', () => {
  it('reads again what stands in or after the phase that they are of, and the node itself', () => {
    const touched = after('data.decided')
    for (const call of ['datanets', 'contributions', 'job', 'models', 'earnings', 'status'])
      assert.ok(touched(call), call)
  })

  it('leaves earlier phases alone', () => {
    const touched = after('payouts.finalized')
    for (const call of ['datanets', 'job', 'models']) assert.ok(!touched(call), call)
    assert.ok(touched('earnings'))
  })

  it('reads little again for what comes often, and everything when something was missed', () => {
    assert.ok(!after('jobs.progress')('jobs'))
    assert.ok(after('jobs.progress')('job'))
    assert.ok(after('jobs.progress', 'missed')('datanets'))
  })
})
