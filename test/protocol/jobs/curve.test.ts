import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  emptyDraft,
  evaluateEvery,
  jobDraft,
  mergeHeldOut,
  mostHeldOut,
  mostPoints,
  settingsFile,
  thinLosses,
  thinPace
} from '../../../protocol/jobs/index.ts'

describe('how a training went, in few points', () => {
  it('keeps the mean of each stretch, and the last step, whatever the number of steps', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 5_000 }), losses => {
        const points = thinLosses(losses)
        assert.ok(points.length <= mostPoints)
        assert.equal(points.at(-1)?.step ?? 0, losses.length)
        const sum = points.reduce((all, { loss, step }, i) => all + loss * (step - (points[i - 1]?.step ?? 0)), 0)
        assert.ok(Math.abs(sum - losses.reduce((a, b) => a + b, 0)) < 1e-6 * Math.max(1, losses.length))
      })
    )
  })

  it('thins the pace without losing the newest', () => {
    const points = Array.from({ length: mostPoints + 1 }, (_, step) => ({
      step,
      at: step,
      tokensPerSecond: 1,
      lr: null
    }))
    const thinned = thinPace(points)
    assert.ok(thinned.length <= mostPoints / 2 + 1)
    assert.equal(thinned.at(-1)?.step, mostPoints)
  })

  it('takes the later word on a step, in the order of steps, and no more than it keeps', () => {
    assert.deepEqual(
      mergeHeldOut(
        [{ step: 8, loss: 2 }],
        [
          { step: 4, loss: 3 },
          { step: 8, loss: 1 }
        ]
      ),
      [
        { step: 4, loss: 3 },
        { step: 8, loss: 1 }
      ]
    )
    const many = Array.from({ length: 500 }, (_, step) => ({ step, loss: 1 }))
    assert.equal(mergeHeldOut([], many).length, mostHeldOut)
  })

  it('measures seldom enough to cost little', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e5 }),
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 32 }),
        (steps, rows, held) => {
          const every = evaluateEvery({ steps, rows, held })
          const times = Math.ceil(steps / every)
          assert.ok(times <= 10 && every >= 1)
          assert.ok(times <= 1 || times * held <= 0.05 * 3 * rows + held)
        }
      )
    )
  })
})

describe('settings as a file and drafts', () => {
  it('may leave anything away, and hold nothing else', () => {
    assert.deepEqual(settingsFile.parse({ epochs: 3, coalitions: 8 }), { epochs: 3, coalitions: 8 })
    assert.equal(settingsFile.safeParse({ epoch: 3 }).success, false)
    assert.equal(jobDraft.safeParse(emptyDraft).success, true)
    assert.equal(jobDraft.safeParse({ ...emptyDraft, settings: { lr: 7 } }).success, false)
  })
})
