import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import { parseBounded } from '../graph/files.ts'
import type { ModelConfig } from '../architecture/config.ts'
import { readAll, writeSafetensors, type NamedTensor } from '../weights/safetensors.ts'
import { adapterScale, allModules, projectionOf, type Adapter, type AdapterModule } from './adapter.ts'
import { refuseDora } from './dora.ts'
import { readLoraConfig, type LoraConfig, type ModuleSettings } from './lora-config.ts'

const prefix = 'base_model.model.'

/** PEFT writes a kilobyte; patterns of a large model take a few hundred. */
export const mostConfigBytes = 512 * 1024
export const folderHelp = 'Give a PEFT folder: adapter_config.json and adapter_model.safetensors.'

/** Plain LoRA, which can be trained on; or DoRA as well, which answers, is scored and is merged. */
export type Reads = 'plain' | 'scaled'

/**
 * Reads a PEFT folder (adapter_config.json, adapter_model.safetensors) for a model. What is no LoRA, or
 * DoRA where it is read too, is refused by name (lora-config.ts). Where modules differ in rank or scale, all have the
 * largest rank, and their scale is in b.
 * @throws ModelError `adapter-config`, `adapter-unsupported`, `adapter-missing`, `adapter-mismatch`
 */
export function readAdapter(folder: string, config: ModelConfig, reads: Reads = 'plain'): Adapter {
  const file = join(folder, 'adapter_config.json')
  const lora = readLoraConfig(parseBounded(file, mostConfigBytes, 'adapter-config', folderHelp), folder)
  if (lora.dora && reads === 'plain')
    throw new ModelError('adapter-unsupported', `${folder}: DoRA (use_dora) is not supported here`, {
      help: 'Merge it into its base first; it is read to answer and to score.'
    })
  const modules = readModules(folder, config, lora)
  const targets = [...new Set(modules.map(({ path }) => projectionOf(path)))].sort()
  const own = modules.map(({ path }) => lora.of(path))
  const { rank, alpha, rslora } = lora
  const scale = adapterScale(lora)
  if (own.every(one => one.rank === rank && one.scale === scale)) return { rank, alpha, rslora, targets, modules }
  const widest = Math.max(...own.map(one => one.rank))
  return {
    rank: widest,
    alpha: widest,
    rslora: false,
    targets,
    modules: modules.map((module, i) => widened(module, own[i] ?? { rank, scale }, widest))
  }
}

/** The same module with a higher rank and a scale of 1: zeros are added, and its own scale goes into b. */
function widened(module: AdapterModule, { rank, scale }: ModuleSettings, widest: number): AdapterModule {
  const a = new Float32Array(widest * module.in)
  a.set(module.a)
  const b = new Float32Array(module.out * widest)
  for (let o = 0; o < module.out; o++)
    for (let r = 0; r < rank; r++) b[o * widest + r] = scale * (module.b[o * rank + r] ?? 0)
  return { ...module, a, b }
}

/** A tensor's name in the file: PEFT writes it without the adapter's own name, other tools leave `default` in it. */
const tensorName = /^base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight$/
/** PEFT leaves `weight` out of this one. */
const magnitudeName = /^base_model\.model\.(.+)\.lora_(magnitude_vector)(?:\.default)?(?:\.weight)?$/

const strayHelp =
  'Adapters of the linear layers inside a model are read: merge one with trained embeddings, head or norms into its ' +
  'base with PEFT (merge_and_unload). One of another model belongs over that model.'

/** What to do where there are no weights in the form that is read. */
function missingHelp(folder: string): string {
  if (!existsSync(join(folder, 'adapter_model.bin'))) return folderHelp
  return (
    'Its adapter_model.bin is a pickle, which could run anything and is not opened: where you trust it, load it with ' +
    'PEFT, and save_pretrained writes adapter_model.safetensors.'
  )
}

const parts = ['A', 'B', 'magnitude_vector'] as const
type Part = (typeof parts)[number]

/** The tensors say which modules are adapted: names and layers in the config only chose them when training began. */
function readModules(folder: string, config: ModelConfig, lora: LoraConfig): AdapterModule[] {
  const file = join(folder, 'adapter_model.safetensors')
  if (!existsSync(file))
    throw new ModelError('adapter-missing', `${file} does not exist`, { help: missingHelp(folder) })
  const tensors = new Map<string, NamedTensor>()
  const mismatch = (what: string, help?: string): ModelError =>
    new ModelError('adapter-mismatch', `${file}: ${what}`, help === undefined ? {} : { help })
  for (const [name, tensor] of readAll(file)) {
    const [, path, part] = tensorName.exec(name) ?? magnitudeName.exec(name) ?? []
    const place = `${path} ${part}`
    if (path === undefined) throw mismatch(`tensor ${name} belongs to no projection of the model`, strayHelp)
    if (tensors.has(place)) throw mismatch(`tensor ${name} stands there twice, with and without its adapter's name`)
    tensors.set(place, tensor)
  }
  const take = (path: string, part: Part, shape: readonly number[]): Float32Array => {
    const tensor = tensors.get(`${path} ${part}`)
    if (tensor === undefined)
      throw new ModelError('adapter-missing', `${file}: tensor ${prefix}${path}.lora_${part} is missing`)
    if (tensor.shape.join() !== shape.join())
      throw mismatch(`tensor ${tensor.name} is [${tensor.shape.join(', ')}], the model wants [${shape.join(', ')}]`)
    // [reject] Weights are numbers: one that is none makes all that is answered nothing.
    if (!tensor.data.every(Number.isFinite))
      throw new ModelError('adapter-numbers', `${file}: tensor ${tensor.name} holds something that is no number`)
    tensors.delete(`${path} ${part}`)
    return tensor.data
  }
  const modules = allModules(config)
    .filter(({ path }) => parts.some(part => tensors.has(`${path} ${part}`)))
    .map(m => {
      // [reject] What the config does not select PEFT leaves out: with it the same folder answers otherwise.
      if (!lora.selects(m.path))
        throw mismatch(
          `there are tensors of ${m.path}, which adapter_config.json does not select`,
          'Name it in target_modules (and layers_to_transform, not exclude_modules), or take its tensors out.'
        )
      const { rank } = lora.of(m.path)
      const module = { ...m, a: take(m.path, 'A', [rank, m.in]), b: take(m.path, 'B', [m.out, rank]) }
      return lora.dora ? { ...module, magnitude: take(m.path, 'magnitude_vector', [m.out]) } : module
    })
  const unused = [...tensors].find(([place]) => place.endsWith(' magnitude_vector') && !lora.dora)
  if (unused !== undefined)
    throw mismatch(`tensor ${unused[1].name} is of DoRA, and adapter_config.json says that this is none (use_dora)`)
  const [stray] = tensors.values()
  if (stray !== undefined) throw mismatch(`tensor ${stray.name} belongs to no projection of the model`, strayHelp)
  if (modules.length === 0) throw mismatch('there are no tensors in it')
  return modules
}

/** Writes a folder that PEFT loads. The config comes last, so a folder with a config is complete. */
export function writeAdapter(folder: string, adapter: Adapter, base: string, dropout = 0): void {
  refuseDora(adapter, 'none is written')
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
