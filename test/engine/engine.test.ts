import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openEngine, readAdapter, readConfig, type Engine, type TuneJob } from '../../node/engine/index.ts'
import { elements, modelFolder, qa, settings, temporary } from './fixture.ts'

describe('engine, from the main thread', () => {
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

  const job = (name: string, more: Partial<TuneJob> = {}): TuneJob => ({
    model,
    rows: elements,
    settings,
    output: join(folder.path, name),
    ...more
  })
  const weights = (name: string) =>
    readAdapter(join(folder.path, name), readConfig(model)).modules.flatMap(m => [...m.a, ...m.b])

  it('opens a model folder', async () => {
    const info = await engine.open(model)
    assert.equal(info.architecture, 'LlamaForCausalLM')
    assert.equal(info.vocabulary, 512)
  })

  it('tunes until it answers what it was taught, and the base model does not', async () => {
    const steps: number[] = []
    const result = await engine.tune(
      job('tuned', {
        rows: elements.slice(0, 1),
        settings: { ...settings, epochs: 60, lr: 1e-2 },
        onProgress: p => steps.push(p.step)
      })
    )
    assert.equal(steps.length, 60)
    // A random model of 64 dimensions cannot give any token more than about a quarter: its logits are bounded.
    assert.ok(
      (result.losses.at(-1) ?? 9) < 1.6 && (result.losses[0] ?? 0) > 2,
      `loss ${result.losses[0]} to ${result.losses.at(-1)}`
    )
    const ask = async (adapter?: string) => {
      const generation = engine.generate({
        model,
        ...(adapter === undefined ? {} : { adapter }),
        messages: elements[0]?.messages.slice(0, 1) ?? [],
        settings: { maxTokens: 6, temperature: 0, seed: 0 }
      })
      return generation.result
    }
    const tuned = await ask(join(folder.path, 'tuned'))
    assert.deepEqual([tuned.text, tuned.finish], ['Fe', 'stop'])
    assert.notEqual((await ask()).text, 'Fe')
  })

  it('scores an answer under several adapters: trained above untrained, and null is the base', async () => {
    await engine.tune(job('short'))
    const { answer } = await engine.encode(model, elements[0] ?? qa('', ''))
    const scores = await engine.score({
      model,
      adapters: [null, join(folder.path, 'short'), join(folder.path, 'tuned'), null],
      messages: elements[0]?.messages.slice(0, 1) ?? [],
      answerIds: answer
    })
    const [base = 0, short = 0, tuned = 0, again = 0] = scores.map(
      tokens => tokens.reduce((sum, probability) => sum + probability, 0) / answer.length
    )
    assert.deepEqual(
      scores.map(tokens => tokens.length),
      scores.map(() => answer.length)
    )
    assert.ok(base < short && short < tuned && tuned > 0.2, `${base} ${short} ${tuned}`)
    assert.ok(Math.abs(base - again) < 1e-6)
  })

  it('held-out loss falls with training', async () => {
    const base = await engine.heldOutLoss({ model, rows: elements.slice(0, 1) })
    const tuned = await engine.heldOutLoss({ model, adapter: join(folder.path, 'tuned'), rows: elements.slice(0, 1) })
    assert.ok(tuned < base / 3)
  })

  it('same seed, same bits', async () => {
    const a = await engine.tune(job('same-a'))
    const b = await engine.tune(job('same-b'))
    assert.deepEqual(a.losses, b.losses)
    assert.deepEqual(
      readFileSync(join(folder.path, 'same-a/adapter_model.safetensors')),
      readFileSync(join(folder.path, 'same-b/adapter_model.safetensors'))
    )
    const other = await engine.tune(job('same-c', { settings: { ...settings, seed: 4 } }))
    assert.notDeepEqual(other.losses, a.losses)
  })

  it('cancelled and resumed from its checkpoint: the adapter of an uninterrupted run, to the bit', async () => {
    const long = { ...settings, epochs: 4, ema: 0.9 }
    const checkpoint = join(folder.path, 'run.checkpoint')
    const whole = await engine.tune(job('whole', { settings: long }))
    const stop = new AbortController()
    const watched: number[] = []
    await assert.rejects(
      engine.tune(
        job('parts', {
          // Watched on rows beside it: that changes nothing of the run, nor whose checkpoint it is.
          settings: { ...long, evaluation: { rows: elements.slice(0, 1), everySteps: 2 } },
          checkpoint,
          signal: stop.signal,
          onProgress: p => {
            if (p.evalLoss !== undefined) watched.push(p.evalLoss)
            if (p.step === 5) stop.abort()
          }
        })
      ),
      { code: 'engine-cancelled' }
    )
    assert.ok(watched.length >= 2)
    assert.ok(existsSync(checkpoint) && !existsSync(join(folder.path, 'parts/adapter_config.json')))
    await assert.rejects(engine.tune(job('parts', { settings: { ...long, lr: 1e-4 }, checkpoint })), {
      code: 'checkpoint-mismatch'
    })
    const seen: number[] = []
    const resumed = await engine.tune(job('parts', { settings: long, checkpoint, onProgress: p => seen.push(p.step) }))
    assert.ok((seen[0] ?? 0) > 5, 'training began again from the start')
    assert.deepEqual(resumed.losses, whole.losses)
    assert.deepEqual(weights('parts'), weights('whole'))
    assert.ok(!existsSync(checkpoint))
  })

  it('siblings come out as if trained alone', async () => {
    const coalitions = [[0, 1, 2, 3, 4, 5, 6, 7], [1, 4, 6], [0, 2, 3, 5, 7], []]
    const averaged = { ...settings, ema: 0.9, accumulation: 2 }
    const output = coalitions.map((_, k) => join(folder.path, `sibling-${k}`))
    const together = await engine.tuneSiblings({ model, rows: elements, coalitions, settings: averaged, output })
    for (const [k, coalition] of coalitions.entries()) {
      if (coalition.length === 0) continue
      const alone = await engine.tune(
        job(`alone-${k}`, { rows: coalition.flatMap(i => elements[i] ?? []), settings: averaged })
      )
      alone.losses.forEach((loss, s) => assert.ok(Math.abs(loss - (together[k]?.losses[s] ?? NaN)) < 1e-4))
      const [a, b] = [weights(`sibling-${k}`), weights(`alone-${k}`)]
      const off = Math.sqrt(a.reduce((n, x, i) => n + (x - (b[i] ?? NaN)) ** 2, 0) / b.reduce((n, x) => n + x * x, 0))
      assert.ok(off < 1e-4, `sibling ${k} is off by ${off}`)
    }
    const [base, empty] = await engine.score({
      model,
      adapters: [null, output[3] ?? ''],
      messages: elements[0]?.messages.slice(0, 1) ?? [],
      answerIds: [5, 6]
    })
    assert.deepEqual(base, empty)
  })

  it('dropout: another course of training, the same from the seed, and the same beside siblings', async () => {
    const dropping = { ...settings, lora: { ...settings.lora, dropout: 0.3 } }
    const plain = await engine.tune(job('plain'))
    const first = await engine.tune(job('drop-a', { settings: dropping }))
    const second = await engine.tune(job('drop-b', { settings: dropping }))
    assert.deepEqual(first.losses, second.losses)
    assert.deepEqual(weights('drop-a'), weights('drop-b'))
    assert.equal(
      first.losses[0]?.toFixed(4),
      plain.losses[0]?.toFixed(4),
      'b is zero at first, so nothing is dropped yet'
    )
    assert.notEqual(first.losses.at(-1)?.toFixed(4), plain.losses.at(-1)?.toFixed(4))
    const coalitions = [[1, 4, 6], elements.map((_, i) => i)]
    await engine.tuneSiblings({
      model,
      rows: elements,
      coalitions,
      settings: dropping,
      output: [join(folder.path, 'drop-c'), join(folder.path, 'drop-d')]
    })
    const [a, b] = [weights('drop-a'), weights('drop-d')]
    a.forEach((x, i) => assert.ok(Math.abs(x - (b[i] ?? NaN)) < 1e-4))
    await assert.rejects(
      engine.tune(job('drop-e', { settings: { ...settings, lora: { ...settings.lora, dropout: 1 } } })),
      { code: 'tune-settings' }
    )
  })

  it('QLoRA: trains over a base in four bits', async () => {
    const { losses } = await engine.tune(
      job('qlora', { settings: { ...settings, method: 'qlora', epochs: 6, lr: 1e-2 } })
    )
    assert.ok((losses.at(-1) ?? 9) < (losses[0] ?? 0) - 0.5)
  })

  it('sets rows aside by name that it cannot learn, and trains on the others as if they were alone', async () => {
    const { rows } = job('whole')
    const bad = [qa('x'.repeat(2000), 'y'), { messages: [{ role: 'user' as const, content: 'only a question' }] }]
    const alone = await engine.tune(job('alone'))
    const mixed = await engine.tune(job('mixed', { rows: [...rows, ...bad] }))
    assert.deepEqual(mixed.losses, alone.losses)
    assert.deepEqual(mixed.setAside, [
      { row: rows.length, code: 'too-long' },
      { row: rows.length + 1, code: 'answer-lost' }
    ])
    assert.equal(alone.setAside, undefined)
    const siblings = await engine.tuneSiblings({
      ...job('siblings', { rows: [...bad, ...rows] }),
      coalitions: [[0], [0, 2, 3]],
      output: [join(folder.path, 'none'), join(folder.path, 'two')]
    })
    assert.deepEqual(
      siblings.map(({ losses }) => losses.length > 0),
      [false, true],
      'a sibling of nothing that can be learnt is the base'
    )
    const loss = await engine.heldOutLoss({ model, rows: [...rows, ...bad] })
    assert.equal(loss, await engine.heldOutLoss({ model, rows }))
    await assert.rejects(engine.heldOutLoss({ model, rows: bad }), { code: 'row-empty' })
    await assert.rejects(engine.heldOutLoss({ model, rows, cutoff: 1 }), { code: 'row-empty' })
  })

  it('refuses by name what it cannot train', async () => {
    const refused = async (more: Partial<TuneJob>, code: string) =>
      assert.rejects(engine.tune(job('refused', more)), { code })
    await refused({ settings: { ...settings, lora: { ...settings.lora, targets: ['w_proj'] } } }, 'adapter-target')
    await refused({ settings: { ...settings, batch: 0 } }, 'tune-settings')
    await refused({ rows: [qa('x'.repeat(2000), 'y')] }, 'row-empty')
    await refused({ rows: [{ messages: [{ role: 'user', content: 'only a question' }] }] }, 'row-empty')
    await refused({ model: join(folder.path, 'nowhere') }, 'model-config')
  })
})
