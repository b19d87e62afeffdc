import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openEngine, parseConfig, type Engine } from '../../node/engine/index.ts'
import { demandMemory, passBytes, type ModelConfig } from '../../node/engine/architecture/index.ts'
import { toPlain } from '../../node/engine/host/messages.ts'
import { collect } from '../../node/runtime/collect.ts'
import { KeyValueCache } from '../../node/engine/serve/index.ts'
import { elements, modelFolder, qa, settings, temporary } from './fixture.ts'

describe('out of memory', () => {
  const folder = temporary()
  let model = ''
  /** The same model with a context that would take hundreds of gigabytes. */
  let endless = ''
  before(() => {
    model = modelFolder(folder.path)
    endless = join(folder.path, 'endless')
    cpSync(model, endless, { recursive: true })
    const config = JSON.parse(readFileSync(join(endless, 'config.json'), 'utf8')) as Record<string, unknown>
    writeFileSync(join(endless, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 131_072 }))
  })
  after(() => folder.remove())

  const asking = (engine: Engine, at = model) =>
    engine.generate({ model: at, prompt: 'Iron has', settings: { maxTokens: 150, temperature: 1, seed: 5 } }).result
  const messages = [{ role: 'user' as const, content: 'Fe?' }]
  const score = (engine: Engine, length: number) =>
    engine.score({
      model: endless,
      adapters: Array.from({ length: 16 }, () => null),
      messages,
      answerIds: Array.from({ length }, (_, i) => 5 + (i % 400))
    })

  it('a sequence that cannot fit is refused with its numbers, and whatever else runs goes on', async () => {
    const engine = openEngine({ threads: 1 })
    try {
      const alone = await asking(engine, endless)
      const [answer, ...refusals] = await Promise.allSettled([
        asking(engine, endless),
        score(engine, 120_000),
        score(engine, 130_000),
        score(engine, 4)
      ])
      assert.deepEqual(answer.status === 'fulfilled' ? answer.value : answer.reason, alone)
      for (const refused of refusals.slice(0, 2)) {
        assert.ok(refused.status === 'rejected')
        const { code, message, help } = refused.reason as { code: string; message: string; help: string }
        assert.equal(code, 'engine-memory')
        assert.match(message, /sequences? of 1[23]\d+ tokens need more than [\d.]+ GB/)
        assert.match(help, /shorter/)
      }
      assert.equal(refusals[2]?.status, 'fulfilled')
      await assert.rejects(
        engine.tune({
          model: endless,
          rows: [qa('x'.repeat(150_000), 'y')],
          settings: { ...settings, cutoff: 200_000, responseOnly: false },
          output: join(folder.path, 'never')
        }),
        { code: 'engine-memory' }
      )
      assert.equal(
        (await engine.tune({ model: endless, rows: elements, settings, output: join(folder.path, 'small') })).losses
          .length,
        8
      )
    } finally {
      await engine.close()
    }
  })

  it('what a pass needs at least grows with each of its sides, and a small one is never refused', () => {
    const config = parseConfig(JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')))
    const shape = { rows: 2, time: 64, targets: 32, kept: 2 }
    for (const key of ['rows', 'time', 'targets', 'kept'] as const)
      assert.ok(passBytes(config, { ...shape, [key]: 2 * shape[key] }) > passBytes(config, shape))
    demandMemory(config, shape)
    assert.throws(() => demandMemory(config, { ...shape, time: 2 ** 20 }), { code: 'engine-memory' })
  })

  it('whatever a runtime says when it cannot allocate is the same error', () => {
    const says = [() => new Float32Array(2 ** 53), () => new ArrayBuffer(2 ** 53 - 1)]
    for (const allocate of says) {
      try {
        allocate()
        assert.fail('that much memory cannot be had')
      } catch (error) {
        assert.equal(toPlain(error).code, 'engine-memory', String(error))
      }
    }
    for (const text of [
      'std::bad_alloc',
      'Failed to allocate memory for requested buffer of size 99',
      'Array buffer allocation failed'
    ])
      assert.equal(toPlain(new Error(text)).code, 'engine-memory')
  })

  it('a cache that cannot grow stays as it was', async () => {
    const config = {
      ...parseConfig(JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'))),
      layers: 1,
      keyHeads: 1,
      headWidth: 2 ** 18
    }
    full(config)
    // What was asked for counts as this process's until it is collected, some of it in the background; it could start
    // no other meanwhile.
    for (let tries = 0; tries < 200; tries++) {
      collect()
      if (spawnSync('true').error === undefined) return
      await sleep(100)
    }
    assert.fail('the memory did not come back')
  })

  function full(config: ModelConfig): void {
    const cache = new KeyValueCache(config)
    // Memory that nobody writes to costs nothing; at some size it is refused all the same.
    assert.throws(() => {
      for (;;) cache.open()
    }, RangeError)
    const rows = cache.rows
    assert.ok(rows >= 1)
    assert.throws(() => cache.open(), RangeError)
    assert.equal(cache.rows, rows)
    const fed = cache.feeds(0, rows)['past.0.k']
    assert.deepEqual(fed?.dims, [rows, 1, cache.capacity, config.headWidth])
    while (cache.rows > 1) cache.close(cache.rows - 1)
    assert.equal(cache.open(), 1)
  }

  it('a heap that overflows while training ends that training alone, not what is served meanwhile', async function () {
    this.timeout(120_000)
    const engine = openEngine({ threads: 1, heapMb: 32 })
    try {
      const alone = await asking(engine)
      const [answer, tuned, beside] = await Promise.allSettled([
        asking(engine),
        // The plan of so many steps alone is more than the heap can hold.
        engine.tune({
          model,
          rows: elements,
          settings: { ...settings, epochs: 10_000_000 },
          output: join(folder.path, 'crash')
        }),
        engine.tune({
          model,
          rows: elements,
          settings: { ...settings, epochs: 10_000 },
          output: join(folder.path, 'beside')
        })
      ])
      assert.deepEqual(answer.status === 'fulfilled' ? answer.value : answer.reason, alone)
      for (const lost of [tuned, beside]) {
        assert.ok(lost.status === 'rejected')
        const { code, consequence } = lost.reason as { code: string; consequence: string }
        assert.deepEqual([code, consequence], ['engine-crashed', 'retry'])
      }
      assert.equal(
        (await engine.tune({ model, rows: elements, settings, output: join(folder.path, 'after') })).losses.length,
        8
      )
    } finally {
      await engine.close()
    }
  })

  it('a heap that overflows while serving fails what was in that thread, and nothing after it', async function () {
    this.timeout(120_000)
    const engine = openEngine({ threads: 1, heapMb: 32 })
    try {
      const alone = await asking(engine)
      const long = { messages, answerIds: Array.from({ length: 40_000 }, (_, i) => 5 + (i % 400)) }
      const settled = await Promise.allSettled([
        // As tokens, which nobody has to read first: some hundred megabytes.
        engine.scoreMany({ model: endless, adapters: [null], answers: Array.from({ length: 300 }, () => long) }),
        asking(engine),
        engine.encode(model, elements[0] ?? qa('', ''))
      ])
      const [first, ...beside] = settled
      const { code, consequence } = (first.status === 'rejected' ? first.reason : {}) as Record<string, string>
      assert.deepEqual([code, consequence], ['engine-crashed', 'retry'])
      for (const one of beside)
        assert.ok(one.status === 'fulfilled' || (one.reason as { code: string }).code === 'engine-crashed')
      assert.deepEqual(await asking(engine), alone)
    } finally {
      await engine.close()
    }
  })
})
