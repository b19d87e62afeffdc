import assert from 'node:assert/strict'
import fc from 'fast-check'
import { usualSplitFor } from '../../protocol/primitives/index.ts'
import { recommendTune, wholeSettings } from '../../protocol/jobs/index.ts'
import { aligned, emptyCurve, lossLines, progressOf, withNews } from '../../web-console/jobs/job/curve-points.ts'
import type { ProgressNews } from '../../web-console/jobs/job/curve-points.ts'
import { splitOf, typedSplit } from '../../web-console/jobs/job/split-text.ts'
import { totalsOf } from '../../web-console/jobs/job/test-totals.ts'
import type { Answered } from '../../web-console/jobs/job/test-totals.ts'
import { readSettings, settingsText } from '../../web-console/jobs/settings-text.ts'
import {
  faultOf,
  hyperparameters,
  numbersOf,
  withMethod,
  withNumber
} from '../../web-console/jobs/wizard/hyperparameters.ts'
import { presetSettings, presets } from '../../web-console/jobs/wizard/presets.ts'
import { doneShare, stateText, titleOf } from '../../web-console/jobs/words.ts'

const facts = { parameters: 3.2e6, context: 512, rows: 250, characters: 9_600, longest: 74, players: 4 }
const { settings, coalitions } = recommendTune(facts)

describe('presets of the wizard', () => {
  it('are settings that a job takes, from quick to thorough, for any base and data', () => {
    fc.assert(
      fc.property(
        fc.record({
          parameters: fc.integer({ min: 1e6, max: 2e10 }),
          context: fc.integer({ min: 64, max: 131_072 }),
          rows: fc.integer({ min: 1, max: 1e6 }),
          characters: fc.integer({ min: 1, max: 1e9 }),
          longest: fc.integer({ min: 1, max: 1e6 }),
          players: fc.integer({ min: 1, max: 200 }),
          method: fc.constantFrom(undefined, 'qlora' as const, 'full' as const)
        }),
        facts => {
          const recommended = { ...recommendTune(facts), players: facts.players }
          const epochs = (['quick', 'balanced', 'thorough'] as const).map(preset => {
            const { coalitions = recommended.coalitions, ...chosen } = presetSettings(preset, recommended)
            const whole = { ...recommended.settings, ...chosen }
            assert.ok(wholeSettings.safeParse(whole).success, preset)
            assert.ok(coalitions >= 2 && coalitions <= 4096)
            return whole.epochs
          })
          assert.deepEqual(
            epochs,
            [...epochs].sort((a, b) => a - b)
          )
        }
      )
    )
  })
})

describe('hyperparameters', () => {
  it('each have a title, a sentence and a safe range, and the recommended ones are right', () => {
    const numbers = numbersOf(settings, coalitions)
    assert.deepEqual(new Set(hyperparameters.map(({ name }) => name)), new Set(Object.keys(numbers)))
    for (const { name, does, safe } of hyperparameters) {
      assert.match(does, /\.$/)
      assert.ok(safe.length > 0)
      // Of four contributors all combinations are measured, and none is asked for.
      if (name !== 'coalitions') assert.equal(faultOf(name, String(numbers[name])), undefined, name)
    }
  })

  it('say what is wrong with what was typed, in words', () => {
    assert.equal(faultOf('epochs', '2.5'), 'Passes are whole.')
    assert.equal(faultOf('rank', '1000'), 'At most 256.')
    assert.deepEqual(
      ['6', '17', '18', '34', '35'].map(text => faultOf('coalitions', text)),
      ['At least 18.', 'At least 18.', undefined, undefined, 'At most 34.']
    )
    assert.equal(faultOf('batch', '0'), 'At least 1.')
    assert.equal(faultOf('lr', '0'), 'More than 0.')
    assert.equal(faultOf('lr', 'fast'), 'Give a number.')
    assert.equal(faultOf('lr', '0,001'), undefined)
  })

  it('are changed one at a time; the scale follows the rank', () => {
    const changed = withNumber({ settings, coalitions }, 'rank', 32)
    assert.deepEqual([changed.settings.lora?.rank, changed.settings.lora?.alpha], [32, 64])
    assert.equal(withNumber({ settings, coalitions }, 'coalitions', 8).coalitions, 8)
    assert.equal(withNumber({ settings, coalitions }, 'lr', 0.1).settings.lr, 0.1)
  })

  it('of an adapter are none of full training: they go with the method, and the rest stays', () => {
    const chosen = { ...settings, coalitions }
    const full = withMethod(chosen, 'full')
    assert.deepEqual([full.method, full.lora, full.lr, full.epochs], ['full', undefined, undefined, settings.epochs])
    assert.deepEqual(withMethod(chosen, 'qlora'), { ...chosen, method: 'qlora' })
    assert.deepEqual(withMethod({ method: 'full', lr: 1e-4 }, 'full'), { method: 'full', lr: 1e-4 })
    assert.deepEqual(withMethod({ method: 'full', lr: 1e-4 }, 'lora'), { method: 'lora' })
    const { settings: whole } = recommendTune({ ...facts, method: 'full' })
    assert.deepEqual(
      hyperparameters.map(({ name }) => name).filter(name => numbersOf(whole, 2)[name] === undefined),
      ['rank', 'alpha', 'dropout']
    )
    assert.deepEqual(withNumber({ settings: whole, coalitions }, 'rank', 8).settings, whole)
  })

  it('of full training speak of no adapter, and its rate is safe where it is recommended', () => {
    const { settings: whole } = recommendTune({ ...facts, method: 'full' })
    const shown = hyperparameters.filter(({ name }) => numbersOf(whole, 2)[name] !== undefined)
    const words = [...shown.map(({ does }) => does), ...presets.map(({ does, doesInFull = does }) => doesInFull)]
    for (const sentence of words) assert.doesNotMatch(sentence, /adapter/i)
    const [, least, most] =
      /^([\d.]+) to ([\d.]+)/.exec(shown.find(({ name }) => name === 'lr')?.safeInFull ?? '') ?? []
    assert.ok(Number(least) <= whole.lr && whole.lr <= Number(most), `${whole.lr} of ${least} to ${most}`)
  })
})

describe('settings as a file', () => {
  it('come back as they went, and what is none says why', () => {
    const file = { ...settings, coalitions }
    assert.deepEqual(readSettings(settingsText(file)), { settings: file })
    assert.deepEqual(readSettings('{"epochs": 3}'), { settings: { epochs: 3 } })
    for (const [text, why] of [
      ['rank: 3', /not JSON/],
      ['{"epoch": 3}', /epoch/],
      ['{"lr": 7}', /lr/],
      ['[]', /settings/]
    ] as const) {
      const read = readSettings(text)
      assert.ok('fault' in read)
      assert.match(read.fault, why)
    }
  })
})

describe('a training as its news come', () => {
  const news = (step: number, losses: number[], more: Partial<ProgressNews> = {}): ProgressNews => ({
    job: '0x1',
    award: '0x2',
    lot: { kind: 'adapter' },
    progress: { step, steps: 100, tokensPerSecond: 50, secondsLeft: 9, lr: 0.01 },
    losses,
    heldOut: [],
    ...more
  })
  it('grows step by step, and what is said again takes the place of what was there', () => {
    let curve = withNews(emptyCurve, news(2, [4, 3]), 1)
    curve = withNews(curve, news(4, [2, 1], { heldOut: [{ step: 3, loss: 2.5 }] }), 2)
    curve = withNews(curve, news(3, [2.2]), 3) // from a checkpoint
    assert.deepEqual(curve.losses, [
      { step: 1, loss: 4 },
      { step: 2, loss: 3 },
      { step: 3, loss: 2.2 }
    ])
    assert.deepEqual(lossLines(curve), {
      xs: [1, 2, 3],
      lines: [
        [4, 3, 2.2],
        [null, null, 2.5]
      ]
    })
    assert.deepEqual(
      curve.pace.map(({ step }) => step),
      [2, 3]
    )
  })
  it('takes no news of siblings, of other jobs or of another form', () => {
    assert.ok(progressOf('0x1', news(2, [1])))
    assert.equal(progressOf('0x9', news(2, [1])), undefined)
    assert.equal(progressOf('0x1', news(2, [1], { lot: { kind: 'siblings' } })), undefined)
    assert.equal(progressOf('0x1', { job: '0x1' }), undefined)
  })
  it('puts series over the same steps', () => {
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 99 })), { maxLength: 3 }), series => {
        const { xs, lines } = aligned(...series.map(steps => steps.map(step => ({ step, value: step }))))
        assert.deepEqual(
          xs,
          [...new Set(series.flat())].sort((a, b) => a - b)
        )
        for (const line of lines) assert.equal(line.length, xs.length)
      })
    )
  })
})

describe('what a test and a split come to', () => {
  const answer = (exact: boolean | null, loss: number | null) => ({ text: '', exact, loss })
  const one = (expected: string | null, base: boolean, tuned: boolean): Answered => ({
    kind: 'answered',
    question: 0,
    prompt: '',
    expected,
    base: expected === null ? answer(null, null) : answer(base, 4),
    tuned: expected === null ? answer(null, null) : answer(tuned, 1)
  })
  it('counts what has an answer to be compared with', () => {
    assert.deepEqual(totalsOf([one('Fe', false, true), one('Au', true, true), one(null, false, false)]), {
      judged: 2,
      baseRight: 1,
      tunedRight: 2,
      baseLoss: 4,
      tunedLoss: 1
    })
    assert.equal(totalsOf([]).baseLoss, null)
  })
  it('shares all of a fee, to the hundredth of a percent', () => {
    const usualSplit = typedSplit(usualSplitFor(1000))
    assert.deepEqual(splitOf(usualSplit, 6000), { split: { worker: 3000, builder: 1000, data: 6000 } })
    assert.deepEqual(splitOf({ ...usualSplit, worker: '33,33', builder: '6.67' }, 1000), {
      split: { worker: 3333, builder: 667, data: 6000 }
    })
    assert.deepEqual(splitOf({ ...usualSplit, data: '55.5', upstream: '4,5' }, 1000), {
      split: { worker: 3000, builder: 1000, data: 5550, upstream: 450 }
    })
    for (const wrong of [
      { ...usualSplit, data: '61' },
      { ...usualSplit, data: '' },
      { ...usualSplit, data: '-60' },
      { ...usualSplit, worker: '33.333', builder: '6.667' },
      { ...usualSplit, upstream: '5' },
      { ...usualSplit, upstream: '' }
    ])
      assert.ok('fault' in splitOf(wrong, 0))
    assert.deepEqual(splitOf(usualSplit, 6001), { fault: 'The Datanet asks that 60.01 % or more go to its data.' })
    const asked = typedSplit(usualSplitFor(7001))
    assert.deepEqual(splitOf(asked, 7001), { split: { worker: 2249, builder: 750, data: 7001 } })
    assert.deepEqual(splitOf(typedSplit({ worker: 1, builder: 2, data: 9996, upstream: 1 }), 0), {
      split: { worker: 1, builder: 2, data: 9996, upstream: 1 }
    })
  })
})

describe('a job in words', () => {
  const job = {
    state: 'training',
    paused: false,
    bids: [],
    awards: [
      { lot: { kind: 'siblings', coalitions: [1] }, attempt: 0, state: 'awarded', progress: null },
      { lot: { kind: 'adapter' }, attempt: 0, state: 'training', progress: { step: 5, steps: 10 } },
      { lot: { kind: 'adapter' }, attempt: 0, state: 'dead', progress: { step: 9, steps: 10 } }
    ]
  } as unknown as Parameters<typeof titleOf>[0]
  it('says what goes on, and how far it is', () => {
    assert.equal(titleOf(job, 'elements'), 'A model learns from elements: step 5 of 10')
    assert.equal(titleOf({ ...job, paused: true }, 'elements'), 'The training on elements waits at its checkpoint')
    assert.equal(titleOf({ ...job, state: 'completed' }, 'elements'), 'A model has learnt from elements')
    assert.equal(doneShare(job), 0.25)
    assert.equal(stateText({ state: 'completed', paused: true }), 'Done')
  })
})
