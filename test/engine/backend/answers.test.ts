import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { newAdapter, writeAdapter } from '../../../node/engine/adapters/index.ts'
import { backendKinds } from '../../../node/engine/backend/index.ts'
import type { BackendKind } from '../../../node/engine/backend/index.ts'
import { loadModel, openEngine, Random } from '../../../node/engine/index.ts'
import type { Engine, GeneratedToken, GenerateJob, GenerateSettings } from '../../../node/engine/types.ts'
import { until } from '../../harness/index.ts'
import { startServer } from '../../harness/engine/server.ts'
import { temporary } from '../fixture.ts'
import { backendsAt } from './backends.ts'

const model = resolve('daemon/assets/seedling')
const base = { cid: 'bafy-base', folder: model }
const prompt = 'A heron is'
const projections = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']
const greedy: GenerateSettings = { maxTokens: 16, temperature: 0, seed: 1 }

async function said(engine: Pick<Engine, 'generate'>, job: Omit<GenerateJob, 'model'>) {
  const generation = engine.generate({ model, prompt, ...job })
  const tokens: GeneratedToken[] = []
  for await (const token of generation) tokens.push(token)
  return { ...(await generation.result), tokens }
}

describe('servers that exist already, as they are asked', () => {
  let engine: Engine
  const at = temporary()
  const adapter = { cid: 'bafy-adapter', folder: join(at.path, 'adapter') }
  before(() => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
    const { config } = loadModel(model)
    const loud = newAdapter(config, { rank: 4, alpha: 8, targets: projections, dropout: 0 }, 5)
    const random = new Random(5, 99)
    for (const module of loud.modules)
      module.b.forEach((_, i) => {
        module.b[i] = 0.3 * random.normal()
      })
    writeAdapter(adapter.folder, loud, model)
  })
  after(async () => {
    await engine.close()
    at.remove()
  })
  const own = (job: Omit<GenerateJob, 'model'>) => said(engine, { exact: true, ...job })

  for (const kind of backendKinds) {
    it(`${kind}: is known for what it is, and gives the engine's own tokens, text and log-probabilities`, async () => {
      const server = await startServer({ kind, engine, model })
      const backends = backendsAt(server.url, engine)
      try {
        const answerer = await backends.open({ base })
        const [status] = backends.status()
        assert.ok(status !== undefined)
        assert.equal(status.kind, kind)
        assert.equal(status.state, 'ready')
        const [{ agreement } = { agreement: undefined }] = status.checked
        assert.equal(agreement?.answers?.same, agreement?.answers?.of)
        assert.ok((agreement?.answers?.mean ?? 0) < 1e-3, JSON.stringify(agreement))

        const settings = { ...greedy, logprobs: 3 }
        const there = await said(answerer, { settings })
        const here = await own({ settings })
        assert.deepEqual([there.ids, there.text, there.finish], [here.ids, here.text, here.finish])
        assert.equal(there.promptTokens, here.promptTokens)
        assert.deepEqual(
          there.tokens.map(({ text, bytes, top = [] }) => ({ text, bytes, top: top.map(({ id }) => id) })),
          here.tokens.map(({ text, bytes, top = [] }) => ({ text, bytes, top: top.map(({ id }) => id) }))
        )

        const stop = [here.text.slice(6, 10)]
        const cut = await said(answerer, { settings: { ...greedy, stop } })
        const ownCut = await own({ settings: { ...greedy, stop } })
        assert.deepEqual([cut.ids, cut.text, cut.finish], [ownCut.ids, ownCut.text, ownCut.finish])

        const resumeIds = here.ids.slice(0, 5)
        const resumed = await said(answerer, { settings: greedy, resumeIds })
        assert.deepEqual([resumed.ids, resumed.text], [here.ids, here.text])
        assert.equal(resumed.tokens.length, here.ids.length - 5)
        assert.equal(backends.status()[0]?.running, 0)
        assert.equal(backends.status()[0]?.answers, 3)

        // Characters of several tokens: each of them is paid, and the text is whole.
        const ids = await engine.text.encode(model, 'caf\u00e9 \ud83c\udf88 \u4f60')
        const spoken = engine.text.text(model, [])
        const bytes = await engine.text.bytes(model, ids)
        const pieces: GeneratedToken[] = []
        for (const [i, id] of ids.entries())
          pieces.push({ id, text: await spoken.push([id]), bytes: bytes[i] ?? [], logprob: -1 })
        assert.ok(pieces.some(({ text }) => text === ''))
        server.options = { ...server.options, says: pieces }
        const characters = await said(answerer, { settings: { ...greedy, maxTokens: ids.length } })
        assert.deepEqual(characters.ids, ids)
        assert.equal(characters.text, await engine.decode(model, ids))
      } finally {
        backends.stop()
        await server.stop()
      }
    })
  }

  const ways: readonly { kind: BackendKind; started: boolean; names?: Record<string, string> }[] = [
    { kind: 'vllm', started: false },
    { kind: 'llama.cpp', started: true },
    { kind: 'ollama', started: true, names: { [adapter.cid]: adapter.cid } },
    { kind: 'openai', started: true, names: { [adapter.cid]: adapter.cid } }
  ]
  for (const { kind, started, names = {} } of ways) {
    it(`${kind}: answers by an adapter as it comes to that kind, and by the base beside it`, async () => {
      const server = await startServer({
        kind,
        engine,
        model,
        ...(started ? { adapters: { [adapter.cid]: adapter.folder } } : {})
      })
      const backends = backendsAt(server.url, engine, { names })
      try {
        const tuned = await backends.open({ base, adapter })
        const plain = await backends.open({ base })
        const [a, b] = [await said(tuned, { settings: greedy }), await said(plain, { settings: greedy })]
        assert.deepEqual(a.ids, (await own({ settings: greedy, adapter: adapter.folder })).ids)
        assert.deepEqual(b.ids, (await own({ settings: greedy })).ids)
        assert.notDeepEqual(a.ids, b.ids)
      } finally {
        backends.stop()
        await server.stop()
      }
    })
  }

  it('an adapter that the server has not is refused with what to do', async () => {
    for (const kind of ['llama.cpp', 'ollama', 'openai'] as const) {
      const server = await startServer({ kind, engine, model })
      const backends = backendsAt(server.url, engine)
      try {
        await assert.rejects(backends.open({ base, adapter }), { code: 'backend-adapter' })
      } finally {
        backends.stop()
        await server.stop()
      }
    }
  })

  it('an adapter is handed over as its two files, and given back when it is closed, also in a check', async () => {
    const server = await startServer({ kind: 'vllm', engine, model })
    const backends = backendsAt(server.url, engine)
    const checked = () => backends.status()[0]?.checked.map(({ adapter }) => adapter)
    try {
      const plain = await backends.open({ base })
      writeFileSync(join(adapter.folder, 'tokenizer.py'), 'print("of a stranger")')
      const [one, two] = [await backends.open({ base, adapter }), await backends.open({ base, adapter })]
      const [handed = ''] = server.adapters.values()
      assert.deepEqual(readdirSync(handed).sort(), ['adapter_config.json', 'adapter_model.safetensors'])
      one.close()
      assert.deepEqual([checked(), server.adapters.size], [['', adapter.cid], 1])
      const before = server.asked.length
      const checking = backends.check('rack')
      await until(() => server.asked.slice(before).some(({ path }) => path === 'v1/completions'), 'it is being checked')
      two.close()
      await checking
      await until(() => server.adapters.size === 0, 'it was given back')
      assert.deepEqual(checked(), [''])
      assert.equal(plain.away(), undefined)
      assert.throws(() => two.generate({ model, prompt, settings: greedy }), { code: 'backend-model' })
    } finally {
      backends.stop()
      await server.stop()
    }
  })

  it('what has to be of a form is answered by the node itself', async () => {
    const server = await startServer({ kind: 'vllm', engine, model })
    const backends = backendsAt(server.url, engine)
    try {
      const answerer = await backends.open({ base })
      const before = server.asked.length
      const form = JSON.stringify({ json: { enum: ['yes', 'no'] } })
      const { text } = await said(answerer, { settings: { ...greedy, form } })
      assert.ok(['"yes"', '"no"'].includes(text), text)
      assert.equal(server.asked.length, before)
    } finally {
      backends.stop()
      await server.stop()
    }
  })
})
