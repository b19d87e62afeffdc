import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { parseUpToFirst } from '../../../protocol/primitives/parse.ts'
import { ModelError } from '../graph/errors.ts'
import { parseBounded } from '../graph/files.ts'
import { mostConfigBytes } from '../text/end-ids.ts'

/** What one architecture's decoder needs to know. Lengths in elements. */
export interface ModelConfig {
  readonly architecture: Architecture
  readonly vocabulary: number
  readonly hidden: number
  readonly intermediate: number
  readonly layers: number
  readonly heads: number
  readonly keyHeads: number
  readonly headWidth: number
  readonly epsilon: number
  readonly context: number
  readonly tied: boolean
  /** Bias on q, k, v; and on o. */
  readonly attentionBias: boolean
  readonly outputBias: boolean
  readonly mlpBias: boolean
  /** RMS norm of each head's q and k before the rotation. */
  readonly headNorm: boolean
  readonly rope: Rope
  readonly beginId: number | undefined
  readonly endIds: readonly number[]
  readonly padId: number | undefined
}

export interface Rope {
  readonly theta: number
  readonly scaling?:
    | {
        readonly kind: 'llama3'
        readonly factor: number
        readonly low: number
        readonly high: number
        readonly original: number
      }
    | { readonly kind: 'linear'; readonly factor: number }
}

export const architectures = ['LlamaForCausalLM', 'MistralForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'] as const
export type Architecture = (typeof architectures)[number]

/** What `model_type` calls each: the name by which Hugging Face's libraries choose the code that runs a model. */
const modelTypes: Readonly<Record<Architecture, string>> = {
  LlamaForCausalLM: 'llama',
  MistralForCausalLM: 'mistral',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3'
}

const size = z
  .int()
  .positive()
  .max(2 ** 31)
const positive = z.number().positive().nullish()
const rope = z.looseObject({
  rope_type: z.string().nullish(),
  type: z.string().nullish(),
  rope_theta: positive,
  partial_rotary_factor: positive,
  factor: positive,
  low_freq_factor: positive,
  high_freq_factor: positive,
  original_max_position_embeddings: size.nullish()
})
/** The newer form may have one entry for each kind of layer; here all layers are of one kind. */
const ropes = z.union([z.looseObject({ full_attention: rope }).transform(x => x.full_attention), rope]).nullish()
const ids = z.union([z.int(), z.array(z.int())]).nullish()
const truth = z.boolean().nullish()

/** More layers than any published model has, fewer than a list of their names is dear. */
const mostLayers = 10_000

/** Positions that the engine has rotations for; a config may claim any number, and the tables are in every graph. */
const longestContext = 131_072

const schema = z.looseObject({
  architectures: z.array(z.string()).nullish(),
  model_type: z.string().nullish(),
  vocab_size: size,
  hidden_size: size,
  intermediate_size: size,
  num_hidden_layers: size.max(mostLayers),
  num_attention_heads: size,
  num_key_value_heads: size.nullish(),
  head_dim: size.nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  max_position_embeddings: size,
  tie_word_embeddings: truth,
  hidden_act: z.string().default('silu'),
  attention_bias: truth,
  mlp_bias: truth,
  sliding_window: z.number().nullish(),
  use_sliding_window: truth,
  layer_types: z.array(z.string()).nullish(),
  rope_theta: positive,
  partial_rotary_factor: positive,
  rope_scaling: ropes,
  rope_parameters: ropes,
  quantization_config: z.looseObject({ quant_method: z.string().nullish() }).nullish(),
  bos_token_id: ids,
  eos_token_id: ids,
  pad_token_id: ids
})

/** Reads config.json of a Hugging Face folder, older keys and newer ones. Refuses by name what is not supported. */
export function readConfig(folder: string): ModelConfig {
  const file = join(folder, 'config.json')
  const help = 'Give the folder of a Hugging Face model: config.json, model.safetensors, tokenizer.json.'
  const json = parseBounded(file, mostConfigBytes, 'model-config', help)
  const config = parseConfig(json, file)
  return { ...config, endIds: [...new Set([...config.endIds, ...generationEnds(folder)])] }
}

/** Chat models often name their further end tokens in generation_config.json alone. */
function generationEnds(folder: string): number[] {
  const file = join(folder, 'generation_config.json')
  if (!existsSync(file)) return []
  try {
    return list(
      z.looseObject({ eos_token_id: ids }).parse(parseBounded(file, mostConfigBytes, 'model-config')).eos_token_id
    )
  } catch (cause) {
    throw new ModelError('model-config', `${file} has no token ids that can be read`, { cause })
  }
}

const list = (x: number | number[] | null | undefined): number[] =>
  x === null || x === undefined ? [] : Array.isArray(x) ? x : [x]

/** What transformers takes where a key is left out; null in its place is something else. */
const keyHeadDefaults: Partial<Record<Architecture, number>> = {
  MistralForCausalLM: 8,
  Qwen2ForCausalLM: 32,
  Qwen3ForCausalLM: 32
}
const usualWindow = 4096
const qwen3HeadWidth = 128

/** Null where a key says nothing, as an empty object does in Python. */
const said = <T extends object>(x: T | null | undefined): T | null =>
  x === null || x === undefined || Object.keys(x).length === 0 ? null : x

/** By both names that a config has for it, which have to agree: libraries differ in which they go by. */
function architectureOf(
  c: Pick<z.infer<typeof schema>, 'architectures' | 'model_type'>,
  refuse: (what: string, help?: string) => ModelError
): Architecture {
  const [named] = c.architectures ?? []
  const known = architectures.find(a => (named === undefined ? modelTypes[a] === c.model_type : a === named))
  if (known === undefined)
    throw refuse(
      named === undefined && !c.model_type
        ? 'neither architectures nor model_type says what it is'
        : `architecture ${(named ?? c.model_type ?? '').slice(0, 80)} is not supported`,
      `Supported: ${architectures.join(', ')}.`
    )
  if (c.model_type && c.model_type !== modelTypes[known])
    throw refuse(
      `model_type ${c.model_type.slice(0, 40)} is not that of ${known}, which is ${modelTypes[known]}`,
      'Libraries go by model_type: where the weights are of that architecture, put it right in config.json.'
    )
  return known
}

export function parseConfig(json: unknown, file = 'config.json'): ModelConfig {
  const refuse = (what: string, help?: string) =>
    new ModelError('model-unsupported', `${file}: ${what}`, help === undefined ? {} : { help })
  const parsed = parseUpToFirst(schema, json)
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error))
  const c = parsed.data
  const architecture = architectureOf(c, refuse)
  if (c.hidden_act !== 'silu') throw refuse(`hidden_act ${c.hidden_act} is not supported`)
  if (c.quantization_config)
    throw refuse(
      `weights quantised by ${c.quantization_config.quant_method ?? 'another program'} are not supported`,
      'Take the model as it was before quantisation; --quantize and QLoRA quantise it here.'
    )
  // Without the key there is the class's own window.
  const implied = architecture !== 'LlamaForCausalLM' && c.sliding_window === undefined
  const window = implied ? usualWindow : (c.sliding_window ?? Infinity)
  // A window is nothing to a context that is no longer.
  const windowed =
    (!architecture.startsWith('Qwen') || c.use_sliding_window === true) && window < c.max_position_embeddings
  const other = c.layer_types?.find(t => t !== 'full_attention')
  if (windowed || other === 'sliding_attention')
    throw refuse(
      'a sliding window is not supported',
      implied
        ? `Without the key sliding_window it is ${usualWindow}; null says that there is none.`
        : 'Where max_position_embeddings is no larger than the window, no text is longer than it.'
    )
  if (other !== undefined) throw refuse(`layers of type ${other} are not supported`)
  const keyHeads =
    c.num_key_value_heads === undefined
      ? (keyHeadDefaults[architecture] ?? c.num_attention_heads)
      : (c.num_key_value_heads ?? c.num_attention_heads)
  if (c.num_attention_heads % keyHeads !== 0)
    throw refuse(`${c.num_attention_heads} query heads are no multiple of ${keyHeads} key heads`)
  const headWidth =
    c.head_dim === undefined && architecture === 'Qwen3ForCausalLM'
      ? qwen3HeadWidth
      : (c.head_dim ?? c.hidden_size / c.num_attention_heads)
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0)
    throw refuse(`a head of ${headWidth} elements cannot be rotated`)
  const qwen2 = architecture === 'Qwen2ForCausalLM'
  // Mistral and Qwen2 have no such key: one that stands there all the same changes nothing.
  const bias = (architecture === 'LlamaForCausalLM' || architecture === 'Qwen3ForCausalLM') && c.attention_bias === true
  const scaling = said(c.rope_scaling) ?? said(c.rope_parameters) ?? {}
  const theta = scaling.rope_theta ?? c.rope_theta ?? 10000
  // Where both stand the older one counts, with the base beside it: another base in the newer one would be lost.
  if ((c.rope_parameters?.rope_theta ?? theta) !== theta)
    throw refuse(
      `rope_parameters has a rope_theta of ${c.rope_parameters?.rope_theta}, and beside rope_scaling it is ${theta}`,
      'Keep one of rope_scaling and rope_parameters, or the same rope_theta in both.'
    )
  if ((scaling.partial_rotary_factor ?? c.partial_rotary_factor ?? 1) !== 1)
    throw refuse('rotating a part of each head (partial_rotary_factor) is not supported')
  return {
    architecture,
    vocabulary: c.vocab_size,
    hidden: c.hidden_size,
    intermediate: c.intermediate_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    keyHeads,
    headWidth,
    epsilon: c.rms_norm_eps,
    context: Math.min(c.max_position_embeddings, longestContext),
    tied: c.tie_word_embeddings ?? false,
    attentionBias: qwen2 || bias,
    outputBias: bias,
    mlpBias: architecture === 'LlamaForCausalLM' && c.mlp_bias === true,
    headNorm: architecture === 'Qwen3ForCausalLM',
    rope: readRope(scaling, theta, refuse),
    beginId: list(c.bos_token_id)[0],
    endIds: list(c.eos_token_id),
    padId: list(c.pad_token_id)[0]
  }
}

function readRope(r: z.infer<typeof rope>, theta: number, refuse: (what: string) => ModelError): Rope {
  const kind = r.rope_type ?? r.type ?? 'default'
  if (kind === 'default') return { theta }
  const take = (
    key: 'factor' | 'low_freq_factor' | 'high_freq_factor' | 'original_max_position_embeddings'
  ): number => {
    const value = r[key] ?? undefined
    if (value === undefined) throw refuse(`rope type ${kind} lacks the key ${key}`)
    return value
  }
  if (kind === 'linear') return { theta, scaling: { kind, factor: take('factor') } }
  if (kind === 'llama3') {
    const [factor, low, high] = [take('factor'), take('low_freq_factor'), take('high_freq_factor')]
    if (high <= low)
      throw refuse(`rope type llama3 has a high_freq_factor of ${high}, not above its low_freq_factor of ${low}`)
    return { theta, scaling: { kind, factor, low, high, original: take('original_max_position_embeddings') } }
  }
  throw refuse(`rope type ${kind} is not supported`)
}

/** Config of a new Llama, and the config.json that Hugging Face's libraries read. */
export function llamaConfig(shape: {
  vocabulary: number
  hidden: number
  intermediate: number
  layers: number
  heads: number
  keyHeads: number
  context: number
  tied?: boolean
  theta?: number
  beginId?: number
  endId?: number
  padId?: number
}): { config: ModelConfig; json: Record<string, unknown> } {
  const json = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    attention_bias: false,
    mlp_bias: false,
    attention_dropout: 0,
    vocab_size: shape.vocabulary,
    hidden_size: shape.hidden,
    intermediate_size: shape.intermediate,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyHeads,
    head_dim: shape.hidden / shape.heads,
    max_position_embeddings: shape.context,
    rms_norm_eps: 1e-5,
    rope_theta: shape.theta ?? 10000,
    rope_scaling: null,
    tie_word_embeddings: shape.tied ?? true,
    initializer_range: 0.02,
    use_cache: true,
    bos_token_id: shape.beginId ?? null,
    eos_token_id: shape.endId ?? null,
    pad_token_id: shape.padId ?? null
  }
  return { config: parseConfig(json), json }
}
