import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAdapter, writeAdapter } from '../../node/engine/adapters/index.ts'
import { Library } from '../../node/engine/host/library.ts'
import { EngineThread } from '../../node/engine/host/thread.ts'
import { openEngine, Random, readConfig, type Engine } from '../../node/engine/index.ts'
import { temporary } from './fixture.ts'

const seedling = join(import.meta.dirname, '../../daemon/assets/seedling')
const registered = 1000

describe('1,000 adapters on the small base', () => {
  const folder = temporary()
  const folderOf = (i: number) => join(folder.path, String(i))
  before(() => {
    // One PEFT folder as it is written, and as many with other numbers in the same places.
    const adapter = newAdapter(
      readConfig(seedling),
      { rank: 2, alpha: 4, targets: ['v_proj', 'o_proj'], dropout: 0 },
      1
    )
    writeAdapter(folderOf(0), adapter, seedling)
    const bytes = readFileSync(join(folderOf(0), 'adapter_model.safetensors'))
    const start = 8 + Number(bytes.readBigUInt64LE())
    const random = new Random(77)
    const drawn = Buffer.from(
      Float32Array.from({ length: bytes.length / 4 + 31 * registered }, () => 1.2 * (random.uniform() - 0.5)).buffer
    )
    for (let i = 0; i < registered; i++) {
      drawn.copy(bytes, start, 4 * 31 * i)
      mkdirSync(folderOf(i), { recursive: true })
      if (i > 0) cpSync(join(folderOf(0), 'adapter_config.json'), join(folderOf(i), 'adapter_config.json'))
      writeFileSync(join(folderOf(i), 'adapter_model.safetensors'), bytes)
    }
  })
  after(() => folder.remove())

  async function ask(engine: Engine, i: number): Promise<number[]> {
    const { ids } = await engine.generate({
      model: seedling,
      adapter: folderOf(i),
      prompt: 'The heron stands',
      settings: { maxTokens: 4, temperature: 0.7, seed: 1 }
    }).result
    return ids
  }

  it('one that was asked for by nobody in five minutes leaves memory with the next that is read', async () => {
    const library = new Library({ threads: 1 })
    const now = performance.now.bind(performance)
    let ahead = 0
    performance.now = () => now() + ahead
    try {
      const { model } = library.open(seedling)
      for (const i of [0, 1, 2]) library.adapter(folderOf(i), model)
      ahead = 200_000
      library.adapter(folderOf(1), model)
      assert.equal(library.status.adapters, 3)
      ahead = 400_000
      library.adapter(folderOf(3), model)
      assert.equal(library.status.adapters, 2)
    } finally {
      performance.now = now
      await library.release()
    }
  })

  it('every one answers as in an engine that has no other, 64 at most in memory', async function () {
    this.timeout(180_000)
    const engine = openEngine({ threads: 1 })
    const answers: number[][] = []
    try {
      for (let from = 0; from < registered; from += 50) {
        answers.push(...(await Promise.all(Array.from({ length: 50 }, (_, j) => ask(engine, from + j)))))
        const { models, adapters, mostAdapters } = await engine.status()
        assert.equal(models, 1)
        assert.equal(mostAdapters, 64)
        assert.equal(adapters, Math.min(64, from + 50))
      }
      // The first ones were put out long ago: they are loaded again and answer as before.
      for (const i of [0, 3, 500]) assert.deepEqual(await ask(engine, i), answers[i])
      assert.equal((await engine.status()).adapters, 64)
    } finally {
      await engine.close()
    }
    const different = new Set(answers.map(ids => ids.join())).size
    assert.ok(different > registered / 2, `the adapters give ${different} different answers`)

    const fresh = openEngine({ threads: 1 })
    try {
      for (let i = 0; i < registered; i += 50) assert.deepEqual(await ask(fresh, i), answers[i], `adapter ${i}`)
    } finally {
      await fresh.close()
    }
  })
})

describe('what an engine holds in memory', function () {
  this.timeout(180_000)
  const settings = { maxTokens: 60, temperature: 0, seed: 1 }
  const answer = async (engine: Engine): Promise<number[]> =>
    (await engine.generate({ model: seedling, prompt: 'The heron stands', settings }).result).ids

  it('goes when it is unloaded, with its thread, and comes back when it is asked for', async () => {
    const engine = openEngine({ threads: 1 })
    try {
      await engine.unload(seedling) // of what was never loaded nothing is to be done
      assert.equal((await engine.status()).models, 0)
      const before = await answer(engine)
      assert.equal((await engine.status()).models, 1)
      // What runs ends first, as if nothing had been said.
      const running = engine.generate({ model: seedling, prompt: 'The heron stands', settings })
      await running[Symbol.asyncIterator]().next()
      await engine.unload(seedling)
      assert.deepEqual((await running.result).ids, before)
      assert.equal((await engine.status()).models, 0)
      assert.deepEqual(await answer(engine), before)
      assert.equal((await engine.status()).models, 1)
    } finally {
      await engine.close()
    }
  })

  it('ends with a thread that nothing is asked of any more; the next call starts another', async () => {
    const thread = new EngineThread({ runtime: async () => ({ threads: 1 }), restMs: 50 })
    try {
      await thread.call('open', seedling)
      for (let i = 0; (await thread.tell('status', undefined)) !== undefined && i < 600; i++)
        await new Promise(resolve => {
          setTimeout(resolve, 200)
        })
      assert.equal(await thread.tell('status', undefined), undefined)
      assert.ok((await thread.call('open', seedling)).parameters > 0)
    } finally {
      await thread.close()
    }
  })
})
