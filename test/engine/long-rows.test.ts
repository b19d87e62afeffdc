import assert from 'node:assert/strict'
import { adapterScale } from '../../node/engine/adapters/index.ts'
import { randomAdapter, randomModel, someIds } from '../../node/engine/bench/shapes.ts'
import { LoraGraph, memberState } from '../../node/engine/train/index.ts'
import type { TrainRow } from '../../node/engine/types.ts'

describe('long rows', () => {
  it('attention in parts gives the losses and gradients of attention as a whole', async () => {
    const model = randomModel('seedling', 'float32')
    const adapter = randomAdapter(model.config, 3, 4, ['q_proj', 'k_proj', 'v_proj', 'down_proj'])
    const row = (length: number, seed: number): TrainRow => {
      const ids = someIds(length, model.config.vocabulary, seed).map(
        (id, i) => (id * (i + 3)) % model.config.vocabulary
      )
      return { ids, labels: ids }
    }
    const rows = [row(256, 1), row(170, 2)]
    const run = async (checkpointing: boolean) => {
      const graph = await LoraGraph.create(
        model,
        adapter.modules,
        adapter.rank,
        adapterScale(adapter),
        { threads: 1 },
        { checkpointing }
      )
      const sums = new Map<number, Float32Array[]>()
      const unit = { member: 0, rows, bins: rows.map(r => [r]), weight: 1 / 424 }
      // Layer by layer, rows attend as a whole.
      const { losses } = await graph.run(
        { units: [unit], binsPerUnit: 2, time: 256 },
        [memberState(adapter, 0, false)],
        sums
      )
      await graph.release()
      return { loss: losses[0] ?? NaN, gradient: (sums.get(0) ?? []).flatMap(part => [...part]) }
    }
    const [parts, whole] = [await run(false), await run(true)]
    assert.ok(Math.abs(parts.loss - whole.loss) < 1e-5 * whole.loss)
    assert.equal(parts.gradient.length, whole.gradient.length)
    const off = Math.sqrt(parts.gradient.reduce((sum, x, i) => sum + (x - (whole.gradient[i] ?? NaN)) ** 2, 0))
    const size = Math.sqrt(whole.gradient.reduce((sum, x) => sum + x ** 2, 0))
    assert.ok(size > 0 && off < 1e-4 * size, `relative distance ${off / size}`)
  })
})
