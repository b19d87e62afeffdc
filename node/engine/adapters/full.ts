import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { checkFullSize } from '../../../protocol/jobs/full.ts'
import { parseUpToFirst } from '../../../protocol/primitives/parse.ts'
import type { ModelConfig } from '../architecture/config.ts'
import { parameterCount } from '../architecture/parameters.ts'
import { ModelError } from '../graph/errors.ts'
import { readAll, writeSafetensors } from '../weights/safetensors.ts'
import { allModules, projectionOf, type Adapter, type ModuleShape } from './adapter.ts'

/** What full training added to one projection's weight. */
export interface FullModule extends ModuleShape {
  /** [out, in] */
  readonly delta: Float32Array
}

/**
 * A model whose linear layers were all trained, as what was added to their weights: w + delta. Embeddings, norms,
 * biases and the head are the base's.
 */
export interface FullAdapter {
  readonly kind: 'full'
  /** Every projection of every layer, in their order. */
  readonly modules: readonly FullModule[]
}

/** What training yields: an adapter of low rank, or new weights. */
export type Tuned = Adapter | FullAdapter

export const isFull = (tuned: Tuned | null): tuned is FullAdapter => tuned !== null && 'kind' in tuned

/** Bytes that it holds in memory, and nearly those of its file. */
export const bytesOf = (tuned: Tuned): number =>
  isFull(tuned)
    ? tuned.modules.reduce((sum, { delta }) => sum + delta.byteLength, 0)
    : tuned.modules.reduce(
        (sum, { a, b, magnitude }) => sum + a.byteLength + b.byteLength + 2 * (magnitude?.byteLength ?? 0),
        0
      )

/** Nothing added yet. @throws InvalidError `job.full-size` for a base that is too large */
export function newFull(c: ModelConfig): FullAdapter {
  checkFullSize(parameterCount(c))
  return {
    kind: 'full',
    modules: allModules(c).map(shape => ({ ...shape, delta: new Float32Array(shape.out * shape.in) }))
  }
}

/** In adapter_config.json: PEFT refuses a type that it does not know, so nobody takes it for an adapter of its own. */
export const fullType = 'TILTH_FULL'
const tensorOf = (path: string): string => `base_model.model.${path}.delta.weight`

const schema = z.strictObject({
  peft_type: z.literal(fullType),
  task_type: z.string(),
  base_model_name_or_path: z.string(),
  target_modules: z.array(z.string())
})

/**
 * @param json of its adapter_config.json
 * @throws ModelError `adapter-unsupported`, `adapter-missing`, `adapter-mismatch`, `adapter-numbers` · InvalidError
 * `job.full-size`
 */
export function readFull(folder: string, config: ModelConfig, json: unknown): FullAdapter {
  checkFullSize(parameterCount(config))
  const parsed = parseUpToFirst(schema, json)
  if (!parsed.success) throw new ModelError('adapter-unsupported', `${folder}: ${z.prettifyError(parsed.error)}`)
  const file = join(folder, 'adapter_model.safetensors')
  const tensors = readAll(file)
  const modules = allModules(config).map((m): FullModule => {
    const tensor = tensors.get(tensorOf(m.path))
    if (tensor === undefined) throw new ModelError('adapter-missing', `${file}: ${tensorOf(m.path)} is missing`)
    if (tensor.shape.join() !== `${m.out},${m.in}`)
      throw new ModelError(
        'adapter-mismatch',
        `${file}: tensor ${tensor.name} is [${tensor.shape.join(', ')}], the model wants [${m.out}, ${m.in}]`
      )
    // [reject] Weights are numbers.
    if (!tensor.data.every(Number.isFinite))
      throw new ModelError('adapter-numbers', `${file}: tensor ${tensor.name} holds something that is no number`)
    tensors.delete(tensor.name)
    return { ...m, delta: tensor.data }
  })
  const [stray] = tensors.keys()
  if (stray !== undefined)
    throw new ModelError('adapter-mismatch', `${file}: tensor ${stray} belongs to no projection of the model`)
  return { kind: 'full', modules }
}

/** The config comes last, so a folder with a config is complete. */
export function writeFull(folder: string, { modules }: FullAdapter, base: string): void {
  mkdirSync(folder, { recursive: true })
  writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    modules
      .map(({ path, out, in: width, delta }) => ({ name: tensorOf(path), shape: [out, width], data: delta }))
      .sort((x, y) => (x.name < y.name ? -1 : 1))
  )
  const config: z.infer<typeof schema> = {
    peft_type: fullType,
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: basename(base),
    target_modules: [...new Set(modules.map(({ path }) => projectionOf(path)))].sort()
  }
  const file = join(folder, 'adapter_config.json')
  writeFileSync(`${file}.part`, `${JSON.stringify(config, undefined, 2)}\n`, { flush: true })
  renameSync(`${file}.part`, file)
}
