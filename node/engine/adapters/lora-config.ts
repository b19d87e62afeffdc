import { z } from 'zod'
import { parseUpToFirst } from '../../../protocol/primitives/parse.ts'
import { ModelError } from '../graph/errors.ts'
import { adapterScale } from './adapter.ts'
import { fullType } from './full.ts'
import { patternReader } from './patterns.ts'
import { selecting } from './selected.ts'

// What PEFT writes into adapter_config.json (`LoraConfig`, 0.6 to 0.21), and which of it is LoRA or DoRA. What changes
// a result in a way that is not computed here is refused by its name; so is a field that nobody here knows, unless it
// is off: a silent guess would serve garbage.

const modules = z.union([z.string(), z.array(z.string())]).nullish()
const schema = z.looseObject({
  peft_type: z.string(),
  r: z.int().min(1).max(1024),
  lora_alpha: z.number().refine(Number.isFinite),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  target_modules: modules,
  exclude_modules: modules,
  layers_to_transform: z.union([z.int(), z.array(z.int())]).nullish(),
  bias: z.string().nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  rank_pattern: z.record(z.string(), z.int().min(1).max(1024)).nullish(),
  alpha_pattern: z.record(z.string(), z.number().refine(Number.isFinite)).nullish()
})

/** Fields that say where an adapter comes from, or what its tensors say as well. */
const harmless = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'corda_config',
  // Of modules that are saved whole, and of adapted embeddings: both are refused by what they are.
  'ensure_weight_tying',
  'eva_config',
  'inference_mode',
  'layers_pattern',
  'loftq_config',
  'lora_dropout',
  'lora_ga_config',
  'megatron_config',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'task_type',
  ...Object.keys(schema.shape)
])

/** Ways to begin that leave the base as it is. */
const plainBeginnings = new Set(['gaussian', 'orthogonal', 'eva'])
/** Their like (pissa_niter_4) change the base's weights when training begins. */
const baseChanging = /^(pissa|olora|loftq|corda|lora_ga)/i

const merging =
  'Merge it into its base with PEFT (merge_and_unload, then save_pretrained), ' +
  'and give the folder of the merged model as a base.'

const named: Record<string, string> = {
  lora_bias: 'a trained bias (lora_bias)',
  modules_to_save: 'whole modules beside the adapter (modules_to_save)',
  trainable_token_indices: 'trained tokens (trainable_token_indices)',
  alora_invocation_tokens: 'activated LoRA (alora_invocation_tokens)',
  layer_replication: 'replicated layers (layer_replication)',
  fan_in_fan_out: 'weights that are stored transposed (fan_in_fan_out)',
  target_parameters: 'adapted parameters that are no modules (target_parameters)',
  use_qalora: 'QA-LoRA (use_qalora)'
}

/** What to do, where it is not to be merged. */
const otherwise: Record<string, string> = {
  alora_invocation_tokens:
    'It acts on a part of each text, so it cannot be merged either: train one without this field.'
}

/** Null, false, empty: what stands there does nothing. */
function isOff(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** How one module is adapted: what is added to its weight is scale · b a. */
export interface ModuleSettings {
  readonly rank: number
  readonly scale: number
}

/** Of the config of a LoRA or a DoRA: what it says of all modules, and of one. */
export interface LoraConfig {
  readonly rank: number
  readonly alpha: number
  readonly rslora: boolean
  /** Every module has magnitudes (dora.ts). */
  readonly dora: boolean
  /** @param path without what PEFT puts before it: model.layers.0.self_attn.q_proj */
  of(path: string): ModuleSettings
  /** Whether it is of that module by what it says of itself. */
  selects(path: string): boolean
}

/** @throws ModelError `adapter-unsupported` */
export function readLoraConfig(json: unknown, folder: string): LoraConfig {
  const refuse = (what: string, help = merging): ModelError =>
    new ModelError('adapter-unsupported', `${folder}: ${what}`, { help })
  const parsed = parseUpToFirst(schema, json)
  if (!parsed.success)
    throw refuse(z.prettifyError(parsed.error), 'Give the adapter_config.json that PEFT wrote beside the weights.')
  const c = parsed.data
  if (c.peft_type === fullType)
    throw refuse(
      `its weights were fully trained (${fullType}): it is no LoRA adapter`,
      'Merge it into its base (engine merge), and give the merged model’s folder as a base.'
    )
  if (c.peft_type !== 'LORA') throw refuse(`peft_type ${c.peft_type} is not supported`)
  if ((c.bias ?? 'none') !== 'none') throw refuse('trained biases (bias) are not supported')
  const begun = c.init_lora_weights ?? true
  if (typeof begun === 'string' && baseChanging.test(begun))
    throw refuse(
      `init_lora_weights ${begun}: such an adapter belongs to a base whose weights were changed when it began`,
      'Convert it to plain LoRA: save_pretrained(…, path_initial_model_for_weight_conversion=…) in PEFT does it.'
    )
  if (typeof begun === 'string' && !plainBeginnings.has(begun.toLowerCase()))
    throw refuse(`init_lora_weights ${begun.slice(0, 40)} is not known`)
  for (const [field, value] of Object.entries(c)) {
    if (harmless.has(field) || isOff(value)) continue
    const what = named[field] ?? `the field ${field.slice(0, 60)}, which is not known,`
    throw refuse(`${what} is not supported`, otherwise[field])
  }
  const [rankOf, alphaOf] = [c.rank_pattern, c.alpha_pattern].map(patterns =>
    patternReader(patterns ?? {}, pattern =>
      refuse(
        `the pattern ${pattern.slice(0, 80)} is not supported`,
        'Write it with fewer repeats, without look-around, or as the paths of the modules that it is for.'
      )
    )
  )
  const { r, lora_alpha: alpha } = c
  const rslora = c.use_rslora ?? false
  return {
    rank: r,
    alpha,
    rslora,
    dora: c.use_dora ?? false,
    selects: selecting(c),
    of(path) {
      const rank = rankOf?.(path) ?? r
      return { rank, scale: adapterScale({ rank, alpha: alphaOf?.(path) ?? alpha, rslora }) }
    }
  }
}
