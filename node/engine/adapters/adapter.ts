import { ModelError } from '../graph/errors.ts'
import type { ModelConfig } from '../architecture/config.ts'
import { projections } from '../architecture/parameters.ts'
import type { LoraSettings } from '../types.ts'
import { Random } from '../weights/random.ts'

/** One adapted projection: its weight gets scale · b a added. */
export interface AdapterModule {
  /** Path in the model: model.layers.0.self_attn.q_proj */
  readonly path: string
  readonly in: number
  readonly out: number
  /** [rank, in] */
  readonly a: Float32Array
  /** [out, rank] */
  readonly b: Float32Array
  /** Of DoRA: how long each row of the weight is with what is added to it, [out]. */
  readonly magnitude?: Float32Array
  /** What each output is multiplied by for that, over one model's weights (gains.ts), [out]. */
  readonly gain?: Float32Array
}

/** A LoRA adapter (Hu et al. 2021) in memory. */
export interface Adapter {
  readonly rank: number
  readonly alpha: number
  readonly rslora: boolean
  /** Projection names, sorted. */
  readonly targets: readonly string[]
  readonly modules: readonly AdapterModule[]
}

export function adapterScale(adapter: {
  readonly rank: number
  readonly alpha: number
  readonly rslora?: boolean
}): number {
  return adapter.alpha / (adapter.rslora === true ? Math.sqrt(adapter.rank) : adapter.rank)
}

export interface ModuleShape {
  readonly path: string
  readonly in: number
  readonly out: number
}

/** The projections that a list of names selects in every layer. Throws where a name is unknown. */
export function targetModules(c: ModelConfig, targets: readonly string[]): ModuleShape[] {
  const all = projections(c)
  for (const name of targets) {
    if (!all.some(p => p.name === name)) {
      throw new ModelError('adapter-target', `${name} is not a projection of ${c.architecture}`, {
        help: `Choose from ${all.map(p => p.name).join(', ')}.`
      })
    }
  }
  if (targets.length === 0) throw new ModelError('adapter-target', 'an adapter needs at least one target projection')
  return allModules(c).filter(({ path }) => targets.includes(projectionOf(path)))
}

/** The projection's name: q_proj of model.layers.0.self_attn.q_proj. */
export const projectionOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1)

/** Every projection of every layer, in their order. */
export const allModules = (c: ModelConfig): ModuleShape[] =>
  Array.from({ length: c.layers }, (_, layer) =>
    projections(c).map(p => ({ path: `model.layers.${layer}.${p.path}`, in: p.in, out: p.out }))
  ).flat()

/** A fresh adapter: a uniform within ±1/√in as PEFT draws it, b zero, so it changes nothing yet. */
export function newAdapter(c: ModelConfig, settings: LoraSettings, seed: number): Adapter {
  const { rank, alpha } = settings
  const modules = targetModules(c, settings.targets).map((shape, index) => {
    const random = new Random(seed, 0x10a0000 + index)
    const bound = 1 / Math.sqrt(shape.in)
    const a = Float32Array.from({ length: rank * shape.in }, () => bound * (2 * random.uniform() - 1))
    return { ...shape, a, b: new Float32Array(shape.out * rank) }
  })
  return { rank, alpha, rslora: settings.rslora ?? false, targets: [...settings.targets].sort(), modules }
}
