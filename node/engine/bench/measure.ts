import { adapterScale, type Adapter } from '../adapters/index.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { answerRow, Generator, Scorer } from '../serve/index.ts'
import { LoraGraph, planInOrder, trainAdapters } from '../train/index.ts'
import type { TrainRow } from '../types.ts'
import { randomAdapter, randomModel, someIds, type ShapeName } from './shapes.ts'

export interface Throughput {
  readonly tokensPerSecond: number
}

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

const median = (x: readonly number[]): number => x.toSorted((a, b) => a - b)[Math.floor(x.length / 2)] ?? NaN
const rate = (tokens: number, time: number): Throughput => ({ tokensPerSecond: Math.round((10 * tokens) / time) / 10 })

/** LoRA steps (forward, backward, AdamW) of r=8 on q and v: the median of five after one to warm up. */
export async function measureTrain(
  shape: ShapeName,
  runtime: RuntimeOptions,
  batch: number,
  seq: number
): Promise<Throughput & { batch: number; seq: number; peakRssMb: number }> {
  const model = randomModel(shape, 'float32')
  const start = randomAdapter(model.config, 1)
  const rows: TrainRow[] = Array.from({ length: batch }, (_, r) => {
    const ids = someIds(seq + 1, model.config.vocabulary, r)
    return { ids: ids.slice(0, seq), labels: ids.slice(0, seq) }
  })
  const graph = await LoraGraph.create(model, start.modules, start.rank, adapterScale(start), runtime)
  const times: number[] = []
  let last = performance.now()
  await trainAdapters({
    graph,
    members: [{ start, rows, plan: planInOrder(batch, 6, batch) }],
    lr: 1e-4,
    schedule: 'constant',
    warmupRatio: 0,
    clip: 0,
    ema: 0,
    tokensPerPass: batch * seq,
    identity: 'bench',
    onProgress: () => {
      times.push((performance.now() - last) / 1000)
      last = performance.now()
    }
  })
  await graph.release()
  return {
    batch,
    seq,
    ...rate(batch * seq, median(times.slice(1))),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024)
  }
}

const greedy = (maxTokens: number) => ({ maxTokens, temperature: 0, seed: 0 })

/** Prompt tokens a second at 512, int4 weights. */
export async function measurePrefill(
  shape: ShapeName,
  runtime: RuntimeOptions
): Promise<Throughput & { tokens: number }> {
  const model = randomModel(shape, 'int4')
  const generator = new Generator(model, runtime)
  const run = () => generate(generator, someIds(512, model.config.vocabulary), 1, null)
  for (let warm = 0; warm < 5; warm++) await run() // the number of threads settles after a few steps
  const times = [await seconds(run), await seconds(run), await seconds(run)]
  await generator.release()
  return { tokens: 512, ...rate(512, median(times)) }
}

/** Tokens a second after a 64-token prompt, batch 1, int4 weights, prompt not counted. */
export async function measureDecode(shape: ShapeName, runtime: RuntimeOptions): Promise<Throughput> {
  const model = randomModel(shape, 'int4')
  const generator = new Generator(model, runtime)
  const prompt = someIds(64, model.config.vocabulary)
  await generate(generator, prompt, 16, null)
  const prefill = await seconds(() => generate(generator, prompt, 1, null))
  const whole = await seconds(() => generate(generator, prompt, 129, null))
  await generator.release()
  return rate(128, whole - prefill)
}

/** Tokens a second of eight sequences together: with one adapter, and with eight. */
export async function measureBatch(
  shape: ShapeName,
  runtime: RuntimeOptions
): Promise<{ sameAdapter: Throughput; differentAdapters: Throughput }> {
  const model = randomModel(shape, 'int4')
  const generator = new Generator(model, runtime)
  const adapters = Array.from({ length: 8 }, (_, i) => randomAdapter(model.config, i))
  const run = async (choice: readonly (Adapter | undefined)[]): Promise<Throughput> => {
    const all = (tokens: number) =>
      Promise.all(
        choice.map((adapter, i) =>
          generate(generator, someIds(64, model.config.vocabulary, i), tokens, adapter ?? null)
        )
      )
    await all(10)
    const start = await seconds(() => all(1))
    return rate(8 * 48, (await seconds(() => all(49))) - start)
  }
  const result = { sameAdapter: await run(adapters.map(() => adapters[0])), differentAdapters: await run(adapters) }
  await generator.release()
  return result
}

/**
 * Sixteen siblings trained together and one after another; an answer of 64 tokens scored under all, and a batch of 16
 * under one.
 */
export async function measureSiblings(
  shape: ShapeName,
  runtime: RuntimeOptions
): Promise<{ together: number; apart: number; scoreAll: number; forwardOne: number }> {
  const model = randomModel(shape, 'float32')
  const start = randomAdapter(model.config, 1, 8, [
    'q_proj',
    'k_proj',
    'v_proj',
    'o_proj',
    'gate_proj',
    'up_proj',
    'down_proj'
  ])
  const rows: TrainRow[] = Array.from({ length: 64 }, (_, r) => {
    const ids = someIds(14 + ((r * 11) % 20), model.config.vocabulary, r)
    return { ids, labels: ids.map((id, t) => (t < ids.length - 5 ? -100 : id)) }
  })
  const members = Array.from({ length: 16 }, (_, k) => {
    const own = rows.filter((_, i) => (i * 7 + k * 3) % 5 < 3)
    return { start, rows: own, plan: planInOrder(own.length, 3, 8) }
  })
  const graph = await LoraGraph.create(model, start.modules, start.rank, adapterScale(start), runtime)
  const train = (some: typeof members) =>
    trainAdapters({
      graph,
      members: some,
      lr: 1e-3,
      schedule: 'constant',
      warmupRatio: 0,
      clip: 1,
      ema: 0.97,
      tokensPerPass: 1024,
      identity: 'bench'
    })
  await train(members.slice(0, 4))
  const together = await seconds(() => train(members))
  const apart = await seconds(async () => {
    for (const member of members) await train([member])
  })
  await graph.release()

  const scorer = new Scorer(model, runtime)
  const adapters = Array.from({ length: 16 }, (_, i) => randomAdapter(model.config, i, 8, start.targets))
  const answer = answerRow(someIds(20, model.config.vocabulary), someIds(64, model.config.vocabulary, 5))
  const batch = Array.from({ length: 16 }, () => answer)
  await scorer.losses(adapters, [answer])
  const scoreAll = median([
    await seconds(() => scorer.losses(adapters, [answer])),
    await seconds(() => scorer.losses(adapters, [answer])),
    await seconds(() => scorer.losses(adapters, [answer]))
  ])
  const [one] = adapters
  const single = () => scorer.losses([one ?? null], batch)
  await single()
  const forwardOne = median([await seconds(single), await seconds(single), await seconds(single)])
  await scorer.release()
  return { together, apart, scoreAll, forwardOne }
}

async function generate(
  generator: Generator,
  prompt: readonly number[],
  maxTokens: number,
  adapter: Adapter | null
): Promise<void> {
  await generator.generate({
    prompt,
    answered: [],
    adapter,
    settings: greedy(maxTokens),
    endIds: new Set(),
    onToken: () => true
  })
}
