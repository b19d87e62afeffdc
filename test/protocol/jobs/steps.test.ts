import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkSteps, mostUntrained, stepsOn } from '../../../protocol/jobs/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'

const contribution = keccak('a contribution')
const rowsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ contribution, index }))
const logOf = (steps: number) => ({ steps, seconds: 1, tokens: 1, loss: [] })
const settings = { batch: 4, accumulation: 2, epochs: 3 }

describe('the steps of a training', () => {
  it('follow from its rows and settings: fewer or more are refused, as none ends early', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 500 }), fc.integer({ min: -40, max: 40 }), (count, off) => {
        const steps = stepsOn(count, settings)
        assert.equal(steps, Math.ceil(count / 8) * 3)
        const check = () => {
          checkSteps({ logs: [logOf(stepsOn(8, settings)), logOf(steps + off)] }, [rowsOf(8), rowsOf(count)], settings)
        }
        if (off === 0) check()
        else assert.throws(check, { code: 'delivery.steps' })
      })
    )
  })

  it('are those of the rows that were not set aside, named one by one', () => {
    const untrained = rowsOf(9).map(({ index }) => ({ contribution, row: index, code: 'too-long' as const }))
    const rows = [rowsOf(20)]
    checkSteps({ logs: [logOf(6)], untrained }, rows, settings)
    assert.throws(
      () => {
        checkSteps({ logs: [logOf(6)] }, rows, settings)
      },
      { code: 'delivery.steps' }
    )
    assert.throws(
      () => {
        checkSteps({ logs: [logOf(9)], untrained }, rows, settings)
      },
      { code: 'delivery.steps' }
    )
    // Beyond what a delivery can name there may be more.
    const many = Array.from({ length: mostUntrained }, (_, row) => ({ contribution, row, code: 'too-long' as const }))
    checkSteps({ logs: [logOf(3)], untrained: many }, [rowsOf(mostUntrained + 20)], settings)
  })
})
