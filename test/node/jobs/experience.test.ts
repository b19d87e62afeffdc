import assert from 'node:assert/strict'
import fc from 'fast-check'
import { learnt, ratioBounds } from '../../../node/jobs/worker/experience.ts'
import type { ExperienceRecord } from '../../../node/jobs/worker/experience.ts'

const seconds = fc.double({ min: 0.001, max: 1e6, noNaN: true })

describe('what a worker learns from how long its lots took', () => {
  it('stays within its bounds whatever happened, and between what it knew and what it saw', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ reckoned: seconds, took: seconds }), { maxLength: 20 }), lots => {
        let known: ExperienceRecord | undefined
        for (const [i, lot] of lots.entries()) {
          const before = known?.ratio
          known = learnt(known, lot)
          assert.ok(known)
          assert.equal(known.lots, i + 1)
          assert.ok(known.ratio >= ratioBounds.least && known.ratio <= ratioBounds.most)
          const fresh = Math.min(ratioBounds.most, Math.max(ratioBounds.least, lot.took / lot.reckoned))
          const [low, high] = [Math.min(before ?? fresh, fresh), Math.max(before ?? fresh, fresh)]
          assert.ok(known.ratio >= low * 0.999_999 && known.ratio <= high * 1.000_001)
        }
      })
    )
  })

  it('comes near what lots really take, from the first on', () => {
    let known = learnt(undefined, { reckoned: 22, took: 80 })
    assert.ok(Math.abs(22 * (known?.ratio ?? 0) - 80) < 1e-9)
    for (let i = 0; i < 20; i++) known = learnt(known, { reckoned: 22, took: 44 })
    assert.ok(Math.abs((known?.ratio ?? 0) - 2) < 0.02)
  })

  it('learns nothing of what was not measured', () => {
    assert.equal(learnt(undefined, { reckoned: 0, took: 3 }), undefined)
    const known = learnt(undefined, { reckoned: 1, took: 2 })
    for (const odd of [0, -1, NaN, Infinity]) assert.equal(learnt(known, { reckoned: 1, took: odd }), known)
  })
})
