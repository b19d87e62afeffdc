import assert from 'node:assert/strict'
import fc from 'fast-check'
import { recommendTune, trainSettings } from '../../../protocol/jobs/index.ts'

const small = { parameters: 4e6, context: 512, rows: 250, characters: 15_000, longest: 70, players: 4 }

describe('jobs: recommended settings', () => {
  it('are settings that a job may have, whatever base and data are, each with its reason', () => {
    fc.assert(
      fc.property(
        fc.record({
          parameters: fc.integer({ min: 1, max: 1e11 }),
          context: fc.integer({ min: 64, max: 1e6 }),
          rows: fc.integer({ min: 1, max: 1e6 }),
          characters: fc.integer({ min: 2, max: 1e9 }),
          longest: fc.integer({ min: 2, max: 256_000 }),
          players: fc.integer({ min: 1, max: 256 })
        }),
        facts => {
          const { settings, coalitions, why } = recommendTune(facts)
          trainSettings.parse(settings)
          assert.ok(coalitions >= 2 && coalitions <= 4096)
          assert.ok(settings.cutoff <= facts.context)
          assert.ok(why.every(({ setting, value, why }) => setting !== '' && value !== '' && why !== ''))
        }
      )
    )
  })

  it('give few rows more passes, small bases higher rates, and large ones 4 bits', () => {
    const { settings, coalitions } = recommendTune(small)
    assert.equal(settings.epochs, 16)
    assert.equal(settings.lr, 5e-3)
    assert.equal(coalitions, 16)
    assert.ok(recommendTune({ ...small, rows: 50_000 }).settings.epochs < settings.epochs)
    const large = recommendTune({ ...small, parameters: 8e9 }).settings
    assert.equal(large.method, 'qlora')
    assert.ok(large.lr < settings.lr)
  })
})
