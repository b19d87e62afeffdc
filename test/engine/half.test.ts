import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { adapterScale, readAdapter } from '../../node/engine/adapters/index.ts'
import { halved, productNames, headName, loadModel } from '../../node/engine/architecture/index.ts'
import { emit, f32, Graph, optimize } from '../../node/engine/graph/index.ts'
import { Generator } from '../../node/engine/serve/index.ts'
import { labelled, LoraGraph, memberState } from '../../node/engine/train/index.ts'
import { fromFloat16, Random } from '../../node/engine/weights/index.ts'
import { roundToFloat16 } from '../../node/engine/weights/half.ts'
import { vectors } from './fixture.ts'

// The CPU runs these graphs by converting: the numbers are those of float16 factors, with sums in float32.

describe('float16', () => {
  it('rounds as the language does, subnormals and overflow included', () => {
    const round = (Math as unknown as { f16round(this: void, x: number): number }).f16round
    const random = new Random(3)
    const drawn = Array.from({ length: 20_000 }, () => random.normal() * 10 ** (20 * random.uniform() - 12))
    const values = Float32Array.from([
      0,
      -0,
      1,
      65504,
      65519.99,
      65520,
      1e6,
      -1e6,
      Infinity,
      2 ** -24,
      2 ** -25,
      1.5 * 2 ** -25,
      2 ** -14,
      2 ** -14 - 2 ** -26,
      2049,
      2051,
      ...drawn
    ])
    const got = fromFloat16(roundToFloat16(values))
    values.forEach((x, i) => assert.ok(Object.is(got[i], round(x)), `${x} became ${got[i]}, not ${round(x)}`))
    assert.ok(Number.isNaN(fromFloat16(roundToFloat16(Float32Array.of(NaN)))[0]))
  })

  /** y = x wᵀ, or x w, as it is emitted for a provider, run on the CPU: only operators of the standard are in it. */
  async function product(provider: 'cpu' | 'webgpu', transB: boolean, inner: number, factor: number): Promise<number> {
    const random = new Random(inner)
    const [rows, columns] = [3, 8]
    const xs = Float32Array.from({ length: rows * inner }, (_, i) => random.normal() * factor ** Math.floor(i / inner))
    const ws = Float32Array.from({ length: inner * columns }, () => 0.1 * random.normal())
    const shape = transB ? [columns, inner] : [inner, columns]
    const g = new Graph()
    g.output('y', g.halfMatmul(g.input('x', 'float32', ['M', inner]), g.input('w', 'float16', shape), transB))
    const bits = roundToFloat16(ws)
    const session = await ort.InferenceSession.create(emit(optimize(g), new Map([['w', bits.byteLength]]), provider), {
      externalData: [{ path: 'w', data: new Uint8Array(bits.buffer) }],
      logSeverityLevel: 3
    })
    const y = (await session.run({ x: f32(xs, [rows, inner]) }))['y']?.data as Float32Array
    await session.release()
    const exact = fromFloat16(bits)
    let worst = 0
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let [sum, size] = [0, 0]
        for (let i = 0; i < inner; i++) {
          const term = (xs[r * inner + i] ?? 0) * (exact[transB ? c * inner + i : i * columns + c] ?? 0)
          sum += term
          size += term ** 2
        }
        worst = Math.max(worst, Math.abs((y[r * columns + c] ?? NaN) - sum) / Math.sqrt(size))
      }
    }
    return worst
  }

  it('products are right to rounding, in one sum and in parts, for rows that float16 cannot hold', async () => {
    for (const provider of ['cpu', 'webgpu'] as const) {
      for (const transB of [true, false]) {
        for (const [inner, factor] of [
          [64, 1],
          [576, 1],
          [1536, 1e6],
          [1000, 1e-9]
        ] as const) {
          const off = await product(provider, transB, inner, factor)
          assert.ok(off < 2e-3, `${provider} ${transB} ${inner} ${factor}: ${off}`)
        }
      }
    }
  })

  for (const name of ['llama-tied', 'qwen2-bias', 'qwen3-qknorm']) {
    const folder = join(vectors, name)
    const model = loadModel(folder)
    const half = halved(model)

    it(`${name}: the projections at half the memory, and the head in both forms`, () => {
      const bytes = (m: typeof model) =>
        [...m.parameters].reduce((n, [, { data }]) => n + data.byteLength, 0) +
        [...(m.half?.values() ?? [])].reduce((n, { bits }) => n + bits.byteLength, 0)
      const size = (names: Iterable<string>) =>
        [...names].reduce((n, key) => n + (model.parameters.get(key)?.data.byteLength ?? NaN), 0)
      const head = headName(model.config)
      const projected = [...productNames(model.config)].filter(key => key !== head)
      assert.equal(bytes(half), bytes(model) - size(projected) / 2 + size([head]) / 2)
    })

    it(`${name}: generates what float32 does where the likeliest token is clear`, async () => {
      const { prompt, tokens: expected } = (
        JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as {
          greedy: { prompt: number[]; tokens: number[] }
        }
      ).greedy
      const generator = new Generator(half, { threads: 1 })
      const tokens: number[] = []
      await generator.generate({
        prompt,
        answered: [],
        adapter: null,
        settings: { maxTokens: expected.length, temperature: 0, seed: 0 },
        endIds: new Set(),
        onToken: id => {
          tokens.push(id)
          return true
        }
      })
      await generator.release()
      assert.deepEqual(tokens, expected)
    })

    it(`${name}: losses and gradients of an adapter over it`, async () => {
      const adapter = readAdapter(join(folder, 'adapter-end'), model.config)
      const { examples } = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as {
        examples: { ids: number[][]; labels: number[][] }
      }
      const row = { ids: examples.ids[0] ?? [], labels: examples.labels[0] ?? [] }
      const run = async (base: typeof model) => {
        const graph = await LoraGraph.create(base, adapter.modules, adapter.rank, adapterScale(adapter), { threads: 1 })
        const sums = new Map<number, Float32Array[]>()
        const { losses } = await graph.run(
          {
            units: [{ member: 0, rows: [row], bins: [[row]], weight: 1 / labelled(row) }],
            binsPerUnit: 1,
            time: row.ids.length
          },
          [memberState(adapter, 0, false)],
          sums
        )
        await graph.release()
        return { loss: losses[0] ?? NaN, gradient: (sums.get(0) ?? []).flatMap(part => [...part]) }
      }
      const [exact, near] = [await run(model), await run(half)]
      assert.notEqual(near.loss, exact.loss, 'nothing was rounded')
      assert.ok(Math.abs(near.loss - exact.loss) < 5e-3, `${near.loss} for ${exact.loss}`)
      const off = Math.sqrt(
        near.gradient.reduce((n, x, i) => n + (x - (exact.gradient[i] ?? NaN)) ** 2, 0) /
          exact.gradient.reduce((n, x) => n + x * x, 0)
      )
      assert.ok(off < 1e-2, `gradients are ${off} apart`)
    })
  }
})
