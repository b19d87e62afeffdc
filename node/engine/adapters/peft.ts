import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { parseUpToFirst } from '../../../protocol/primitives/parse.ts'
import { ModelError } from '../graph/errors.ts'
import { parseBounded } from '../graph/files.ts'
import type { ModelConfig } from '../architecture/config.ts'
import { readAll, writeSafetensors } from '../weights/safetensors.ts'
import { targetModules, type Adapter } from './adapter.ts'

const prefix = 'base_model.model.'

/** PEFT writes a kilobyte; patterns of a large model take a few hundred. */
const mostConfigBytes = 512 * 1024

const schema = z.looseObject({
  peft_type: z.string(),
  r: z.int().min(1).max(1024),
  lora_alpha: z.number(),
  use_rslora: z.boolean().default(false),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  bias: z.string().default('none'),
  use_dora: z.boolean().nullish(),
  fan_in_fan_out: z.boolean().nullish(),
  lora_bias: z.boolean().nullish(),
  modules_to_save: z.array(z.string()).nullish(),
  rank_pattern: z.record(z.string(), z.number()).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish()
})

/**
 * Reads a PEFT folder (adapter_config.json, adapter_model.safetensors) for a model. What is not plain LoRA is refused
 * by name.
 */
export function readAdapter(folder: string, config: ModelConfig): Adapter {
  const file = join(folder, 'adapter_config.json')
  const refuse = (what: string) => new ModelError('adapter-unsupported', `${folder}: ${what}`)
  const help = 'Give a PEFT folder: adapter_config.json and adapter_model.safetensors.'
  const json = parseBounded(file, mostConfigBytes, 'adapter-config', help)
  const parsed = parseUpToFirst(schema, json)
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error))
  const c = parsed.data
  if (c.peft_type !== 'LORA') throw refuse(`peft_type ${c.peft_type} is not supported`)
  if (c.bias !== 'none' || c.lora_bias === true) throw refuse('trained biases are not supported')
  if (c.use_dora === true) throw refuse('DoRA is not supported')
  if (c.fan_in_fan_out === true) throw refuse('fan_in_fan_out is not supported')
  if ((c.modules_to_save ?? []).length > 0) throw refuse('modules_to_save is not supported')
  if (Object.keys({ ...c.rank_pattern, ...c.alpha_pattern }).length > 0)
    throw refuse('rank_pattern and alpha_pattern are not supported')
  return readModules(folder, config, { rank: c.r, alpha: c.lora_alpha, rslora: c.use_rslora })
}

/** The tensors say which projections are adapted; target_modules may be a pattern. */
function readModules(
  folder: string,
  config: ModelConfig,
  settings: { rank: number; alpha: number; rslora: boolean }
): Adapter {
  const file = join(folder, 'adapter_model.safetensors')
  if (!existsSync(file)) throw new ModelError('adapter-missing', `${file} does not exist`)
  const tensors = readAll(file)
  const targets = [
    ...new Set([...tensors.keys()].map(name => /\.(\w+)\.lora_[AB]\.weight$/.exec(name)?.[1] ?? name))
  ].sort()
  const take = (path: string, part: 'A' | 'B', shape: readonly [number, number]): Float32Array => {
    const name = `${prefix}${path}.lora_${part}.weight`
    const tensor = tensors.get(name)
    if (tensor === undefined) throw new ModelError('adapter-missing', `${file}: tensor ${name} is missing`)
    if (tensor.shape.join() !== shape.join())
      throw new ModelError(
        'adapter-mismatch',
        `${file}: tensor ${name} is [${tensor.shape.join(', ')}], the model wants [${shape.join(', ')}]`
      )
    tensors.delete(name)
    return tensor.data
  }
  const { rank } = settings
  const modules = targetModules(config, targets).map(m => ({
    ...m,
    a: take(m.path, 'A', [rank, m.in]),
    b: take(m.path, 'B', [m.out, rank])
  }))
  const [stray] = tensors.keys()
  if (stray !== undefined)
    throw new ModelError('adapter-mismatch', `${file}: tensor ${stray} belongs to no projection of the model`)
  return { ...settings, targets, modules }
}

/** Writes a folder that PEFT loads. The config comes last, so a folder with a config is complete. */
export function writeAdapter(folder: string, adapter: Adapter, base: string, dropout = 0): void {
  mkdirSync(folder, { recursive: true })
  const tensors = adapter.modules.flatMap(m => [
    { name: `${prefix}${m.path}.lora_A.weight`, shape: [adapter.rank, m.in], data: m.a },
    { name: `${prefix}${m.path}.lora_B.weight`, shape: [m.out, adapter.rank], data: m.b }
  ])
  writeSafetensors(
    join(folder, 'adapter_model.safetensors'),
    tensors.sort((x, y) => (x.name < y.name ? -1 : 1))
  )
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: basename(base),
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    lora_dropout: dropout,
    use_rslora: adapter.rslora,
    target_modules: adapter.targets,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    use_dora: false,
    modules_to_save: null,
    layers_to_transform: null,
    layers_pattern: null,
    rank_pattern: {},
    alpha_pattern: {},
    revision: null
  }
  const file = join(folder, 'adapter_config.json')
  writeFileSync(`${file}.part`, `${JSON.stringify(config, undefined, 2)}\n`, { flush: true })
  renameSync(`${file}.part`, file)
}
