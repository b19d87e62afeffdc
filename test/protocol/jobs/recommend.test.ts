import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkFullSize, mostFullParameters, recommendTune, wholeSettings } from '../../../protocol/jobs/index.ts'

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
          players: fc.integer({ min: 1, max: 256 }),
          method: fc.constantFrom(undefined, 'lora' as const, 'qlora' as const, 'full' as const)
        }),
        facts => {
          const { settings, coalitions, why } = recommendTune(facts)
          wholeSettings.parse(settings)
          assert.equal(settings.method, facts.method ?? settings.method)
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

  it('of full training have no adapter and a lower rate; settings of the one are none of the other', () => {
    const { settings, why } = recommendTune({ ...small, method: 'full' })
    const { settings: adapter } = recommendTune(small)
    assert.equal(settings.lora, undefined)
    assert.ok(settings.lr <= adapter.lr / 5)
    assert.ok(why.every(({ setting }) => setting !== 'rank'))
    for (const wrong of [
      { ...settings, lora: adapter.lora },
      { ...adapter, lora: undefined },
      { ...settings, method: 'qlora' }
    ])
      assert.match(wholeSettings.safeParse(wrong).error?.issues[0]?.message ?? '', /left away for full/)
    checkFullSize(mostFullParameters)
    assert.throws(() => checkFullSize(mostFullParameters + 1), { code: 'job.full-size' })
  })
})
