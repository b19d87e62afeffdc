import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { adapterScale, newAdapter, type Adapter } from '../../node/engine/adapters/index.ts'
import { loadModel, parameterSpecs, quantizedNames, type LoadedModel } from '../../node/engine/architecture/index.ts'
import {
  generateFrom,
  llamaConfig,
  Random,
  rowGradients,
  scoreIds,
  tuneDefaults,
  tuneExamples
} from '../../node/engine/index.ts'
import { dequantizeNf4, singly, writeSafetensors } from '../../node/engine/weights/index.ts'
import { labelled, LoraGraph, memberState } from '../../node/engine/train/index.ts'
import { baseBytes, temporary, vectors } from './fixture.ts'

const path = join(vectors, 'llama3-rope-qlora')
const ids = [[5, 9, 200, 31, 7, 7, 450, 12]]
const rows = Array.from({ length: 4 }, (_, k) => ({
  ids: Array.from({ length: 12 }, (_, t) => 3 + ((k * 97 + t * 31) % 500)),
  labels: Array.from({ length: 12 }, (_, t) => (t < 4 ? -100 : 3 + ((k * 97 + t * 31) % 500)))
}))

/** The weights that a quantised model stands for, as a model in float32. */
function unpacked(model: LoadedModel): LoadedModel {
  const { quantized, ...rest } = model
  const shapes = new Map(parameterSpecs(model.config).map(({ name, shape }) => [name, shape]))
  const parameters = new Map(model.parameters)
  for (const [name, tensor] of quantized ?? []) {
    const once = 'scales' in tensor ? singly(tensor, tensor.codes.length / 32) : tensor
    parameters.set(name, { shape: shapes.get(name) ?? [], data: dequantizeNf4(once) })
  }
  return { ...rest, parameters }
}

async function gradientsOf(model: LoadedModel, adapter: Adapter, checkpointing: boolean): Promise<number[][]> {
  const graph = await LoraGraph.create(
    model,
    adapter.modules,
    adapter.rank,
    adapterScale(adapter),
    { threads: 1 },
    { checkpointing }
  )
  const out: number[][] = []
  for (const row of rows) {
    const sums = new Map<number, Float32Array[]>()
    await graph.run(
      { units: [{ member: 0, rows: [row], bins: [[row]], weight: 1 / labelled(row) }], binsPerUnit: 1, time: 16 },
      [memberState(adapter, 0, false)],
      sums
    )
    out.push((sums.get(0) ?? []).flatMap(part => [...part]))
  }
  await graph.release()
  return out
}

describe('QLoRA', () => {
  const folder = temporary()
  after(() => folder.remove())

  for (const form of ['nf4', 'nf4-double'] as const) {
    it(`${form}: gradients are exactly those through the dequantised weights, also layer by layer`, async () => {
      const model = loadModel(path, form)
      const adapter = newAdapter(
        model.config,
        { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj', 'down_proj'], dropout: 0 },
        3
      )
      const random = new Random(4)
      for (const m of adapter.modules)
        m.b.forEach((_, i) => {
          m.b[i] = 0.1 * random.normal()
        })
      const expected = await gradientsOf(unpacked(model), adapter, false)
      const largest = Math.max(...expected.flat().map(Math.abs))
      for (const checkpointing of [false, true]) {
        const found = await gradientsOf(model, adapter, checkpointing)
        found.forEach((own, k) =>
          own.forEach((x, i) =>
            assert.ok(Math.abs(x - (expected[k]?.[i] ?? NaN)) < 2e-5 * largest, `${x} for ${expected[k]?.[i]}`)
          )
        )
      }
    })
  }

  it('double quantisation is close to single, not the same; it serves, scores, trains, gives gradients', async () => {
    const runtime = { threads: 1 }
    const [once, twice] = [
      await scoreIds({ model: path, quantize: 'nf4', ids, runtime }),
      await scoreIds({ model: path, quantize: 'nf4-double', ids, runtime })
    ]
    const off = (once.logitsLast[0] ?? []).map((x, i) => Math.abs(x - (twice.logitsLast[0]?.[i] ?? NaN)))
    assert.ok(Math.max(...off) > 1e-5 && Math.max(...off) < 0.1, `${Math.max(...off)}`)
    const settings = {
      ...tuneDefaults,
      method: 'qlora' as const,
      doubleQuantization: true,
      steps: 12,
      batch: 4,
      accumulation: 1,
      lr: 1e-2
    }
    const { losses } = await tuneExamples({ model: path, rows, settings, output: join(folder.path, 'tuned'), runtime })
    assert.ok((losses.at(-1) ?? 9) < (losses[0] ?? 0) - 0.5)
    const { gradDot } = await rowGradients({
      model: path,
      adapter: join(folder.path, 'tuned'),
      quantize: 'nf4-double',
      rows,
      runtime
    })
    assert.ok(gradDot.every((row, i) => (row[i] ?? 0) > 0))
    assert.equal(
      (
        await generateFrom({
          model: path,
          adapter: join(folder.path, 'tuned'),
          quantize: 'nf4-double',
          prompt: [5, 6],
          settings: { maxTokens: 4, temperature: 0, seed: 0 },
          ignoreEnd: true,
          runtime
        })
      ).tokens.length,
      4
    )
    await assert.rejects(
      tuneExamples({
        model: path,
        rows,
        settings: { ...settings, method: 'lora' },
        output: join(folder.path, 'x'),
        runtime
      }),
      { code: 'tune-settings' }
    )
  })

  it('no projection of a quantised model is in memory as float32', () => {
    for (const form of ['nf4', 'nf4-double'] as const) {
      const model = loadModel(path, form)
      const names = quantizedNames(model.config)
      assert.deepEqual(new Set(model.quantized?.keys()), names)
      for (const name of names) assert.ok(!model.parameters.has(name))
    }
  })

  it('memory of the base while training, measured: at most 0.6 bytes a quantised weight', function () {
    this.timeout(400_000)
    const shape = { vocabulary: 512, hidden: 768, intermediate: 2048, heads: 8, keyHeads: 8, context: 64 }
    /** A model of that many layers; only their projections grow with them. */
    const written = (layers: number): { path: string; weights: number } => {
      const at = join(folder.path, String(layers))
      mkdirSync(at)
      const { config, json } = llamaConfig({ ...shape, layers })
      writeFileSync(join(at, 'config.json'), JSON.stringify(json))
      const random = new Random(1)
      const pool = Float32Array.from(
        { length: shape.hidden * shape.intermediate },
        () => 0.04 * (random.uniform() - 0.5)
      )
      writeSafetensors(
        join(at, 'model.safetensors'),
        parameterSpecs(config).map(({ name, shape: dims }) => ({
          name,
          shape: dims,
          data: pool.subarray(
            0,
            dims.reduce((a, b) => a * b, 1)
          )
        })),
        'BF16'
      )
      const names = quantizedNames(config)
      return {
        path: at,
        weights: parameterSpecs(config)
          .filter(({ name }) => names.has(name))
          .reduce((n, { shape: dims }) => n + dims.reduce((a, b) => a * b, 1), 0)
      }
    }
    const child = join(import.meta.dirname, 'base-memory.ts')
    interface Measured {
      resident: number
      held: number
    }
    const measure = (at: string, form: string) =>
      JSON.parse(execFileSync(process.execPath, ['--expose-gc', child, at, form], { encoding: 'utf8' })) as Measured
    const [small, large] = [written(2), written(8)]
    const weights = large.weights - small.weights
    const forms = ['none', 'nf4', 'nf4-double'] as const
    type Found = Record<(typeof forms)[number], { small: Measured; large: Measured }>
    /** The least of several measurements: what else a process holds, by the system's doing, only adds. */
    const measured = (before?: Found): Found => {
      const least = (path: string, form: string, known?: Measured): Measured => {
        const { held, resident } = measure(path, form)
        return { held, resident: Math.min(resident, known?.resident ?? Infinity) }
      }
      const entries = forms.map(form => [
        form,
        {
          small: least(small.path, form, before?.[form].small),
          large: least(large.path, form, before?.[form].large)
        }
      ])
      return Object.fromEntries(entries) as Found
    }
    /**
     * Bytes a weight, of the buffers that are held and of what the process is larger by: between the two depths, so
     * that nothing counts that is there anyway.
     */
    const judge = (found: Found): void => {
      const perWeight = (form: (typeof forms)[number], what: keyof Measured): number =>
        (found[form].large[what] - found[form].small[what]) / weights
      const tolerance = 0.1
      assert.ok(
        Math.abs(perWeight('none', 'held') - 4) < 0.02 && Math.abs(perWeight('none', 'resident') - 4) < 4 * tolerance
      )
      for (const [form, held] of [
        ['nf4', 0.5625],
        ['nf4-double', 0.516]
      ] as const) {
        assert.ok(Math.abs(perWeight(form, 'held') - held) < 0.005, `${perWeight(form, 'held')} bytes held`)
        assert.ok(perWeight(form, 'resident') <= 0.6 + tolerance, `${perWeight(form, 'resident')} bytes resident`)
        // Against the process with the float32 base: what is spared, less what dequantising takes for a moment at any
        // depth.
        const spared = found.none.large.resident - found[form].large.resident
        assert.ok(spared >= (4 - 0.6) * large.weights - 64e6, `${spared} bytes spared`)
      }
    }
    let found = measured()
    for (let times = 1; ; times++) {
      try {
        judge(found)
        break
      } catch (error) {
        if (times === 3) throw error
        found = measured(found)
      }
    }
    assert.ok(baseBytes(loadModel(small.path, 'nf4-double')) < baseBytes(loadModel(small.path, 'nf4')))
  })
})
