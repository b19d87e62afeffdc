import assert from 'node:assert/strict'
import fc from 'fast-check'
import { join } from 'node:path'
import { adapterScale, newAdapter } from '../../node/engine/adapters/index.ts'
import { llamaConfig, loadModel, Random, trainFull, type FullTrainJob } from '../../node/engine/index.ts'
import {
  averageStep,
  clipFactor,
  cutUnits,
  dropoutFeeds,
  fillBins,
  groupPasses,
  learningRate,
  LoraGraph,
  memberState,
  packBins,
  planSteps,
  trained,
  type Unit
} from '../../node/engine/train/index.ts'
import type { TrainRow } from '../../node/engine/types.ts'
import { temporary, vectors } from './fixture.ts'

const rowOf = (length: number, seed: number): TrainRow => {
  const random = new Random(seed, length)
  const ids = Array.from({ length }, () => 3 + Math.floor(random.uniform() * 500))
  return { ids, labels: ids.map((id, t) => (t < length / 2 ? -100 : id)) }
}
const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 })

describe('laying out training rows', () => {
  it('every row is in exactly one sequence and fits it', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 90, max: 200 }), (all, time) => {
        const rows = all.map(rowOf)
        const bins = fillBins(rows, time)
        assert.deepEqual(new Set(bins.flat()), new Set(rows))
        assert.equal(bins.flat().length, rows.length)
        for (const bin of bins) assert.ok(bin.reduce((n, r) => n + r.ids.length, 0) <= time)
      })
    )
  })

  it('passes hold every row of every adapter once, within the budget where one row does not exceed it', () => {
    fc.assert(
      fc.property(
        fc.array(lengths, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 200, max: 3000 }),
        (members, budget) => {
          const units = members.flatMap((all, k) => cutUnits(k, all.map(rowOf), 1, budget))
          const passes = groupPasses(units, budget)
          assert.equal(passes.flatMap(p => p.units.flatMap(u => u.bins.flat())).length, members.flat().length)
          for (const pass of passes) {
            assert.ok(pass.units.length === 1 || pass.units.length * pass.binsPerUnit * pass.time <= budget)
            for (const unit of pass.units) assert.ok(unit.bins.length <= pass.binsPerUnit)
          }
        }
      ),
      { numRuns: 50 }
    )
  })

  it('targets are the positions before the labelled ones', () => {
    const bins = [[rowOf(6, 1), rowOf(5, 2)], [], [rowOf(9, 3)]]
    const { feeds, targets, perGroup } = packBins(bins, 16, 3, b => b + 1)
    const at = (name: string) => Array.from(feeds[name]?.data as unknown as ArrayLike<bigint | number>, Number)
    const ids = at('ids')
    for (let i = 0; i < targets; i++) {
      const target = at('targets')[i] ?? 0
      assert.equal(ids[target + 1], at('labels')[i], 'the label is the token after its target')
      assert.equal(at('weights')[i], Math.floor(target / 16) + 1)
    }
    assert.equal(perGroup, at('targets').length)
    assert.ok(
      at('weights')
        .slice(targets)
        .every(w => w === 0)
    )

    const grouped = packBins(bins, 16, 1, b => b + 1)
    const owners = Array.from(grouped.feeds['targets']?.data as unknown as ArrayLike<bigint>, t =>
      Math.floor(Number(t) / 16)
    )
    assert.deepEqual(
      owners,
      [0, 1, 2].flatMap(k => Array.from({ length: grouped.perGroup }, () => k)),
      'as many targets for each adapter, all its own'
    )
  })

  it('rows that share a sequence do not see each other: loss and gradients as if each had its own', async () => {
    const model = loadModel(join(vectors, 'llama-tied'))
    const adapter = newAdapter(
      model.config,
      { rank: 4, alpha: 8, targets: ['q_proj', 'o_proj', 'up_proj'], dropout: 0 },
      1
    )
    const random = new Random(4)
    for (const m of adapter.modules)
      m.b.forEach((_, i) => {
        m.b[i] = 0.05 * random.normal()
      })
    const graph = await LoraGraph.create(model, adapter.modules, adapter.rank, adapterScale(adapter), { threads: 1 })
    const rows = [7, 12, 20, 5, 9].map(rowOf)
    const unit: Unit = { member: 0, rows, weight: 0.1 }
    const run = async (bins: TrainRow[][], time: number) => {
      const sums = new Map<number, Float32Array[]>()
      const { losses } = await graph.run(
        { units: [{ ...unit, bins }], binsPerUnit: bins.length, time },
        [memberState(adapter, 0, false)],
        sums
      )
      return { loss: losses[0] ?? NaN, grads: (sums.get(0) ?? []).flatMap(g => [...g]) }
    }
    const apart = await run(
      rows.map(r => [r]),
      24
    )
    const together = await run(fillBins(rows, 32), 32)
    await graph.release()
    assert.ok(Math.abs(apart.loss - together.loss) < 1e-5)
    const largest = Math.max(...apart.grads.map(Math.abs))
    apart.grads.forEach((g, i) => assert.ok(Math.abs(g - (together.grads[i] ?? NaN)) < 1e-5 * largest + 1e-7))
  })
})

describe('dropout masks', () => {
  const modules = [
    { path: 'm', in: 5, out: 3 },
    { path: 'n', in: 7, out: 3 }
  ]
  const rows = [6, 11, 9].map((n, ordinal) => ({ ...rowOf(n, n), ordinal }))
  const mask = (bins: (typeof rows)[], time: number, step: number, path = 'm') =>
    dropoutFeeds({ probability: 0.25, seed: 3 }, modules, bins, time, step)[`${path}.lora_mask`]?.data as Float32Array

  it('belong to rows, whatever the layout, and differ by step and projection', () => {
    const [a, b, c] = rows
    assert.ok(a !== undefined && b !== undefined && c !== undefined)
    const apart = mask([[a], [b], [c]], 12, 4)
    const together = mask([[b, a], [c]], 20, 4)
    assert.deepEqual(apart.slice(12 * 5, 12 * 5 + 11 * 5), together.slice(0, 11 * 5))
    assert.deepEqual(apart.slice(0, 6 * 5), together.slice(11 * 5, 17 * 5))
    assert.notDeepEqual(mask([[b]], 12, 5), mask([[b]], 12, 4))
    assert.notDeepEqual(mask([[b]], 12, 4, 'n').slice(0, 50), mask([[b]], 12, 4).slice(0, 50))
  })

  it('drop the share they should and keep the mean', () => {
    const long = { ...rowOf(90, 1), ordinal: 0 }
    const seen = Array.from({ length: 40 }, (_, step) => [...mask([[long]], 90, step)]).flat()
    assert.ok(Math.abs(seen.filter(x => x === 0).length / seen.length - 0.25) < 0.01)
    assert.ok(Math.abs(seen.reduce((x, y) => x + y, 0) / seen.length - 1) < 0.02)
  })
})

describe('optimizer and schedules', () => {
  it('learning rate: up during warm-up, down to the floor', () => {
    const s = { kind: 'cosine' as const, lr: 1, steps: 110, warmup: 10, floor: 0.1 }
    assert.equal(learningRate(s, 0), 0.1)
    assert.equal(learningRate(s, 9), 1)
    assert.ok(Math.abs(learningRate(s, 60) - 0.55) < 1e-12)
    assert.ok(Math.abs(learningRate(s, 110) - 0.1) < 1e-12)
    assert.equal(learningRate({ ...s, kind: 'constant' }, 100), 1)
    assert.ok(Math.abs(learningRate({ ...s, kind: 'linear', floor: 0 }, 60) - 0.5) < 1e-12)
  })

  it('the average is the normalised sum of the iterates, with nothing of the start in it', () => {
    const p = trained('p', [1], Float32Array.of(0), { averaged: true, decays: false })
    const iterates = [3, -1, 4, 10]
    const decay = 0.9
    iterates.forEach((x, i) => {
      p.data[0] = x
      averageStep(p, decay, i + 1)
    })
    const weights = iterates.map((_, i) => decay ** (iterates.length - 1 - i))
    const expected = iterates.reduce((sum, x, i) => sum + x * (weights[i] ?? 0), 0) / weights.reduce((a, b) => a + b, 0)
    assert.ok(Math.abs((p.average?.[0] ?? NaN) - expected) < 1e-6)
  })

  it('clipping scales long gradients down to the limit and leaves short ones', () => {
    assert.ok(Math.abs(clipFactor(10, 1) * 10 - 1) < 1e-5)
    assert.equal(clipFactor(0.5, 1), 1)
    assert.equal(clipFactor(1e9, 0), 1)
  })

  it('a plan takes every row once an epoch, and depends on the seed alone', () => {
    const plan = planSteps(10, { epochs: 3, rowsPerStep: 4, seed: 1 })
    assert.equal(plan.length, 9)
    for (let epoch = 0; epoch < 3; epoch++)
      assert.deepEqual(
        plan
          .slice(epoch * 3, epoch * 3 + 3)
          .flat()
          .sort((a, b) => a - b),
        Array.from({ length: 10 }, (_, i) => i)
      )
    assert.deepEqual(planSteps(10, { epochs: 3, rowsPerStep: 4, seed: 1 }), plan)
    assert.notDeepEqual(planSteps(10, { epochs: 3, rowsPerStep: 4, seed: 2 }), plan)
    assert.notDeepEqual(plan[0], plan[3])
  })
})

describe('full-parameter training', () => {
  const folder = temporary()
  after(() => folder.remove())
  const { config } = llamaConfig({
    vocabulary: 64,
    hidden: 32,
    intermediate: 64,
    layers: 2,
    heads: 4,
    keyHeads: 2,
    context: 64
  })
  // A language in which each token is followed by its triple, modulo 61.
  const batch = (step: number): TrainRow[] =>
    Array.from({ length: 8 }, (_, r) => {
      let at = 1 + ((step * 8 + r) % 60)
      const ids = Array.from({ length: 16 }, () => {
        const id = at
        at = (at * 3) % 61
        return id
      })
      return { ids, labels: ids }
    })
  const job: FullTrainJob = {
    config,
    start: { seed: 1 },
    steps: 60,
    batch,
    microBatch: 4,
    lr: 1e-2,
    warmupSteps: 5,
    schedule: 'cosine',
    clip: 1,
    optimizer: { weightDecay: 0.01 },
    threads: 1
  }

  it('learns, and saves what the engine loads', async () => {
    const result = await trainFull(job)
    assert.ok(
      (result.losses[0] ?? 0) > 4 && (result.losses.at(-1) ?? 9) < 0.5,
      `${result.losses[0]} to ${result.losses.at(-1)}`
    )
    assert.ok((await result.model.loss(batch(1000))) < 0.5)
    result.model.save(folder.path, 'F32')
  })

  it('interrupted and resumed gives the same bits, and another job is refused', async () => {
    const short = { ...job, steps: 12, ema: 0.9 }
    const whole = await trainFull(short)
    const checkpoint = { file: join(folder.path, 'run.checkpoint'), every: 5 }
    const stop = new AbortController()
    const first = await trainFull({
      ...short,
      checkpoint,
      signal: stop.signal,
      onProgress: p => {
        if (p.step === 7) stop.abort()
      }
    })
    assert.deepEqual([first.finished, first.step], [false, 7])
    const second = await trainFull({ ...short, checkpoint })
    assert.deepEqual(second.losses, whole.losses)
    assert.equal(await second.model.loss(batch(99)), await whole.model.loss(batch(99)))
    await assert.rejects(trainFull({ ...short, lr: 1, checkpoint }), { code: 'checkpoint-mismatch' })
  })

  it('rows of a step in more passes: the same up to rounding', async () => {
    const one = await trainFull({ ...job, steps: 5, microBatch: 8 })
    const many = await trainFull({ ...job, steps: 5, microBatch: 3 })
    one.losses.forEach((loss, i) => assert.ok(Math.abs(loss - (many.losses[i] ?? NaN)) < 1e-4))
  })
})
