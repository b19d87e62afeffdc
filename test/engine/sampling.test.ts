import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { newAdapter } from '../../node/engine/adapters/index.ts'
import {
  generateFrom,
  loadModel,
  openEngine,
  scoreIds,
  type GeneratedToken,
  type GenerateSettings
} from '../../node/engine/index.ts'
import {
  chances,
  checkSettings,
  furthestBehind,
  Generator,
  nextToken,
  replayed
} from '../../node/engine/serve/index.ts'
import { modelFolder, temporary, vectors } from './fixture.ts'

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) })
const usual = fc.float({ noNaN: true, min: -30, max: 30 })
const logits = (values: fc.Arbitrary<number>) =>
  fc.array(values, { minLength: 1, maxLength: 60 }).map(x => Float32Array.from(x))
const limits = fc.record({
  temperature: fc.oneof(fc.double({ min: 0, max: 5, noNaN: true }), fc.constantFrom(0, 5e-324, 1e-30, 1e30, 1.7e308)),
  topK: fc.nat({ max: 70 }),
  topP: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1)),
  minP: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1)),
  repetitionPenalty: fc.oneof(fc.double({ min: 0.1, max: 10, noNaN: true }), fc.constantFrom(5e-324, 1e300)),
  seed: fc.maxSafeNat()
})

describe('sampling: what always holds', () => {
  it('a token of the vocabulary comes out, the same from seed and position alone, whatever the settings allow', () => {
    fc.assert(
      fc.property(logits(finite), limits, fc.nat({ max: 5000 }), (scores, chosen, position) => {
        const settings: GenerateSettings = { maxTokens: 1, ...chosen, repetitionPenalty: 1 }
        checkSettings(settings)
        const id = nextToken(scores, settings, position, [])
        assert.ok(Number.isInteger(id) && id >= 0 && id < scores.length)
        nextToken(scores, settings, position + 1, [])
        assert.equal(nextToken(scores.slice(), settings, position, []), id)
      }),
      { numRuns: 500 }
    )
  })

  it('each limit keeps what it promises', () => {
    fc.assert(
      fc.property(logits(usual), limits, (scores, chosen) => {
        const settings: GenerateSettings = { maxTokens: 1, ...chosen, repetitionPenalty: 1 }
        const id = nextToken(scores, settings, 3, [])
        const x = scores[id] as number
        const top = Math.max(...scores)
        // Not by a tiny temperature: a thread in which ONNX Runtime made a session takes denormal numbers for zero.
        const greedy = settings.temperature < 1e-300
        const relative = (y: number): number =>
          greedy ? Number(y === top) : Math.exp((y - top) / settings.temperature)
        const better = scores.filter(y => relative(y) > relative(x)).length
        if (settings.topK !== undefined && settings.topK > 0) assert.ok(better < settings.topK)
        if (settings.temperature === 0 || settings.topP === 0 || settings.minP === 1) assert.equal(better, 0)
        if (settings.minP !== undefined && better > 0) assert.ok(relative(x) >= settings.minP)
        // Top-p: the more likely ones alone do not reach the share yet.
        if (settings.topP !== undefined && settings.topK === 0 && settings.minP === 0) {
          const all = scores.reduce((n, y) => n + relative(y), 0)
          assert.ok(
            scores.reduce((n, y) => n + (relative(y) > relative(x) ? relative(y) : 0), 0) <= settings.topP * all + 1e-6
          )
        }
      }),
      { numRuns: 500 }
    )
  })

  it('a penalty never brings a token that occurred above one it was below', () => {
    fc.assert(
      fc.property(
        logits(usual),
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.array(fc.nat({ max: 59 })),
        (scores, repetitionPenalty, occurred) => {
          const seen = occurred.filter(id => id < scores.length)
          const greedy = { maxTokens: 1, temperature: 0, seed: 0 }
          const plain = nextToken(scores, greedy, 0, [])
          const penalised = nextToken(scores, { ...greedy, repetitionPenalty }, 0, seen)
          if (!seen.includes(plain)) assert.equal(penalised, plain)
        }
      )
    )
  })

  it('lag: only the drawn token has none, and scores that differ by little draw one that lies as little behind', () => {
    const settings = fc.record({
      temperature: fc.oneof(fc.constantFrom(0, 1e-6), fc.double({ min: 1e-3, max: 3, noNaN: true })),
      topK: fc.constantFrom(0, 1, 5, 40),
      seed: fc.maxSafeNat()
    })
    fc.assert(
      fc.property(logits(usual), settings, fc.nat({ max: 5000 }), fc.nat(), (scores, chosen, position, pick) => {
        const asked: GenerateSettings = { maxTokens: 1, ...chosen }
        const id = nextToken(scores, asked, position, [])
        assert.equal(replayed(scores, asked, position, [], id).lag, 0)
        const other = pick % scores.length
        const { lag: behind, ...likely } = replayed(scores, asked, position, [], other)
        assert.ok(Object.values(likely).every(x => x >= 0) && likely.apart <= 1)
        assert.ok(
          behind >= 0 && behind <= furthestBehind / (chosen.temperature === 0 ? 1 : Math.min(1, chosen.temperature))
        )
        if (chosen.topK !== 0) return // who is left may change with the scores
        const noisy = scores.map((score, i) => score + 1e-3 * Math.sin(i * 7919 + pick))
        const elsewhere = nextToken(noisy, asked, position, [])
        const most = 2.01e-3 / (chosen.temperature === 0 ? 1 : chosen.temperature)
        assert.ok(replayed(scores, asked, position, [], elsewhere).lag <= most + 1e-4)
      }),
      { numRuns: 500 }
    )
  })

  it('lag: however cold it was asked, a token lies as far behind in scores as where the likeliest is taken', () => {
    const cold = fc.constantFrom(1e-12, 1e-6, 1e-4, 1e-3, 0.01, 0.02)
    fc.assert(
      fc.property(logits(usual), cold, fc.maxSafeNat(), fc.nat(), (scores, temperature, seed, pick) => {
        const token = pick % scores.length
        const settings: GenerateSettings = { maxTokens: 1, temperature, seed }
        const { lag: greedy } = replayed(scores, { ...settings, temperature: 0 }, 0, [], token)
        const { lag } = replayed(scores, settings, 0, [], token)
        // What chance adds to a score is a temperature times 26 at most.
        assert.ok(Math.abs(lag * temperature - greedy) <= 27 * temperature + 1e-6)
      }),
      { numRuns: 500 }
    )
  })

  it('tokens are drawn as often as they are likely, at each place anew', () => {
    const scores = Float32Array.from([2, 1, 0, -1, -2, 1.5])
    const weights = [...scores].map(score => Math.exp(score / 0.8))
    const whole = weights.reduce((a, b) => a + b)
    const places = 40_000
    for (const seed of [0, 1, 2 ** 33 + 5]) {
      const found = scores.map(() => 0)
      for (let place = 0; place < places; place++)
        found[nextToken(scores, { maxTokens: 1, temperature: 0.8, seed }, place, [])]! += 1
      const chi = weights.reduce((sum, weight, id) => {
        const expected = (places * weight) / whole
        return sum + ((found[id] ?? 0) - expected) ** 2 / expected
      }, 0)
      assert.ok(chi < 25, `chi square ${chi} of five degrees`) // beyond it: one in seven thousand
    }
  })

  it('log-probabilities are those of the softmax, and the likeliest come in order', () => {
    fc.assert(
      fc.property(logits(usual), fc.nat({ max: 70 }), fc.nat(), (scores, count, pick) => {
        const id = pick % scores.length
        const { top, ...own } = chances(scores, id, count)
        const largest = Math.max(...scores)
        const total = Math.log(scores.reduce((n, x) => n + Math.exp(x - largest), 0)) + largest
        assert.equal(own.id, id)
        assert.ok(Math.abs(own.logprob - ((scores[id] as number) - total)) < 1e-9 && own.logprob <= 1e-12)
        const expected = [...scores.keys()]
          .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
          .slice(0, count)
        assert.deepEqual(
          top.map(t => t.id),
          expected
        )
        if (count >= scores.length) assert.ok(Math.abs(top.reduce((n, t) => n + Math.exp(t.logprob), 0) - 1) < 1e-9)
      }),
      { numRuns: 300 }
    )
  })

  it('settings that mean nothing are refused by name', () => {
    const good: GenerateSettings = { maxTokens: 1, temperature: 1, seed: 0 }
    const refused = (change: Record<string, unknown>) =>
      assert.throws(
        () => checkSettings({ ...good, ...change } as GenerateSettings),
        (e: Error) =>
          (e as { code?: string }).code === 'generate-settings' && e.message.startsWith(Object.keys(change)[0] ?? '')
      )
    checkSettings(good)
    for (const temperature of [NaN, -1, Infinity, undefined, '1']) refused({ temperature })
    for (const topP of [NaN, -0.1, 1.1]) refused({ topP })
    for (const minP of [NaN, -0.1, 1.1]) refused({ minP })
    for (const topK of [NaN, -1, 1.5, Infinity]) refused({ topK })
    for (const repetitionPenalty of [NaN, 0, -1, Infinity]) refused({ repetitionPenalty })
    for (const maxTokens of [NaN, -1, 0.5, undefined]) refused({ maxTokens })
    for (const seed of [NaN, 0.5, 2 ** 60]) refused({ seed })
    for (const logprobs of [NaN, -1, 0.5]) refused({ logprobs })
  })

  it('scores that are no numbers are an error, not a token', () => {
    for (const scores of [
      [NaN, 1],
      [1, NaN],
      [Infinity, 1],
      [-Infinity, -Infinity]
    ]) {
      for (const temperature of [0, 1])
        assert.throws(() => nextToken(Float32Array.from(scores), { maxTokens: 1, temperature, seed: 0 }, 0, []), {
          code: 'logits-invalid'
        })
    }
    assert.equal(nextToken(Float32Array.of(-Infinity, 0), { maxTokens: 1, temperature: 1, seed: 0 }, 0, []), 1)
  })
})

describe('log-probabilities of an answer', () => {
  const folder = temporary()
  after(() => folder.remove())
  const path = join(vectors, 'llama-tied')

  it('are those of a forward pass without a cache, from the command and from the engine', async () => {
    const settings: GenerateSettings = { maxTokens: 6, temperature: 0.9, seed: 4, topK: 40, logprobs: 3 }
    const prompt = [7, 8, 9]
    const { tokens, logprobs = [] } = await generateFrom({
      model: path,
      prompt,
      settings,
      ignoreEnd: true,
      runtime: { threads: 1 }
    })
    assert.deepEqual(
      logprobs.map(({ id }) => id),
      tokens
    )
    const { logitsLast } = await scoreIds({
      model: path,
      ids: tokens.map((_, i) => [...prompt, ...tokens.slice(0, i)]),
      runtime: { threads: 1 }
    })
    logprobs.forEach(({ id, logprob, top }, i) => {
      const expected = chances(Float32Array.from(logitsLast[i] ?? []), id, 3)
      assert.ok(Math.abs((logprob ?? NaN) - expected.logprob) < 1e-4)
      assert.deepEqual(
        top?.map(t => t.id),
        expected.top.map(t => t.id)
      )
    })
    const without = await generateFrom({
      model: path,
      prompt,
      settings: { ...settings, logprobs: 0 },
      ignoreEnd: true,
      runtime: { threads: 1 }
    })
    assert.deepEqual(
      without.logprobs,
      logprobs.map(t => ({ ...t, top: [] }))
    )

    const engine = openEngine({ threads: 1 })
    try {
      const generation = engine.generate({ model: modelFolder(folder.path), prompt: 'Iron has', settings })
      const streamed: GeneratedToken[] = []
      for await (const token of generation) streamed.push(token)
      assert.ok(
        streamed.length > 0 &&
          streamed.every(
            ({ logprob, top, text }) => (logprob ?? 1) <= 0 && top?.length === 3 && typeof text === 'string'
          )
      )
      const plain = engine.generate({
        model: modelFolder(folder.path),
        prompt: 'Iron has',
        settings: { maxTokens: 2, temperature: 0, seed: 0 }
      })
      for await (const token of plain) assert.deepEqual(Object.keys(token).sort(), ['id', 'text'])
      await assert.rejects(
        engine.generate({
          model: join(folder.path, 'llama-tied'),
          prompt: 'x',
          settings: { maxTokens: 2, temperature: NaN, seed: 0 }
        }).result,
        { code: 'generate-settings' }
      )
    } finally {
      await engine.close()
    }
  })

  it('an adapter that makes no numbers fails its own answer, and the rest of the batch goes on', async () => {
    const model = loadModel(path)
    const broken = newAdapter(model.config, { rank: 2, alpha: 2, targets: ['q_proj'], dropout: 0 }, 1)
    for (const m of broken.modules) m.b.fill(NaN)
    const generator = new Generator(model, { threads: 1 })
    const run = (adapter: typeof broken | null) => {
      const ids: number[] = []
      return generator
        .generate({
          prompt: [5, 6],
          answered: [],
          adapter,
          settings: { maxTokens: 12, temperature: 0, seed: 0 },
          endIds: new Set(),
          onToken: id => {
            ids.push(id)
            return true
          }
        })
        .then(() => ids)
    }
    const alone = await run(null)
    const [good, bad, other] = await Promise.allSettled([run(null), run(broken), run(null)])
    assert.ok(bad?.status === 'rejected' && (bad.reason as { code?: string }).code === 'logits-invalid')
    for (const own of [good, other]) assert.deepEqual(own?.status === 'fulfilled' ? own.value : own?.reason, alone)
    assert.deepEqual(await run(null), alone)
    await generator.release()
  })
})
