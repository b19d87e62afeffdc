import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { adapterScale, readAdapter, stackAdapters, withLora, type Adapter } from '../../node/engine/adapters/index.ts'
import { floats, i64, Session } from '../../node/engine/graph/index.ts'
import {
  buildDecoder,
  fitGraph,
  loadModel,
  weightFeeds,
  logits,
  type LoadedModel
} from '../../node/engine/architecture/index.ts'
import {
  labelled,
  LoraGraph,
  memberState,
  planInOrder,
  sequenceFeeds,
  trainAdapters
} from '../../node/engine/train/index.ts'
import { Generator } from '../../node/engine/serve/index.ts'
import type { TrainRow } from '../../node/engine/types.ts'
import { provider } from './provider.ts'

const vectors = join(import.meta.dirname, '../vectors/parity')
const threads = 1

interface Golden {
  forward: { ids: number[]; logits_first_row: number[]; logits_last_row: number[] }
  nf4?: { tensor: string; first_codes: number[]; first_absmax: number[] }
  quantized_forward?: { ids: number[]; logits_last_row: number[] }
  greedy: { prompt: number[]; tokens: number[] }
  adapter_forward: { ids: number[]; logits_last_row: number[] }
  trained_forward: { ids: number[]; logits_last_row: number[] }
  examples: { ids: number[][]; labels: number[][] }
  per_example: { loss: number[]; grad_dot: number[][] }
  train: {
    batch: number
    steps: number
    loss: number[]
    optimizer: { lr: number; beta1: number; beta2: number; eps: number; weight_decay: number }
  }
}

function far(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length)
  return Array.from({ length: a.length }, (_, i) => Math.abs((a[i] ?? NaN) - (b[i] ?? NaN))).reduce(
    (x, y) => Math.max(x, y),
    0
  )
}

async function logitsOf(
  model: LoadedModel,
  ids: readonly number[],
  at: readonly number[],
  adapter?: Adapter
): Promise<Float32Array> {
  const decoder = buildDecoder(model.config)
  decoder.graph.output('logits', logits(model.config, decoder))
  const graph = adapter === undefined ? decoder.graph : withLora(decoder.graph, adapter.modules, adapter.rank, 1)
  const session = await Session.create(fitGraph(model, graph), { threads, provider })
  const stack = adapter === undefined ? {} : stackAdapters([adapter], adapter.modules, adapter.rank)
  const out = await session.run({
    ...weightFeeds(model),
    ...stack,
    ...sequenceFeeds([{ ids }], ids.length),
    targets: i64(at, [at.length])
  })
  await session.release()
  return floats(out['logits'])
}

for (const name of ['llama-tied', 'llama3-rope-qlora', 'qwen2-bias', 'qwen3-qknorm']) {
  describe(`parity with PyTorch on ${provider}: ${name}`, () => {
    const folder = join(vectors, name)
    const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden
    const base = loadModel(folder)
    // Adapters of the QLoRA case live on the quantised base.
    const model = golden.nf4 === undefined ? base : loadModel(folder, 'nf4')
    const start = readAdapter(join(folder, 'adapter-start'), model.config)
    const end = readAdapter(join(folder, 'adapter-end'), model.config)
    const rows: TrainRow[] = golden.examples.ids.map((ids, i) => ({ ids, labels: golden.examples.labels[i] ?? [] }))
    const graphOf = (checkpointing = false) =>
      LoraGraph.create(model, start.modules, start.rank, adapterScale(start), { threads, provider }, { checkpointing })

    it('forward: logits of the first and last position', async () => {
      const { ids, logits_first_row, logits_last_row } = golden.forward
      const out = await logitsOf(base, ids, [0, ids.length - 1])
      assert.ok(far(out.subarray(0, logits_first_row.length), logits_first_row) < 2e-4)
      assert.ok(far(out.subarray(logits_first_row.length), logits_last_row) < 2e-4)
    })

    it('greedy generation, token by token over the cache', async () => {
      const generator = new Generator(base, { threads, provider })
      const tokens: number[] = []
      const { prompt, tokens: expected } = golden.greedy
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

    const { nf4, quantized_forward: quantizedForward } = golden
    if (nf4 !== undefined && quantizedForward !== undefined) {
      it('NF4: codes, block maxima, and the forward pass over them', async () => {
        const tensor = model.quantized?.get(nf4.tensor)
        const codes = [...(tensor?.codes.subarray(0, nf4.first_codes.length / 2) ?? [])].flatMap(byte => [
          byte >> 4,
          byte & 15
        ])
        assert.deepEqual(codes, nf4.first_codes)
        assert.ok(far(tensor?.maxima.subarray(0, nf4.first_absmax.length) ?? [], nf4.first_absmax.flat()) < 1e-7)
        const { ids, logits_last_row } = quantizedForward
        assert.ok(far(await logitsOf(model, ids, [ids.length - 1]), logits_last_row) < 2e-4)
      })
    }

    it('forward with the adapter, before and after training', async () => {
      for (const [adapter, expected] of [
        [start, golden.adapter_forward],
        [end, golden.trained_forward]
      ] as const) {
        const out = await logitsOf(model, expected.ids, [expected.ids.length - 1], adapter)
        assert.ok(far(out, expected.logits_last_row) < 2e-4)
      }
    })

    for (const checkpointing of [false, true])
      it(`loss and gradient of each example${checkpointing ? ', layer by layer' : ''}`, async () => {
        const graph = await graphOf(checkpointing)
        // Every example is a member of its own with the same adapter: all twelve gradients in one run.
        const states = rows.map((_, k) => memberState(start, k, false))
        const sums = new Map<number, Float32Array[]>()
        const units = rows.map((row, member) => ({ member, rows: [row], bins: [[row]], weight: 1 / labelled(row) }))
        const { losses } = await graph.run({ units, binsPerUnit: 1, time: 24 }, states, sums)
        await graph.release()
        assert.ok(far(losses, golden.per_example.loss) < 1e-4)
        const flat = rows.map((_, k) => (sums.get(k) ?? []).flatMap(part => [...part]))
        const largest = Math.max(...golden.per_example.grad_dot.flat().map(Math.abs))
        const dots = flat.map(a => flat.map(b => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0)))
        assert.ok(far(dots.flat(), golden.per_example.grad_dot.flat()) < 1e-3 * largest)
      })

    it('18 AdamW steps: the loss of each, and the adapter at the end', async () => {
      const graph = await graphOf()
      const { optimizer: o, batch, steps, loss } = golden.train
      const [result] = await trainAdapters({
        graph,
        members: [{ start, rows, plan: planInOrder(rows.length, steps, batch) }],
        lr: o.lr,
        schedule: 'constant',
        warmupRatio: 0,
        optimizer: { beta1: o.beta1, beta2: o.beta2, epsilon: o.eps, weightDecay: o.weight_decay },
        clip: 0,
        ema: 0,
        tokensPerPass: 4096,
        identity: 'parity'
      })
      await graph.release()
      assert.ok(result !== undefined)
      assert.ok(far(result.losses, loss) < 1e-4)
      let [off, size] = [0, 0]
      result.adapter.modules.forEach((m, i) => {
        for (const part of ['a', 'b'] as const) {
          m[part].forEach((x, j) => {
            const y = end.modules[i]?.[part][j] ?? NaN
            off += (x - y) ** 2
            size += y ** 2
          })
        }
      })
      assert.ok(Math.sqrt(off / size) < 1e-3, `relative distance ${Math.sqrt(off / size)}`)
    })
  })
}
