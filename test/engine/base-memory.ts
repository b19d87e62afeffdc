import { baseBytes } from './fixture.ts'
import { adapterScale, newAdapter } from '../../node/engine/adapters/index.ts'
import { loadModel, type Quantization } from '../../node/engine/architecture/index.ts'
import { LoraGraph, planInOrder, trainAdapters } from '../../node/engine/train/index.ts'

// A process of its own (node --expose-gc base-memory.ts FOLDER FORM): loads a base, trains three steps layer by layer,
// so
// that only the base grows with depth, and prints what it then holds, in bytes: {resident, held}.
const [folder = '', form = 'none'] = process.argv.slice(2)
const model = loadModel(folder, form as Quantization)
const start = newAdapter(model.config, { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'], dropout: 0 }, 1)
const graph = await LoraGraph.create(
  model,
  start.modules,
  start.rank,
  adapterScale(start),
  { threads: 1 },
  { checkpointing: true }
)
const rows = [0, 1].map(k => ({
  ids: Array.from({ length: 16 }, (_, t) => 3 + k + t),
  labels: Array.from({ length: 16 }, (_, t) => 3 + k + t)
}))
const [result] = await trainAdapters({
  graph,
  members: [{ start, rows, plan: planInOrder(2, 3, 1) }],
  lr: 1e-3,
  schedule: 'constant',
  warmupRatio: 0,
  clip: 1,
  ema: 0,
  tokensPerPass: 64,
  identity: 'memory'
})
if (result?.losses.length !== 3 || !result.losses.every(Number.isFinite)) throw new Error('it did not train')
for (let i = 0; i < 3; i++) {
  globalThis.gc?.()
  await new Promise(resolve => {
    setTimeout(resolve, 50)
  })
}
console.log(JSON.stringify({ resident: process.memoryUsage().rss, held: baseBytes(model) }))
