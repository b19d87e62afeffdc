import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  addingTo,
  isFull,
  readTuned,
  stackAdapters,
  withGains,
  withLora,
  type Adapter
} from '../../node/engine/adapters/index.ts'
import {
  buildDecoder,
  fitGraph,
  halved,
  inEightBits,
  loadModel,
  logits,
  weightFeeds,
  type LoadedModel
} from '../../node/engine/architecture/index.ts'
import { exportGguf, importGguf } from '../../node/engine/gguf/index.ts'
import { floats, i64, Session } from '../../node/engine/graph/index.ts'
import { mergeAdapter, readAdapter, rowGradients, scoreIds, tuneExamples } from '../../node/engine/index.ts'
import { KernelDecoder, kernelsTake } from '../../node/engine/kernels/index.ts'
import { Generator, Scorer } from '../../node/engine/serve/index.ts'
import { sequenceFeeds } from '../../node/engine/train/index.ts'
import { dequantizeNf4, readAll, writeSafetensors, type NamedTensor } from '../../node/engine/weights/index.ts'
import { modelFolder, near, settings, temporary, vectors } from './fixture.ts'
import { provider } from './provider.ts'

// DoRA adapters, which PEFT made (vectors/parity/dora/make.py).

interface Golden {
  readonly ids: number[]
  readonly logits_last_row: number[]
  readonly nll: number[]
  readonly prompt: number[]
  readonly greedy: number[]
}
const runtime = { threads: 1, provider }
const golden = JSON.parse(readFileSync(join(vectors, 'dora/golden.json'), 'utf8')) as Record<string, Golden>
const names = ['llama-tied', 'qwen2-bias'] as const
const folderOf = (name: string): string => join(vectors, 'dora', name)

function read(folder: string, model: LoadedModel): Adapter {
  const tuned = readTuned(folder, model.config, 'scaled')
  assert.ok(!isFull(tuned))
  return tuned
}

async function answer(generator: Generator, prompt: readonly number[], adapter: Adapter | null, count = 16) {
  const ids: number[] = []
  await generator.generate({
    prompt,
    answered: [],
    adapter,
    settings: { maxTokens: count, temperature: 0, seed: 0 },
    endIds: new Set(),
    onToken: id => {
      ids.push(id)
      return true
    }
  })
  return ids
}

/** Logits of the last position, by the graph. */
async function graphLogits(model: LoadedModel, ids: readonly number[], own: Adapter | null): Promise<number[]> {
  const adapter = own && (await withGains(own, model))
  const decoder = buildDecoder(model.config)
  decoder.graph.output('logits', logits(model.config, decoder))
  const scaled = adapter?.modules.some(({ gain }) => gain !== undefined) ?? false
  const graph =
    adapter === null ? decoder.graph : withLora(decoder.graph, adapter.modules, adapter.rank, 1, 'branch', scaled)
  const session = await Session.create(fitGraph(model, graph), runtime)
  const out = await session.run({
    ...weightFeeds(model),
    ...(adapter === null ? {} : stackAdapters([adapter], adapter.modules, adapter.rank)),
    ...sequenceFeeds([{ ids }], ids.length),
    targets: i64([ids.length - 1], [1])
  })
  await session.release()
  return [...floats(out['logits'])]
}

const distance = (got: readonly number[], want: readonly number[]): number =>
  Math.sqrt(got.reduce((sum, x, i) => sum + (x - (want[i] ?? NaN)) ** 2, 0) / want.reduce((sum, x) => sum + x ** 2, 0))

/** The same model with an adapter in its weights. */
function mergedModel(model: LoadedModel, adapter: Adapter): LoadedModel {
  const adding = addingTo(adapter)
  const parameters = new Map(
    [...model.parameters].map(([name, { shape, data }]) => {
      const own = data.slice()
      adding.get(name)?.(own)
      return [name, { shape, data: own }]
    })
  )
  return { ...model, parameters }
}

for (const name of names)
  describe(`DoRA on ${provider}: ${name}`, () => {
    const place = temporary()
    after(() => place.remove())
    const folder = join(vectors, name)
    const model = loadModel(folder)
    const adapter = read(folderOf(name), model)
    const plain = readAdapter(join(folder, 'adapter-end'), model.config)
    const want = golden[name] as Golden

    it('logits, losses and greedy tokens are those of PEFT', async () => {
      const { logitsLast } = await scoreIds({ model: folder, adapter: folderOf(name), ids: [want.ids], runtime })
      near(logitsLast[0] ?? [], want.logits_last_row, 1e-4)
      const scorer = new Scorer(model, runtime)
      const row = { ids: want.ids, labels: want.ids }
      const [[own] = []] = await scorer.losses([adapter], [row])
      near([...(own ?? [])], want.nll, 1e-4)
      await scorer.release()
      const generator = new Generator(model, runtime)
      assert.deepEqual(await answer(generator, want.prompt, adapter), want.greedy)
      await generator.release()
    })

    it('beside plain LoRA and the base, each answers and is scored as it is alone', async () => {
      const all = [adapter, plain, null]
      const [alone, together] = [new Generator(model, runtime), new Generator(model, runtime)]
      const apart: number[][] = []
      for (const one of all) apart.push(await answer(alone, want.prompt, one))
      assert.deepEqual(await Promise.all(all.map(one => answer(together, want.prompt, one))), apart)
      assert.deepEqual(apart[0], want.greedy)
      const scorer = new Scorer(model, runtime)
      const row = { ids: want.ids, labels: want.ids }
      const crowd = await scorer.losses(all, [row])
      for (const [i, one] of all.entries()) assert.deepEqual((await scorer.losses([one], [row]))[0], crowd[i])
      for (const one of [alone, together, scorer]) await one.release()
    })

    it('merged into its base, as safetensors and as GGUF, it says the same; alone no GGUF is written', async () => {
      const output = join(place.path, 'merged')
      mergeAdapter({ model: folder, adapter: folderOf(name), output, dtype: 'F32' })
      near(await graphLogits(loadModel(output), want.ids, null), want.logits_last_row, 1e-4)
      const [file, again] = [join(place.path, 'merged.gguf'), join(place.path, 'again')]
      const request = {
        model: modelFolder(place.path, name),
        adapter: folderOf(name),
        file,
        type: 'F32',
        name
      } as const
      exportGguf({ ...request, what: 'model' })
      importGguf({ file, output: again })
      near(await graphLogits(loadModel(again), want.ids, null), want.logits_last_row, 1e-4)
      assert.throws(() => exportGguf({ ...request, what: 'adapter' }), { code: 'gguf-unsupported', message: /DoRA/ })
    })

    it('lengths that the rows have anyway change nothing: plain LoRA, and without b the base', async () => {
      const full = (lengthsOf: LoadedModel, own: Adapter): Adapter => ({
        ...own,
        modules: own.modules.map(m => {
          const data = lengthsOf.parameters.get(`${m.path}.weight`)?.data ?? new Float32Array(0)
          const lengths = Float32Array.from({ length: m.out }, (_, o) =>
            Math.hypot(...data.subarray(o * m.in, (o + 1) * m.in))
          )
          return { ...m, magnitude: lengths }
        })
      })
      near(
        await graphLogits(model, want.ids, full(mergedModel(model, plain), plain)),
        await graphLogits(model, want.ids, plain),
        2e-5
      )
      const idle = { ...plain, modules: plain.modules.map(m => ({ ...m, b: new Float32Array(m.b.length) })) }
      near(await graphLogits(model, want.ids, full(model, idle)), await graphLogits(model, want.ids, null), 2e-5)
    })

    it('kernels of 4 and 8 bits scale as the graph does, with the same bits alone and in a crowd', async () => {
      const four = loadModel(folder, 'int4')
      for (const [formed, same, off] of [
        [inEightBits(model), model, 0.1],
        [four, four, 0.05]
      ] as const) {
        assert.ok(kernelsTake(formed))
        const measured = await withGains(adapter, formed)
        const alone = new KernelDecoder(formed, 1)
        const whole = alone.step([{ sequence: alone.open(), ids: want.ids, adapter: measured }]).slice()
        const under = (own: Adapter): Float32Array =>
          alone.step([{ sequence: alone.open(), ids: want.ids, adapter: own }]).slice()
        // Gains of 1 are plain LoRA.
        const unscaled = measured.modules.map(({ path, in: width, out, a, b }) => ({ path, in: width, out, a, b }))
        const ones = unscaled.map(m => ({ ...m, gain: new Float32Array(m.out).fill(1), magnitude: m.b }))
        const [lora, one] = [unscaled, ones].map(modules => [...under({ ...measured, modules })])
        assert.ok(distance(one ?? [], lora ?? []) < 0.02, `relative distance ${distance(one ?? [], lora ?? [])}`)
        await alone.release()
        const graph = await graphLogits(same, want.ids, adapter)
        assert.ok(distance([...whole], graph) < off, `relative distance ${distance([...whole], graph)}`)

        const crowd = new KernelDecoder(formed, 2)
        while (crowd.threads < 2)
          await new Promise(resolve => {
            setTimeout(resolve, 5)
          })
        const [mine, other, third] = [crowd.open(), crowd.open(), crowd.open()]
        const first = want.ids.slice(0, 25)
        crowd.step([
          { sequence: other, ids: first, adapter: plain },
          { sequence: mine, ids: first, adapter: measured }
        ])
        let last: Float32Array = new Float32Array(0)
        for (const id of want.ids.slice(25))
          last = crowd.step([
            { sequence: mine, ids: [id], adapter: measured },
            { sequence: other, ids: [id], adapter: plain },
            { sequence: third, ids: [id], adapter: null }
          ])
        assert.deepEqual(last.slice(0, whole.length), whole)
        const beside = last.slice(whole.length)
        await crowd.release()
        const without = new KernelDecoder(formed, 1)
        const [a, b] = [without.open(), without.open()]
        without.step([{ sequence: a, ids: first, adapter: plain }])
        const quiet = without.step([
          { sequence: a, ids: want.ids.slice(25), adapter: plain },
          { sequence: b, ids: want.ids.slice(25), adapter: null }
        ])
        assert.deepEqual(quiet.slice(), beside)
        await without.release()
      }
    })

    it('over weights in fewer bits, rows are measured as those stand for', async () => {
      for (const form of ['nf4', 'nf4-double', 'half'] as const) {
        const formed = form === 'half' ? halved(model) : loadModel(folder, form)
        const measured = await withGains(adapter, formed)
        const gains = measured.modules.flatMap(({ gain }) => [...(gain ?? [])])
        const float = (await withGains(adapter, model)).modules.flatMap(({ gain }) => [...(gain ?? [])])
        const off = distance(gains, float)
        assert.ok(form === 'half' ? off < 1e-3 : off > 0 && off < 0.05, `${form}: ${off}`)
        if (form !== 'nf4') continue
        // What the codes stand for, in float32.
        const parameters = new Map([
          ...formed.parameters,
          ...[...(formed.quantized ?? [])].map(([key, tensor]) => {
            assert.ok(!('scales' in tensor))
            return [key, { shape: model.parameters.get(key)?.shape ?? [], data: dequantizeNf4(tensor) }] as const
          })
        ])
        const unpacked = await withGains(adapter, { folder, config: model.config, parameters })
        near(
          gains,
          unpacked.modules.flatMap(({ gain }) => [...(gain ?? [])]),
          1e-6
        )
      }
    })
  })

describe('DoRA that is not read', () => {
  const place = temporary()
  after(() => place.remove())
  const name = 'llama-tied'
  const model = loadModel(join(vectors, name))
  const file = join(place.path, 'adapter_model.safetensors')
  const config = JSON.parse(readFileSync(join(folderOf(name), 'adapter_config.json'), 'utf8')) as object
  const write = (change: object, tensors: (all: NamedTensor[]) => NamedTensor[]): void => {
    writeFileSync(join(place.path, 'adapter_config.json'), JSON.stringify({ ...config, ...change }))
    writeSafetensors(file, tensors([...readAll(join(folderOf(name), 'adapter_model.safetensors')).values()]))
  }
  const isMagnitude = (one: NamedTensor): boolean => one.name.endsWith('lora_magnitude_vector')
  const someMagnitude = (change: (one: NamedTensor) => NamedTensor[]) => (all: NamedTensor[]) => {
    const chosen = all.find(isMagnitude)
    return all.flatMap(one => (one === chosen ? change(one) : [one]))
  }
  const same = (all: NamedTensor[]): NamedTensor[] => all

  it('names of older and newer PEFT are read alike', () => {
    const expected = read(folderOf(name), model)
    for (const end of ['', '.weight', '.default', '.default.weight']) {
      write({}, all => all.map(one => (isMagnitude(one) ? { ...one, name: one.name + end } : one)))
      assert.deepEqual(read(place.path, model), expected)
    }
  })

  it('magnitudes that are missing, of another shape, no numbers, or there without use_dora are refused by name', () => {
    const expect = (code: string, message: RegExp): void => {
      assert.throws(() => read(place.path, model), { code, message })
    }
    write(
      {},
      someMagnitude(() => [])
    )
    expect('adapter-missing', /lora_magnitude_vector is missing/)
    write(
      {},
      someMagnitude(one => [{ ...one, shape: [1, one.data.length] }])
    )
    expect('adapter-mismatch', /lora_magnitude_vector is \[1, \d+\]/)
    write(
      {},
      someMagnitude(one => [{ ...one, shape: [4], data: one.data.slice(0, 4) }])
    )
    expect('adapter-mismatch', /lora_magnitude_vector is \[4\]/)
    write(
      {},
      someMagnitude(one => [{ ...one, data: one.data.map((x, i) => (i === 3 ? NaN : x)) }])
    )
    expect('adapter-numbers', /magnitude_vector.* no number/)
    write(
      {},
      someMagnitude(one => [one, { ...one, name: `${one.name}.weight` }])
    )
    expect('adapter-mismatch', /twice/)
    write({ use_dora: false }, same)
    expect('adapter-mismatch', /lora_magnitude_vector is of DoRA/)
    write({}, all => all.filter(isMagnitude))
    expect('adapter-missing', /lora_A is missing/)
    const table = 'base_model.model.model.embed_tokens.lora_'
    for (const part of ['embedding_A', 'magnitude_vector']) {
      write({}, all => [...all, { name: `${table}${part}`, shape: [4], data: new Float32Array(4) }])
      expect('adapter-mismatch', new RegExp(`embed_tokens.lora_${part} belongs to no projection`))
    }
  })

  it('a row without a length is refused, and those beside it get their answers', async () => {
    const adapter = read(folderOf(name), model)
    const [first] = adapter.modules
    assert.ok(first !== undefined)
    const weight = `${first.path}.weight`
    const data = (model.parameters.get(weight)?.data ?? new Float32Array(0)).slice()
    data.fill(0, 0, first.in)
    const damaged = {
      ...model,
      parameters: new Map(model.parameters).set(weight, { shape: [first.out, first.in], data })
    }
    first.b.fill(0, 0, adapter.rank)
    const generator = new Generator(damaged, runtime)
    const [bad, good] = await Promise.allSettled([
      answer(generator, [1, 2, 3], adapter),
      answer(generator, [1, 2, 3], null)
    ])
    assert.ok(bad.status === 'rejected' && good.status === 'fulfilled')
    assert.equal((bad.reason as { code: string }).code, 'adapter-mismatch')
    assert.match((bad.reason as Error).message, /row 0 has the length 0/)
    await generator.release()
    assert.throws(() => addingTo(adapter).get(weight)?.(data), { code: 'adapter-mismatch' })
  })

  it('nothing is tuned on from one, nor are its gradients taken', async () => {
    cpSync(folderOf(name), place.path, { recursive: true })
    const rows = [{ ids: [1, 2, 3], labels: [-100, 2, 3] }]
    const folder = join(vectors, name)
    const refusal = { code: 'adapter-unsupported', message: /DoRA/ }
    await assert.rejects(rowGradients({ model: folder, adapter: place.path, rows, runtime }), refusal)
    const output = join(place.path, 'on')
    await assert.rejects(tuneExamples({ model: folder, adapter: place.path, rows, output, settings, runtime }), refusal)
  })
})
