import {
  headName,
  int4Names,
  llamaConfig,
  parameterSpecs,
  type LoadedModel,
  type ModelConfig
} from '../architecture/index.ts'
import { newAdapter, type Adapter } from '../adapters/index.ts'
import { quantizeInt4 } from '../weights/int4.ts'
import { Random } from '../weights/random.ts'

/** Shapes that are measured, with random weights: speed depends on nothing else. */
export const shapes = {
  'smollm2-135m': {
    vocabulary: 49152,
    hidden: 576,
    intermediate: 1536,
    layers: 30,
    heads: 9,
    keyHeads: 3,
    context: 2048
  },
  'smollm2-360m': {
    vocabulary: 49152,
    hidden: 960,
    intermediate: 2560,
    layers: 32,
    heads: 15,
    keyHeads: 5,
    context: 2048
  },
  'tinyllama-1.1b': {
    vocabulary: 32000,
    hidden: 2048,
    intermediate: 5632,
    layers: 22,
    heads: 32,
    keyHeads: 4,
    context: 2048
  },
  'llama-3.2-1b': {
    vocabulary: 128256,
    hidden: 2048,
    intermediate: 8192,
    layers: 16,
    heads: 32,
    keyHeads: 8,
    context: 4096
  },
  seedling: { vocabulary: 4096, hidden: 192, intermediate: 512, layers: 6, heads: 6, keyHeads: 3, context: 1024 }
} as const

export type ShapeName = keyof typeof shapes

/** A model of a shape; int4 as it is served, float32 as it is tuned. */
export function randomModel(shape: ShapeName, weights: 'float32' | 'int4'): LoadedModel {
  const { config } = llamaConfig(shapes[shape])
  const names = weights === 'int4' ? int4Names(config) : new Set<string>()
  const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  const int4 = new Map<string, ReturnType<typeof quantizeInt4>>()
  parameterSpecs(config).forEach(({ name, shape: dims }, index) => {
    const data = randomTensor(dims, index)
    if (names.has(name)) int4.set(name, quantizeInt4(data))
    if (!names.has(name) || name === headName(config)) parameters.set(name, { shape: dims, data })
  })
  return { folder: shape, config, parameters, ...(int4.size === 0 ? {} : { int4 }) }
}

/** A short random sequence repeated: hundreds of millions of draws would take longer than the measurement. */
function randomTensor(dims: readonly number[], seed: number): Float32Array {
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1))
  if (dims.length === 1) return data.fill(1)
  const random = new Random(seed)
  const piece = Float32Array.from({ length: Math.min(data.length, 9973) }, () => 0.02 * random.normal())
  for (let at = 0; at < data.length; at += piece.length)
    data.set(piece.subarray(0, Math.min(piece.length, data.length - at)), at)
  return data
}

/** An adapter whose b is not zero, so that it counts. */
export function randomAdapter(
  config: ModelConfig,
  seed: number,
  rank = 8,
  targets: readonly string[] = ['q_proj', 'v_proj']
): Adapter {
  const adapter = newAdapter(config, { rank, alpha: 2 * rank, targets, dropout: 0 }, seed)
  const random = new Random(seed, 1)
  for (const m of adapter.modules)
    m.b.forEach((_, i) => {
      m.b[i] = 0.01 * random.normal()
    })
  return adapter
}

/** Token ids without meaning. */
export function someIds(count: number, vocabulary: number, seed = 0): number[] {
  return Array.from({ length: count }, (_, i) => (i * 7 + seed * 131 + 3) % vocabulary)
}
