import assert from 'node:assert/strict'
import { join } from 'node:path'
import { newAdapter, writeAdapter, type Adapter } from '../../node/engine/adapters/index.ts'
import {
  loadModel,
  openEngine,
  Random,
  type Engine,
  type GenerateJob,
  type GenerateSettings
} from '../../node/engine/index.ts'
import { answerRow, Generator, nextToken, Scorer } from '../../node/engine/serve/index.ts'
import { modelFolder, temporary, vectors } from './fixture.ts'

const model = loadModel(join(vectors, 'llama-tied'))
const all = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']

/** An adapter that says something. */
function loud(seed: number, rank = 4, targets = all): Adapter {
  const adapter = newAdapter(model.config, { rank, alpha: rank, targets, dropout: 0 }, seed)
  const random = new Random(seed, 99)
  for (const m of adapter.modules)
    m.b.forEach((_, i) => {
      m.b[i] = 0.2 * random.normal()
    })
  return adapter
}

describe('generation', () => {
  const sampled: GenerateSettings = { maxTokens: 20, temperature: 0.9, topK: 50, topP: 0.95, seed: 7 }

  async function answer(
    generator: Generator,
    prompt: readonly number[],
    adapter: Adapter | null,
    more: { answered?: number[]; settings?: GenerateSettings; signal?: AbortSignal; stopAfter?: number } = {}
  ) {
    const ids = [...(more.answered ?? [])]
    const finish = await generator.generate({
      prompt,
      answered: more.answered ?? [],
      adapter,
      settings: more.settings ?? sampled,
      endIds: new Set([2]),
      signal: more.signal,
      onToken: id => {
        ids.push(id)
        return ids.length !== more.stopAfter
      }
    })
    return { ids, finish }
  }

  it('is the same from the seed whatever else is in the batch, also with other adapters', async () => {
    const generator = new Generator(model, { threads: 1 }, 4)
    const adapters = [null, loud(1), loud(2, 8), loud(3, 2, ['q_proj'])]
    const jobs = Array.from({ length: 9 }, (_, i) => ({
      prompt: Array.from({ length: 3 + i * 5 }, (_, t) => 3 + ((t * 7 + i) % 500)),
      adapter: adapters[i % 4] ?? null
    }))
    const alone = []
    for (const { prompt, adapter } of jobs) alone.push(await answer(generator, prompt, adapter))
    const together = await Promise.all(jobs.map(({ prompt, adapter }) => answer(generator, prompt, adapter)))
    assert.deepEqual(together, alone)
    assert.ok(new Set(alone.map(a => a.ids.join())).size > 4, 'different prompts and adapters give different answers')
    await generator.release()
  })

  it('goes on from tokens that are there already, as if never interrupted', async () => {
    const generator = new Generator(model, { threads: 1 })
    const whole = await answer(generator, [5, 6, 7], null)
    for (const cut of [1, 7, whole.ids.length - 1]) {
      assert.deepEqual(await answer(generator, [5, 6, 7], null, { answered: whole.ids.slice(0, cut) }), whole)
    }
    await generator.release()
  })

  it('long answers cross the blocks of the cache unchanged', async () => {
    const settings = { ...sampled, temperature: 0, maxTokens: 180 }
    const generator = new Generator(model, { threads: 1 })
    const { ids } = await answer(generator, [9, 8], null, { settings })
    const scorer = new Scorer(model, { threads: 1 })
    // Each token must be the likeliest under a forward pass that has no cache.
    const [[losses = new Float32Array(0)] = []] = await scorer.losses([null], [answerRow([9, 8], ids)])
    const step = new Generator(model, { threads: 1 })
    for (const cut of [60, 63, 64, 65, 127, 128, 150]) {
      const { ids: next } = await answer(step, [9, 8, ...ids.slice(0, cut)], null, {
        settings: { ...settings, maxTokens: 1 }
      })
      assert.equal(next[0], ids[cut])
    }
    assert.equal(losses.length, ids.length)
    await Promise.all([generator.release(), step.release(), scorer.release()])
  })

  it('cancelling stops within one token, and the others go on', async () => {
    const generator = new Generator(model, { threads: 1 })
    const stop = new AbortController()
    const settings = { ...sampled, maxTokens: 100 }
    let seen = 0
    const cancelled = generator.generate({
      prompt: [4],
      answered: [],
      adapter: null,
      settings,
      endIds: new Set(),
      signal: stop.signal,
      onToken: () => {
        if (++seen === 5) stop.abort()
        return true
      }
    })
    const other = answer(generator, [4], null, { settings: { ...settings, maxTokens: 30, seed: 8 } })
    assert.equal(await cancelled, 'cancelled')
    assert.equal(seen, 5)
    const { ids } = await other
    assert.deepEqual(
      (await answer(generator, [4], null, { settings: { ...settings, maxTokens: 30, seed: 8 } })).ids,
      ids
    )
    await generator.release()
  })

  it('refuses what does not fit', async () => {
    const generator = new Generator(model, { threads: 1 })
    const refused = (prompt: number[], code: string) => assert.rejects(answer(generator, prompt, null), { code })
    await refused([], 'prompt-empty')
    await refused([1, 512], 'prompt-token')
    await refused([-1], 'prompt-token')
    await refused(
      Array.from({ length: 256 }, () => 5),
      'prompt-long'
    )
    assert.equal(
      (
        await answer(
          generator,
          Array.from({ length: 250 }, () => 5),
          null,
          { settings: { ...sampled, maxTokens: 99 } }
        )
      ).ids.length <= 6,
      true
    )
  })

  it('1,000 adapters on one base, sixteen of them in a batch', async () => {
    const generator = new Generator(model, { threads: 1 }, 16)
    const adapters = Array.from({ length: 1000 }, (_, i) => loud(i, 2, ['v_proj']))
    const settings = { ...sampled, maxTokens: 3 }
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) => answer(generator, [5, 6], adapters[i * 15] ?? null, { settings }))
    )
    assert.equal(answers.length, 64)
    assert.deepEqual(answers[7], await answer(generator, [5, 6], adapters[105] ?? null, { settings }))
    await generator.release()
  })
})

describe('scoring', () => {
  it('an answer under an adapter has the same bits alone and among others, for other peers repeat it', async () => {
    const scorer = new Scorer(model, { threads: 1 }, 600)
    const adapters = [null, loud(1), loud(2), loud(3), loud(4), loud(5)]
    const rows = Array.from({ length: 12 }, (_, i) =>
      answerRow(
        Array.from({ length: 4 + i }, (_, t) => 3 + ((i * 50 + t) % 500)),
        Array.from({ length: 2 + (i % 5) }, (_, t) => 9 + i + t)
      )
    )
    const together = await scorer.losses(adapters, rows)
    const other = new Scorer(model, { threads: 2 })
    for (const [k, adapter] of adapters.entries()) {
      for (const [i, row] of rows.entries()) {
        const [[alone] = []] = await other.losses([adapter], [row])
        assert.deepEqual(together[k]?.[i], alone)
      }
    }
    await Promise.all([scorer.release(), other.release()])
  })
})

describe('sampling', () => {
  const logits = Float32Array.of(0, 3, 1, 2.9, -5)
  const counts = (settings: Partial<GenerateSettings>) => {
    const seen = new Map<number, number>()
    for (let i = 0; i < 3000; i++) {
      const id = nextToken(logits, { maxTokens: 1, temperature: 1, seed: 5, ...settings }, i, [])
      seen.set(id, (seen.get(id) ?? 0) + 1)
    }
    return seen
  }

  it('follows the probabilities, and each limit removes what it says', () => {
    const seen = counts({})
    const sum = [...logits].reduce((n, x) => n + Math.exp(x), 0)
    for (const [id, n] of seen) assert.ok(Math.abs(n / 3000 - Math.exp(logits[id] ?? 0) / sum) < 0.04)
    assert.deepEqual([...counts({ topK: 1 }).keys()], [1])
    assert.deepEqual(
      [...counts({ topK: 2 }).keys()].sort((a, b) => a - b),
      [1, 3]
    )
    assert.deepEqual(
      [...counts({ topP: 0.6 }).keys()].sort((a, b) => a - b),
      [1, 3]
    )
    assert.deepEqual(
      [...counts({ minP: 0.5 }).keys()].sort((a, b) => a - b),
      [1, 3]
    )
    assert.deepEqual([...counts({ temperature: 0 }).keys()], [1])
  })

  it('a repetition penalty moves away from what was said', () => {
    assert.equal(nextToken(logits, { maxTokens: 1, temperature: 0, seed: 0, repetitionPenalty: 1.5 }, 0, [1]), 3)
  })
})

describe('engine thread', () => {
  const folder = temporary()
  let path = ''
  before(() => {
    path = modelFolder(folder.path)
  })
  after(() => folder.remove())
  const settings = { maxTokens: 12, temperature: 0, seed: 0 }

  async function collect(engine: Engine, job: GenerateJob) {
    const generation = engine.generate(job)
    const tokens = []
    for await (const token of generation) tokens.push(token)
    return { tokens, result: await generation.result }
  }

  it('streams what it returns, and goes on from given tokens', async () => {
    const engine = openEngine({ threads: 1 })
    try {
      const { tokens, result } = await collect(engine, { model: path, prompt: 'Iron has', settings })
      assert.deepEqual(
        tokens.map(t => t.id),
        result.ids
      )
      assert.equal(result.finish, 'length')
      assert.equal(tokens.map(t => t.text).join(''), result.text.slice(0, tokens.map(t => t.text).join('').length))
      const rest = await collect(engine, {
        model: path,
        prompt: 'Iron has',
        resumeIds: result.ids.slice(0, 5),
        settings
      })
      assert.deepEqual(rest.result, result)
      assert.deepEqual(
        rest.tokens.map(t => t.id),
        result.ids.slice(5)
      )
    } finally {
      await engine.close()
    }
  })

  it('cancels from the main thread', async () => {
    const engine = openEngine({ threads: 1 })
    try {
      const stop = new AbortController()
      const generation = engine.generate({
        model: path,
        prompt: 'Iron has',
        settings: { ...settings, maxTokens: 200 },
        signal: stop.signal
      })
      for await (const _ of generation) stop.abort()
      const { finish, ids } = await generation.result
      assert.equal(finish, 'cancelled')
      assert.ok(ids.length < 200)
    } finally {
      await engine.close()
    }
  })

  it('an adapter is read again when its folder changes', async () => {
    const engine = openEngine({ threads: 1 })
    try {
      const adapter = join(folder.path, 'changing')
      const score = () =>
        engine.score({
          model: path,
          adapters: [adapter],
          messages: [{ role: 'user', content: 'Fe?' }],
          answerIds: [5, 9, 4]
        })
      writeAdapter(adapter, loud(1), path)
      const first = await score()
      await new Promise(resolve => setTimeout(resolve, 20))
      writeAdapter(adapter, loud(2), path)
      assert.notDeepEqual(await score(), first)
    } finally {
      await engine.close()
    }
  })

  it('a failing iteration and result say why', async () => {
    const engine = openEngine({ threads: 1 })
    try {
      const generation = engine.generate({ model: join(folder.path, 'none'), prompt: 'x', settings })
      await assert.rejects(
        async () => {
          for await (const _ of generation) assert.fail('no token can come')
        },
        { code: 'model-config' }
      )
      await assert.rejects(generation.result, { code: 'model-config' })
      await assert.rejects(
        engine.score({
          model: path,
          adapters: [join(folder.path, 'none')],
          messages: [{ role: 'user', content: 'x' }],
          answerIds: [1]
        }),
        { code: 'adapter-missing' }
      )
    } finally {
      await engine.close()
    }
    await assert.rejects(engine.open(path), { code: 'engine-closed' })
  })
})
