import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newFull, readTuned, writeTuned, type Adapter, type FullAdapter } from '../../node/engine/adapters/index.ts'
import {
  exportGguf,
  generateFrom,
  loadModel,
  mergeAdapter,
  openEngine,
  Random,
  readConfig,
  scoreIds,
  type Engine,
  type TrainSettings
} from '../../node/engine/index.ts'
import { groupsOf, progressOf } from '../../node/engine/host/groups.ts'
import { Library } from '../../node/engine/host/library.ts'
import { tokensOf } from '../../node/engine/host/tokens.ts'
import { tuneSiblings } from '../../node/engine/host/tuning.ts'
import { openTextReader } from '../../node/engine/text/reader.ts'
import { Scorer } from '../../node/engine/serve/index.ts'
import {
  adamDefaults,
  adamStep,
  labelled,
  LinearGraph,
  LoraGraph,
  memberState,
  trained,
  type TrainingGraph
} from '../../node/engine/train/index.ts'
import type { TrainProgress, TrainRow } from '../../node/engine/types.ts'
import { elements, modelFolder, near, qa, settings as adapterSettings, temporary, vectors } from './fixture.ts'

const { lora: _lora, ...plain } = adapterSettings
const settings: TrainSettings = { ...plain, method: 'full', epochs: 6, lr: 1e-3 }

const rows: TrainRow[] = [7, 12, 20].map((length, k) => {
  const random = new Random(k, length)
  const ids = Array.from({ length }, () => 3 + Math.floor(random.uniform() * 500))
  return { ids, labels: ids.map((id, t) => (t < length / 2 ? -100 : id)) }
})

const runtime = { threads: 1 }
const count = rows.reduce((n, row) => n + labelled(row), 0)
const pass = {
  units: [{ member: 0, rows, weight: 1 / count, bins: rows.map(row => [row]) }],
  binsPerUnit: rows.length,
  time: 24
}

async function gradientsOf<T>(graph: TrainingGraph<T>, start: T): Promise<{ loss: number; grads: Float32Array[] }> {
  const sums = new Map<number, Float32Array[]>()
  const state = graph.begin(start, 0, { averaged: false, keepsBest: false })
  const { losses } = await graph.run(pass, [state], sums)
  await graph.release()
  return { loss: losses[0] ?? NaN, grads: sums.get(0) ?? [] }
}

/** An adapter whose a is the identity: b is then what is added to the weight, and its gradient the weight's. */
function identityAdapter(full: FullAdapter, name: string): Adapter {
  const modules = full.modules.filter(({ path }) => path.endsWith(name))
  const rank = modules[0]?.in ?? 1
  return {
    rank,
    alpha: rank,
    rslora: false,
    targets: [name],
    modules: modules.map(({ path, in: width, out }) => {
      const a = new Float32Array(rank * width)
      for (let i = 0; i < rank; i++) a[i * width + i] = 1
      return { path, in: width, out, a, b: new Float32Array(out * rank) }
    })
  }
}

describe('full training of the linear layers', () => {
  const folder = temporary()
  const model = modelFolder(folder.path)
  let engine: Engine
  before(() => {
    engine = openEngine({ threads: 1, quantize: 'int8' })
  })
  after(async () => {
    await engine.close()
    folder.remove()
  })

  it("has the gradients that an adapter has whose a is the identity, which follows PyTorch's", async () => {
    for (const name of ['llama-tied', 'qwen2-bias', 'qwen3-qknorm']) {
      const base = loadModel(join(vectors, name))
      const full = newFull(base.config)
      const own = await gradientsOf(await LinearGraph.create(base, full, runtime), full)
      for (const projection of ['q_proj', 'v_proj', 'o_proj', 'down_proj']) {
        const adapter = identityAdapter(full, projection)
        const graph = await LoraGraph.create(base, adapter.modules, adapter.rank, 1, runtime)
        const { loss, grads } = await gradientsOf(graph, adapter)
        near([own.loss], [loss], 1e-5)
        adapter.modules.forEach(({ path }, i) => {
          const found = own.grads[full.modules.findIndex(m => m.path === path)] ?? new Float32Array(0)
          const wanted = grads[2 * i + 1] ?? new Float32Array(1)
          const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
          near([...found], [...wanted], 1e-4 * largest + 1e-8)
        })
      }
    }
  })

  it('has the gradients that the loss itself shows when a weight is moved', async () => {
    const base = loadModel(join(vectors, 'llama-tied'))
    const full = newFull(base.config)
    const { grads } = await gradientsOf(await LinearGraph.create(base, full, runtime), full)
    const scorer = new Scorer(base, runtime)
    const lossAt = async (): Promise<number> => {
      // Another object: what is scored is not remembered by its numbers.
      const [losses = []] = await scorer.losses([{ ...full }], rows)
      return losses.flatMap(own => [...own]).reduce((a, b) => a + b, 0) / count
    }
    for (const [at, module] of full.modules.entries()) {
      const grad = grads[at] ?? new Float32Array(1)
      const i = grad.reduce((most, x, j) => (Math.abs(x) > Math.abs(grad[most] ?? 0) ? j : most), 0)
      const step = 0.02
      module.delta[i] = step
      const above = await lossAt()
      module.delta[i] = -step
      const below = await lossAt()
      module.delta[i] = 0
      const slope = (above - below) / (2 * step)
      assert.ok(Math.abs(slope - (grad[i] ?? 0)) < 0.05 * Math.abs(slope) + 1e-4, `${module.path}: ${slope}`)
    }
    await scorer.release()
  })

  it("takes AdamW's step from the weights of the base themselves, decay included", async () => {
    const base = loadModel(join(vectors, 'llama-tied'))
    const start = newFull(base.config)
    const graph = await LinearGraph.create(base, start, runtime)
    const state = graph.begin(start, 0, { averaged: false, keepsBest: false })
    const sums = new Map<number, Float32Array[]>()
    await graph.run(pass, [state], sums)
    const optimizer = { ...adamDefaults, weightDecay: 0.1 }
    state.tensors.forEach((p, i) => adamStep(p, sums.get(0)?.[i] ?? new Float32Array(0), optimizer, 1e-2, 1, 1))
    const { modules } = graph.finish(start, state, ({ data }) => data)
    await graph.release()
    modules.forEach(({ path, delta, out, in: width }, i) => {
      const weight = base.parameters.get(`${path}.weight`)?.data ?? new Float32Array(0)
      const wanted = trained('w', [out, width], weight.slice(), { averaged: false, decays: true })
      adamStep(wanted, sums.get(0)?.[i] ?? new Float32Array(0), optimizer, 1e-2, 1, 1)
      near(
        [...delta],
        [...wanted.data].map((x, j) => Math.fround(x - (weight[j] ?? 0))),
        0
      )
    })
    // What was begun with the differences goes on from where it was.
    const again = await LinearGraph.create(base, start, runtime)
    const resumed = again.begin({ kind: 'full', modules }, 0, { averaged: false, keepsBest: false })
    await again.release()
    resumed.tensors.forEach((p, i) => near([...p.data], [...(state.tensors[i]?.data ?? [])], 1e-6))
  })

  it('learns, is scored and answers as its merged model does, and is refused where it has no form', async () => {
    const output = join(folder.path, 'full')
    const result = await engine.tune({ model, rows: elements, settings, output })
    assert.ok((result.losses.at(-1) ?? 9) < 0.7 * (result.losses[0] ?? 0))
    assert.ok(
      (await engine.heldOutLoss({ model, adapter: output, rows: elements })) <
        (await engine.heldOutLoss({ model, rows: elements }))
    )

    const merged = join(folder.path, 'merged')
    mergeAdapter({ model, adapter: output, output: merged, dtype: 'F32' })
    const messages = elements[0]?.messages.slice(0, 1) ?? []
    const answerIds = (await engine.encode(model, elements[0] ?? qa('', ''))).answer
    const [base, full, , again] = await engine.score({
      model,
      adapters: [null, output, null, output],
      messages,
      answerIds
    })
    const [own] = await engine.score({ model: merged, adapters: [null], messages, answerIds })
    near(full ?? [], own ?? [], 1e-6)
    assert.deepEqual(full, again)
    assert.notDeepEqual(full, base)

    const greedy = { maxTokens: 6, temperature: 0, seed: 1 }
    const answered = await engine.generate({ model, adapter: output, messages, settings: greedy }).result
    const plainly = await engine.generate({ model: merged, messages, settings: greedy }).result
    assert.deepEqual(answered.ids, plainly.ids)
    await engine.unload(output)

    const ids = [rows[1]?.ids ?? []].map(one => [...one])
    const alone = await scoreIds({ model, adapter: output, ids, runtime })
    const whole = await scoreIds({ model: merged, ids, runtime })
    near(alone.logitsLast[0] ?? [], whole.logitsLast[0] ?? [], 1e-5)
    const request = { prompt: [5, 6, 7], settings: greedy, runtime, quantize: 'int4' as const }
    assert.deepEqual(
      (await generateFrom({ ...request, model, adapter: output })).tokens,
      (await generateFrom({ ...request, model: merged })).tokens
    )
    await assert.rejects(scoreIds({ model, adapter: output, ids, runtime, quantize: 'nf4' }), {
      code: 'adapter-unsupported'
    })
    const gguf = { model, adapter: output, file: join(folder.path, 'x.gguf'), type: 'F32' as const, name: 'x' }
    exportGguf({ ...gguf, what: 'model' })
    assert.ok(existsSync(gguf.file))
    assert.throws(() => exportGguf({ ...gguf, what: 'adapter' }), { code: 'gguf-unsupported' })
  })

  it('comes out of siblings as it does alone, and of groups that were interrupted', async () => {
    const alone = join(folder.path, 'alone')
    const part = [0, 2, 3, 5]
    await engine.tune({ model, rows: part.map(i => elements[i] ?? qa('', '')), settings, output: alone })
    const output = ['s0', 's1'].map(name => join(folder.path, name))
    const [, second] = await engine.tuneSiblings({
      model,
      rows: elements,
      settings,
      coalitions: [[0, 1], part],
      output
    })
    assert.equal(second?.losses.length, 12)
    const config = readConfig(model)
    const numbers = (path: string): number[] =>
      (readTuned(path, config) as FullAdapter).modules.flatMap(({ delta }) => [...delta.subarray(0, 20)])
    near(numbers(output[1] ?? ''), numbers(alone), 1e-5)

    // Those of a large base are trained in groups, one after another; what was done stays done.
    const library = new Library({ threads: 1, togetherBytes: 1 })
    const reader = openTextReader()
    const tokens = await tokensOf(reader, { model, rows: elements, settings })
    reader.close()
    const apart = ['g0', 'g1'].map(name => join(folder.path, name))
    const cut = new AbortController()
    const steps: number[] = []
    const job = {
      model,
      settings,
      ...tokens,
      coalitions: [[0, 1], part],
      output: apart,
      checkpoint: join(folder.path, 'checkpoint'),
      signal: cut.signal,
      onProgress: ({ step }: TrainProgress) => {
        if (steps.push(step) === 8) cut.abort()
      }
    }
    await assert.rejects(tuneSiblings(library, job), { code: 'engine-cancelled' })
    const { losses } = (await tuneSiblings(library, { ...job, signal: new AbortController().signal }))[1] ?? {}
    await library.release()
    assert.equal(steps.length, 18, 'each step is taken once')
    near(losses ?? [], second?.losses ?? [], 1e-5)
    near(numbers(apart[0] ?? ''), numbers(output[0] ?? ''), 1e-5)
    near(numbers(apart[1] ?? ''), numbers(alone), 1e-5)
    assert.deepEqual(
      readdirSync(folder.path).filter(name => name.startsWith('checkpoint')),
      []
    )
    const { modules } = newFull(config)
    const giant = { ...config, layers: config.layers * 5_000 }
    assert.deepEqual(groupsOf(3, { kind: 'full', modules }, giant, settings), [[0], [1], [2]])
    assert.deepEqual(groupsOf(3, { kind: 'full', modules }, config, settings), [[0, 1, 2]])
    const half = { step: 5, steps: 10, loss: 1, lr: 1, tokensPerSecond: 1, secondsLeft: 5 }
    const told = progressOf([[0], [1], [2]], 1, half)
    assert.deepEqual([told.step, told.steps, told.secondsLeft], [15, 30, 15])
  })

  it('is refused by name where settings, start or folder are not of its kind', async () => {
    const config = readConfig(model)
    const full = join(folder.path, 'written')
    const made = newFull(config)
    made.modules[0]?.delta.fill(0.5)
    writeTuned(full, made, model)
    assert.deepEqual(readTuned(full, config), made)
    const job = { model, rows: elements, output: join(folder.path, 'none') }
    const refused = (changes: object, code: string) =>
      assert.rejects(engine.tune({ ...job, settings, ...changes }), { code })
    await refused({ settings: { ...settings, lora: adapterSettings.lora } }, 'tune-settings')
    await refused({ settings: { ...settings, checkpointing: true } }, 'tune-settings')
    await refused({ settings: { ...settings, doubleQuantization: true } }, 'tune-settings')
    await refused({ settings: { ...plain, method: 'lora' } }, 'tune-settings')
    await refused({ settings: adapterSettings, adapter: full }, 'tune-settings')
    assert.ok(!existsSync(job.output))

    const large = { ...config, vocabulary: 1_000_000 }
    assert.throws(() => newFull(large), { code: 'job.full-size' })
    assert.throws(() => readTuned(full, large), { code: 'job.full-size' })
    const file = join(full, 'adapter_config.json')
    const written: Record<string, unknown> = JSON.parse(readFileSync(file, 'utf8'))
    for (const [change, code] of [
      [{ modules_to_save: ['lm_head'] }, 'adapter-unsupported'],
      [{ peft_type: 'LORA', r: 4, lora_alpha: 4 }, 'adapter-mismatch']
    ] as const) {
      writeFileSync(file, JSON.stringify({ ...written, ...change }))
      assert.throws(() => readTuned(full, config), { code })
    }
    writeFileSync(file, JSON.stringify(written))
    made.modules[1]?.delta.fill(NaN, 3, 4)
    writeTuned(full, made, model)
    assert.throws(() => readTuned(full, config), { code: 'adapter-numbers', message: /no number/ })
    made.modules[1]?.delta.fill(0, 3, 4)
    writeTuned(full, made, model)
    assert.throws(() => readTuned(full, readConfig(join(vectors, 'qwen2-bias'))), { name: 'ModelError' })
    assert.equal(
      memberState({ rank: 1, alpha: 1, rslora: false, targets: [], modules: [] }, 0, false).tensors.length,
      0
    )
  })
})
