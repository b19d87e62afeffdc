import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  openEngine,
  readAdapter,
  readConfig,
  tuneRows,
  type Engine,
  type EvaluationSettings,
  type TuneJob
} from '../../node/engine/index.ts'
import { bestEvaluation, isOver, splitRows } from '../../node/engine/train/index.ts'
import { elements, modelFolder, qa, settings, temporary } from './fixture.ts'

describe('evaluation split and early stopping, the rules', () => {
  it('the split takes every row once, is the same from the seed, and leaves a row on either side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.nat(),
        (count, share, seed) => {
          const { train, held } = splitRows(count, share, seed)
          assert.deepEqual(
            [...train, ...held].sort((a, b) => a - b),
            Array.from({ length: count }, (_, i) => i)
          )
          assert.ok(train.length > 0 && held.length > 0)
          assert.ok(Math.abs(held.length - share * count) <= 1)
          assert.deepEqual(splitRows(count, share, seed), { train, held })
        }
      )
    )
    assert.notDeepEqual(splitRows(50, 0.2, 1).held, splitRows(50, 0.2, 2).held)
  })

  it('training is over when the last `patience` evaluations were no better than the best before them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(NaN)), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        (losses, patience) => {
          const evaluations = losses.map((loss, i) => ({ step: i + 1, loss }))
          const sound = losses.map(x => (Number.isNaN(x) ? Infinity : x))
          assert.equal(bestEvaluation(evaluations), sound.indexOf(Math.min(...sound)))
          const before = Math.min(Infinity, ...sound.slice(0, -patience))
          assert.equal(
            isOver(evaluations, patience),
            losses.length > patience && sound.slice(-patience).every(x => x >= before)
          )
          assert.equal(isOver(evaluations, 0), false)
        }
      )
    )
  })
})

describe('evaluation while training', () => {
  const folder = temporary()
  let model = ''
  let engine: Engine
  before(() => {
    model = modelFolder(folder.path)
    engine = openEngine({ threads: 1 })
  })
  after(async () => {
    await engine.close()
    folder.remove()
  })

  /** What is asked has another answer than what is taught, so that learning makes it worse. */
  const contrary = elements.slice(0, 3).map(({ messages }) => qa(messages[0]?.content ?? '', 'Zq'))
  const long = { ...settings, epochs: 12, lr: 1e-2, ema: 0.5 }
  const job = (name: string, evaluation?: EvaluationSettings, more: Partial<TuneJob> = {}): TuneJob => ({
    model,
    rows: elements,
    settings: { ...long, ...(evaluation === undefined ? {} : { evaluation }) },
    output: join(folder.path, name),
    ...more
  })
  const bytes = (name: string) => readFileSync(join(folder.path, name, 'adapter_model.safetensors'))

  it('evaluating does not change what is trained, and reports when it is due and at the end', async () => {
    const plain = await engine.tune(job('plain'))
    const seen: [number, number][] = []
    const watched = await engine.tune(
      job(
        'watched',
        { rows: elements.slice(0, 2), everySteps: 10 },
        {
          onProgress: p => {
            if (p.evalLoss !== undefined) seen.push([p.step, p.evalLoss])
          }
        }
      )
    )
    assert.deepEqual(watched.losses, plain.losses)
    assert.deepEqual(bytes('watched'), bytes('plain'))
    assert.deepEqual(
      watched.evaluations?.map(({ step }) => step),
      [10, 20, 30, 40, 48]
    )
    assert.deepEqual(
      seen,
      watched.evaluations?.map(({ step, loss }) => [step, loss])
    )
    assert.equal(watched.bestStep, undefined)
    assert.equal(plain.evaluations, undefined)
    const last = await engine.heldOutLoss({ model, adapter: join(folder.path, 'watched'), rows: elements.slice(0, 2) })
    assert.ok(Math.abs(last - (seen.at(-1)?.[1] ?? NaN)) < 1e-5, 'the loss is that of the adapter which is kept')
  })

  it('stops early, and keeps the adapter of the best evaluation', async () => {
    const evaluation = { rows: contrary, everySteps: 4, patience: 2 }
    const { losses, evaluations = [], bestStep = 0 } = await engine.tune(job('stopped', evaluation))
    assert.ok(losses.length < 48, 'it went on to the end')
    const best = evaluations.findIndex(({ step }) => step === bestStep)
    assert.equal(evaluations[best]?.loss, Math.min(...evaluations.map(({ loss }) => loss)))
    assert.equal(evaluations.length, best + 1 + 2)
    assert.equal(losses.length, evaluations.at(-1)?.step)
    const kept = await engine.heldOutLoss({ model, adapter: join(folder.path, 'stopped'), rows: contrary })
    assert.ok(Math.abs(kept - (evaluations[best]?.loss ?? NaN)) < 1e-5)
    // The same adapter as when training is told to end there; the learning rate must not depend on the end.
    const constant = { ...long, schedule: 'constant' as const, warmupRatio: 0 }
    const early = await engine.tune({ ...job('early'), settings: { ...constant, evaluation } })
    await engine.tune({ ...job('told'), settings: { ...constant, steps: early.bestStep ?? 0 } })
    assert.deepEqual(bytes('early'), bytes('told'))
  })

  it('interrupted and resumed with early stopping: the same adapter to the bit', async () => {
    const evaluation = { share: 0.25, everySteps: 3, patience: 3 }
    const whole = await engine.tune(job('whole', evaluation))
    // In this thread, so that the abort is seen before the next step.
    for (const cut of [1, 6, 7, whole.losses.length - 1]) {
      const { model: base, rows, output, settings: chosen } = job('parts', evaluation)
      const request = {
        model: base,
        rows,
        output,
        settings: chosen,
        checkpoint: join(folder.path, `run-${cut}`),
        runtime: { threads: 1 }
      }
      const stop = new AbortController()
      await assert.rejects(
        tuneRows({
          ...request,
          signal: stop.signal,
          onProgress: p => {
            if (p.step === cut) stop.abort()
          }
        }),
        { code: 'engine-cancelled' }
      )
      assert.ok(existsSync(request.checkpoint))
      const resumed = await tuneRows(request)
      assert.deepEqual(
        [resumed.losses, resumed.evaluations, resumed.bestStep],
        [whole.losses, whole.evaluations, whole.bestStep]
      )
      assert.deepEqual(bytes('parts'), bytes('whole'))
    }
  })

  it('rows that are kept back are not trained on', async () => {
    const evaluation = { share: 0.25, everySteps: 100 }
    await engine.tune(job('split', evaluation))
    const { train } = splitRows(elements.length, 0.25, settings.seed)
    await engine.tune(job('part', undefined, { rows: train.flatMap(i => elements[i] ?? []) }))
    assert.deepEqual(bytes('split'), bytes('part'))
  })

  it('each sibling has its own split and its own end, as if trained alone', async () => {
    const evaluation = { share: 0.3, everySteps: 2, patience: 2 }
    const coalitions = [elements.map((_, i) => i), [1, 4, 6, 7], []]
    const output = coalitions.map((_, k) => join(folder.path, `sibling-${k}`))
    const base = job('x', evaluation)
    const together = await engine.tuneSiblings({ ...base, coalitions, output })
    for (const [k, coalition] of coalitions.slice(0, 2).entries()) {
      const alone = await engine.tune(
        job(`alone-${k}`, evaluation, { rows: coalition.flatMap(i => elements[i] ?? []) })
      )
      assert.equal(together[k]?.bestStep, alone.bestStep)
      assert.equal(together[k]?.losses.length, alone.losses.length)
      const values = (path: string) => readAdapter(path, readConfig(model)).modules.flatMap(m => [...m.a, ...m.b])
      const [a, b] = [values(output[k] ?? ''), values(join(folder.path, `alone-${k}`))]
      a.forEach((x, i) => assert.ok(Math.abs(x - (b[i] ?? NaN)) < 1e-4))
    }
    assert.equal(together[2]?.losses.length, 0)
  })

  it('goes on from an adapter, and takes as many steps as it is told', async () => {
    const first = await engine.tune(job('first'))
    const further = await engine.tune({
      ...job('further'),
      adapter: join(folder.path, 'first'),
      settings: { ...long, steps: 5 }
    })
    assert.equal(further.losses.length, 5)
    assert.ok((further.losses[0] ?? 9) < (first.losses[0] ?? 0) - 0.5, 'it began again')
  })

  it('refuses by name what cannot be evaluated', async () => {
    const refused = (evaluation: EvaluationSettings, pattern: RegExp, more: Partial<TuneJob> = {}) =>
      assert.rejects(
        engine.tune(job('refused', evaluation, more)),
        (e: Error) => (e as { code?: string }).code === 'tune-settings' && pattern.test(e.message)
      )
    await refused({ everySteps: 5 }, /share/)
    await refused({ share: 0.1, rows: elements, everySteps: 5 }, /share/)
    await refused({ share: 1, everySteps: 5 }, /share/)
    await refused({ share: 0.1, everySteps: 0 }, /evaluations/)
    await refused({ share: 0.1, everySteps: 5, patience: -1 }, /patience/)
    await refused({ rows: [], everySteps: 5 }, /evaluate on/)
    await refused({ share: 0.5, everySteps: 5 }, /one row/, { rows: elements.slice(0, 1) })
  })
})
