import assert from 'node:assert/strict'
import { join } from 'node:path'
import fc from 'fast-check'
import { readAdapter, withLora, stackAdapters, type Adapter } from '../../node/engine/adapters/index.ts'
import {
  buildDecoder,
  inEightBits,
  loadModel,
  logits,
  weightFeeds,
  type LoadedModel
} from '../../node/engine/architecture/index.ts'
import { randomAdapter, randomModel, someIds } from '../../node/engine/bench/shapes.ts'
import { floats, i64, Session } from '../../node/engine/graph/index.ts'
import { KernelDecoder, kernelsTake } from '../../node/engine/kernels/index.ts'
import { Heap } from '../../node/engine/kernels/heap.ts'
import { packBytes, packWeights } from '../../node/engine/kernels/pack.ts'
import { Pace } from '../../node/engine/kernels/pace.ts'
import { instantiate } from '../../node/engine/kernels/team.ts'
import { Generator } from '../../node/engine/serve/index.ts'
import { sequenceFeeds } from '../../node/engine/train/index.ts'
import { quantizeInt4, Random, roundToByte, type Int4Tensor } from '../../node/engine/weights/index.ts'
import { openEngine } from '../../node/engine/index.ts'
import { elements, modelFolder, temporary, vectors } from './fixture.ts'

/** The weights that 4-bit codes stand for. */
function dequantize({ codes, scales }: Int4Tensor): Float32Array {
  return Float32Array.from({ length: codes.length * 2 }, (_, i) => {
    const byte = codes[i >> 1] ?? 0
    return ((i % 2 === 0 ? byte & 15 : byte >> 4) - 8) * (scales[Math.floor(i / 32)] ?? 0)
  })
}

/** The weights that 8-bit codes stand for. */
function inBytes(weights: Float32Array): Float32Array {
  const out = new Float32Array(weights.length)
  const codes = new Uint8Array(32)
  for (let from = 0; from < weights.length; from += 32) {
    const scale = roundToByte(weights, from, codes)
    codes.forEach((code, i) => {
      out[from + i] = (code - 64) * scale
    })
  }
  return out
}

/** A row as the kernels see it: 8-bit numbers with a scale for every 32. */
function rounded(row: Float32Array): Float32Array {
  const out = new Float32Array(row.length)
  for (let from = 0; from < row.length; from += 32) {
    const block = row.subarray(from, from + 32)
    const most = block.reduce((m, x) => Math.max(m, Math.abs(x)), 0)
    block.forEach((x, i) => {
      out[from + i] = most === 0 ? 0 : Math.round(Math.fround(x * Math.fround(127 / most))) * (most / 127)
    })
  }
  return out
}

for (const bits of [4, 8]) {
  describe(`kernels: products of 8-bit rows with ${bits}-bit weights`, () => {
    it('give what the numbers they hold give in float64, for any number of rows', () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 70 }),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 5 }),
          fc.integer(),
          (rows, blocks, tiles, seed) => {
            const [inputs, outputs] = [32 * blocks, 4 * tiles]
            const random = new Random(Math.abs(seed))
            const draw = (n: number) => Float32Array.from({ length: n }, () => random.normal())
            const [x, w] = [draw(rows * inputs), draw(outputs * inputs)]
            x.fill(0, 0, 32) // a block of zeros has no scale
            const heap = new Heap()
            const packed = quantizeInt4(w)
            const weights =
              bits === 4 ? packWeights(heap, packed, inputs, outputs) : packBytes(heap, w, inputs, outputs)
            const [from, tilesAt, start, out] = [
              heap.putFloats(x),
              heap.allocate(rows * blocks * 40),
              heap.putFloats(draw(outputs)),
              heap.allocate(4 * rows * outputs)
            ]
            const scratch = heap.allocate(Math.ceil(9 * inputs))
            const kernels = instantiate(heap.memory)
            for (let r = 0; r < rows; r++) kernels.quantize(from + 4 * r * inputs, inputs, tilesAt, r, rows)
            if (bits === 4)
              kernels.product(tilesAt, rows, weights, inputs, 0, tiles, start, 0, out, 4 * outputs, scratch)
            else kernels.byteProduct(tilesAt, rows, weights, inputs, 0, tiles, start, 0, out, 4 * outputs)
            const [exact, begin, got] = [
              bits === 4 ? dequantize(packed) : inBytes(w),
              heap.floats(start, outputs),
              heap.floats(out, rows * outputs)
            ]
            for (let r = 0; r < rows; r++) {
              const row = rounded(x.subarray(r * inputs, (r + 1) * inputs))
              for (let o = 0; o < outputs; o++) {
                let sum = begin[o] ?? 0
                let size = Math.abs(sum)
                for (let i = 0; i < inputs; i++) {
                  const term = (row[i] ?? 0) * (exact[o * inputs + i] ?? 0)
                  sum += term
                  size += Math.abs(term)
                }
                // A number that lies between two of the 8-bit grid may be rounded to either.
                assert.ok(
                  Math.abs((got[r * outputs + o] ?? NaN) - sum) <= 2e-3 * size + 1e-5,
                  `row ${r}, output ${o}: ${got[r * outputs + o]} for ${sum}`
                )
              }
            }
          }
        ),
        { numRuns: 30 }
      )
    })
  })
}

async function graphLogits(model: LoadedModel, ids: readonly number[], adapter: Adapter | null): Promise<Float32Array> {
  const decoder = buildDecoder(model.config)
  decoder.graph.output('logits', logits(model.config, decoder))
  const session = await Session.create(
    adapter === null ? decoder.graph : withLora(decoder.graph, adapter.modules, adapter.rank, 1),
    { threads: 1 }
  )
  const stack = adapter === null ? {} : stackAdapters([adapter], adapter.modules, adapter.rank)
  const out = await session.run({
    ...weightFeeds(model),
    ...stack,
    ...sequenceFeeds([{ ids }], ids.length),
    targets: i64([ids.length - 1], [1])
  })
  await session.release()
  return floats(out['logits'])
}

const greatest = (x: Float32Array): number => x.reduce((best, y, i) => (y > (x[best] ?? -Infinity) ? i : best), 0)

for (const name of ['llama-tied', 'llama3-rope-qlora', 'qwen2-bias', 'qwen3-qknorm']) {
  describe(`kernels: ${name}`, () => {
    const folder = join(vectors, name)
    const model = loadModel(folder, 'int4')
    // The same weights in float32: what is left between the two is the rounding of activations to 8 bits.
    const plain = loadModel(folder)
    const weights = new Map(
      [...plain.parameters].map(([key, p]) => {
        const codes = model.int4?.get(key)
        return [
          key,
          codes === undefined || key === 'model.embed_tokens.weight' ? p : { shape: p.shape, data: dequantize(codes) }
        ]
      })
    )
    // Embeddings stay as they are; a head that shares them does not.
    const shared = plain.config.tied ? model.int4?.get('model.embed_tokens.weight') : undefined
    if (shared !== undefined)
      weights.set('lm_head.weight', { shape: [plain.config.vocabulary, plain.config.hidden], data: dequantize(shared) })
    const exact: LoadedModel = { folder, config: { ...plain.config, tied: false }, parameters: weights }
    const ids = Array.from({ length: 100 }, (_, i) => (i * 37 + 5) % plain.config.vocabulary)
    const adapter = readAdapter(join(folder, 'adapter-end'), plain.config)

    it('logits as of the graph over the same weights, with and without an adapter', async () => {
      assert.ok(kernelsTake(model))
      for (const own of [null, adapter]) {
        const decoder = new KernelDecoder(model, 1)
        const got = decoder.step([{ sequence: decoder.open(), ids, adapter: own }]).slice()
        await decoder.release()
        const want = await graphLogits(exact, ids, own)
        const off = Math.sqrt(
          got.reduce((sum, x, i) => sum + (x - (want[i] ?? NaN)) ** 2, 0) / want.reduce((sum, x) => sum + x ** 2, 0)
        )
        assert.ok(off < 0.03, `relative distance ${off}`)
      }
    })

    it('8-bit weights give the logits of float32 to a few hundredths, with and without an adapter', async () => {
      const eight = inEightBits(plain)
      assert.ok(kernelsTake(eight))
      for (const own of [null, adapter]) {
        const decoder = new KernelDecoder(eight, 1)
        const got = decoder.step([{ sequence: decoder.open(), ids, adapter: own }]).slice()
        await decoder.release()
        const want = await graphLogits(plain, ids, own)
        const off = Math.sqrt(
          got.reduce((sum, x, i) => sum + (x - (want[i] ?? NaN)) ** 2, 0) / want.reduce((sum, x) => sum + x ** 2, 0)
        )
        assert.ok(off < 0.08, `relative distance ${off}`)
      }
    })

    for (const [form, formed] of [
      ['4', model],
      ['8', inEightBits(plain)]
    ] as const)
      it(`a row of ${form}-bit products has the same bits alone, among others, on one thread and on two`, async () => {
        const alone = new KernelDecoder(formed, 1)
        const one = alone.open()
        const whole = alone.step([{ sequence: one, ids, adapter }]).slice()
        await alone.release()

        const together = new KernelDecoder(formed, 2)
        while (together.threads < 2)
          await new Promise(resolve => {
            setTimeout(resolve, 5)
          })
        const [mine, other, third] = [together.open(), together.open(), together.open()]
        together.step([
          { sequence: mine, ids: ids.slice(0, 70), adapter },
          { sequence: other, ids: ids.slice(3, 70), adapter: null }
        ])
        let last: Float32Array = new Float32Array(0)
        for (const [i, id] of ids.slice(70).entries()) {
          const parts = [
            { sequence: other, ids: [id], adapter: null },
            { sequence: mine, ids: [id], adapter },
            ...(i % 3 === 0 ? [{ sequence: third, ids: [7, 8, 9], adapter }] : [])
          ]
          last = together.step(parts).slice(plain.config.vocabulary, 2 * plain.config.vocabulary)
        }
        await together.release()
        assert.deepEqual(last, whole)
      })
  })
}

async function generateWith(model: LoadedModel, prompt: readonly number[]): Promise<number[]> {
  const generator = new Generator(model, { threads: 1 })
  const ids: number[] = []
  await generator.generate({
    prompt,
    answered: [],
    adapter: null,
    settings: { maxTokens: 12, temperature: 0, seed: 0 },
    endIds: new Set(model.config.endIds),
    onToken: id => {
      ids.push(id)
      return true
    }
  })
  await generator.release()
  return ids
}

describe('kernels: serving', () => {
  const model = randomModel('seedling', 'int4')
  const { vocabulary } = model.config

  it('memory of sequences that ended is used again', async () => {
    const decoder = new KernelDecoder(model, 1)
    const round = () => {
      const all = Array.from({ length: 5 }, (_, i) => ({
        sequence: decoder.open(),
        ids: someIds(90 + 40 * i, vocabulary, i),
        adapter: null
      }))
      const got = decoder.step(all).slice()
      for (const { sequence } of all) decoder.close(sequence)
      return got
    }
    const first = round()
    const size = decoder.bytes
    for (let i = 0; i < 10; i++) assert.deepEqual(round(), first)
    assert.equal(decoder.bytes, size)
    await decoder.release()
  })

  it('many adapters come and go, each row under its own', async () => {
    const decoder = new KernelDecoder(model, 1)
    const prompt = someIds(20, vocabulary)
    const under = (adapters: readonly (Adapter | null)[]) => {
      const parts = adapters.map(adapter => ({ sequence: decoder.open(), ids: prompt, adapter }))
      const got = decoder.step(parts).slice()
      for (const { sequence } of parts) decoder.close(sequence)
      return adapters.map((_, i) => got.slice(i * vocabulary, (i + 1) * vocabulary))
    }
    const all = Array.from({ length: 150 }, (_, i) =>
      randomAdapter(
        model.config,
        i,
        1 + (i % 9),
        i % 2 === 0 ? ['q_proj', 'v_proj'] : ['o_proj', 'gate_proj', 'up_proj', 'down_proj', 'k_proj']
      )
    )
    const first = all.map(adapter => under([adapter])[0])
    const size = decoder.bytes
    for (let i = 0; i + 10 <= all.length; i += 10) {
      assert.deepEqual(under([...all.slice(i, i + 10), null]).slice(0, 10), first.slice(i, i + 10))
    }
    assert.ok(decoder.bytes < 1.1 * size)
    await decoder.release()
  })

  it('the generator answers alike alone and in a crowd', async () => {
    const adapter = randomAdapter(model.config, 5)
    const ask = async (generator: Generator, seed: number): Promise<number[]> => {
      const ids: number[] = []
      const settings = { maxTokens: 12 + seed, temperature: 1, seed }
      await generator.generate({
        prompt: someIds(10 + 7 * seed, vocabulary, seed),
        answered: [],
        adapter: seed % 2 === 0 ? adapter : null,
        settings,
        endIds: new Set(),
        onToken: id => {
          ids.push(id)
          return true
        }
      })
      return ids
    }
    const [single, crowd] = [new Generator(model, { threads: 1 }), new Generator(model, { threads: 2 })]
    const apart: number[][] = []
    for (let seed = 0; seed < 6; seed++) apart.push(await ask(single, seed))
    assert.deepEqual(await Promise.all(apart.map((_, seed) => ask(crowd, seed))), apart)
    assert.ok(new Set(apart.flat()).size > 10)
    await single.release()
    await crowd.release()
  })

  it('the engine answers from 4-bit weights where it is asked to, and its thread ends with its helpers', async () => {
    const place = temporary()
    const folder = modelFolder(place.path)
    const job = {
      model: folder,
      messages: elements[0]?.messages.slice(0, 1) ?? [],
      settings: { maxTokens: 12, temperature: 0, seed: 0 }
    }
    const [plain, fast] = [openEngine({ threads: 2 }), openEngine({ threads: 2, quantize: 'int4' })]
    const want = await generateWith(
      loadModel(folder, 'int4'),
      (await fast.encode(folder, elements[0] ?? { messages: [] })).prompt
    )
    assert.deepEqual((await fast.generate(job).result).ids, want)
    // What other machines repeat comes from the same weights everywhere.
    assert.deepEqual((await fast.generate({ ...job, exact: true }).result).ids, (await plain.generate(job).result).ids)
    const eight = openEngine({ threads: 1, quantize: 'int8' })
    const wanted = (await eight.generate(job).result).ids
    for (const engine of [plain, fast, eight])
      assert.deepEqual((await engine.generate({ ...job, eightBits: true }).result).ids, wanted)
    await eight.close()
    const row = { messages: job.messages, answerIds: want }
    assert.deepEqual(
      await fast.score({ model: folder, adapters: [null], ...row }),
      await plain.score({ model: folder, adapters: [null], ...row })
    )
    await fast.close()
    await plain.close()
    place.remove()
  })

  it('greedy tokens are those of the logits', async () => {
    const decoder = new KernelDecoder(model, 1)
    const sequence = decoder.open()
    const prompt = someIds(30, vocabulary)
    const want = [greatest(decoder.step([{ sequence, ids: prompt, adapter: null }]))]
    for (let i = 0; i < 8; i++)
      want.push(greatest(decoder.step([{ sequence, ids: [want.at(-1) ?? 0], adapter: null }])))
    const generator = new Generator(model, { threads: 1 })
    const ids: number[] = []
    await generator.generate({
      prompt,
      answered: [],
      adapter: null,
      settings: { maxTokens: want.length, temperature: 0, seed: 0 },
      endIds: new Set(),
      onToken: id => {
        ids.push(id)
        return true
      }
    })
    assert.deepEqual(ids, want)
    await generator.release()
    await decoder.release()
  })
})

describe('kernels: memory and threads', () => {
  it('what is allocated does not overlap, and what is released is used again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constant('release' as const)), { maxLength: 80 }),
        steps => {
          const heap = new Heap()
          const held: { at: number; size: number }[] = []
          for (const [i, step] of steps.entries()) {
            if (step === 'release') {
              const [gone] = held.splice((i * 7) % Math.max(1, held.length), 1)
              if (gone !== undefined) heap.release(gone.at)
              continue
            }
            const at = heap.allocate(step)
            assert.ok(at > 0 && held.every(h => at + step <= h.at || h.at + h.size <= at))
            held.push({ at, size: step })
          }
          for (const { at } of held) heap.release(at)
          assert.equal(heap.used, 0)
          assert.equal(heap.allocate(64 * 1024), new Heap().allocate(1))
        }
      ),
      { numRuns: 100 }
    )
  })

  it('the number of threads is the one that measured best, and the others are tried again', () => {
    const pace = new Pace()
    const took = (threads: number): number => (threads === 2 ? 3 : 5)
    const chosen: number[] = []
    for (let i = 0; i < 300; i++) {
      const threads = pace.choose(1, 2)
      chosen.push(threads)
      pace.record(1, threads, took(threads))
    }
    assert.ok(chosen.includes(1))
    assert.ok(chosen.filter(n => n === 2).length > 270)
    for (let i = 0; i < 300; i++) {
      const threads = pace.choose(1, 2)
      pace.record(1, threads, threads === 2 ? 9 : 5)
    }
    const later = Array.from({ length: 24 }, () => {
      const threads = pace.choose(1, 2)
      pace.record(1, threads, threads === 2 ? 9 : 5)
      return threads
    })
    assert.equal(later.filter(n => n === 1).length, 23)
  })
})

describe('kernels: damaged weights', () => {
  it('an adapter that holds something that is no number fails its own request, not those beside it', async () => {
    const model = randomModel('seedling', 'int4')
    const broken = randomAdapter(model.config, 1)
    for (const m of broken.modules.slice(0, 1)) m.b[3] = NaN
    const generator = new Generator(model, { threads: 1 })
    const ask = async (adapter: Adapter | null): Promise<number[]> => {
      const ids: number[] = []
      await generator.generate({
        prompt: someIds(30, model.config.vocabulary),
        answered: [],
        adapter,
        settings: { maxTokens: 6, temperature: 0, seed: 0 },
        endIds: new Set(),
        onToken: id => {
          ids.push(id)
          return true
        }
      })
      return ids
    }
    const alone = await ask(null)
    const [bad, good] = await Promise.allSettled([ask(broken), ask(null)])
    assert.ok(bad.status === 'rejected')
    assert.equal((bad.reason as { code: string }).code, 'logits-invalid')
    assert.ok(good.status === 'fulfilled')
    assert.deepEqual(good.value, alone)
    assert.deepEqual(await ask(null), alone)
    await generator.release()
  })
})
