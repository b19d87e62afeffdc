import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ModelError } from '../graph/errors.ts'

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
  readonly scaling?: { readonly kind: 'llama3'; readonly factor: number; readonly low: number; readonly high: number; readonly original: number } | { readonly kind: 'linear'; readonly factor: number }
}

export const architectures = ['LlamaForCausalLM', 'MistralForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'] as const
export type Architecture = (typeof architectures)[number]

const size = z.int().positive().max(2 ** 31)
const rope = z.looseObject({
  rope_type: z.string().optional(), type: z.string().optional(), rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(), low_freq_factor: z.number().positive().optional(), high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: size.optional(),
})
const ids = z.union([z.int(), z.array(z.int())]).nullish()

const schema = z.looseObject({
  architectures: z.array(z.string()).min(1),
  vocab_size: size, hidden_size: size, intermediate_size: size, num_hidden_layers: size, num_attention_heads: size,
  num_key_value_heads: size.optional(), head_dim: size.nullish(), rms_norm_eps: z.number().positive(),
  max_position_embeddings: size, tie_word_embeddings: z.boolean().optional(), hidden_act: z.string().default('silu'),
  attention_bias: z.boolean().optional(), mlp_bias: z.boolean().optional(),
  sliding_window: z.number().nullish(), use_sliding_window: z.boolean().optional(), layer_types: z.array(z.string()).nullish(),
  rope_theta: z.number().positive().optional(), rope_scaling: rope.nullish(), rope_parameters: rope.nullish(),
  bos_token_id: ids, eos_token_id: ids, pad_token_id: ids,
})

/** Reads config.json of a Hugging Face folder, older keys and newer ones. Refuses by name what is not supported. */
export function readConfig(folder: string): ModelConfig {
  const file = join(folder, 'config.json')
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ModelError('model-config', `${file} cannot be read as JSON`, { cause, help: 'Give the folder of a Hugging Face model: config.json, model.safetensors, tokenizer.json.' })
  }
  return parseConfig(json, file)
}

export function parseConfig(json: unknown, file = 'config.json'): ModelConfig {
  const refuse = (what: string, help?: string) => new ModelError('model-unsupported', `${file}: ${what}`, help === undefined ? {} : { help })
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error))
  const c = parsed.data
  const architecture = architectures.find((a) => a === c.architectures[0])
  if (architecture === undefined) throw refuse(`architecture ${String(c.architectures[0])} is not supported`, `Supported: ${architectures.join(', ')}.`)
  if (c.hidden_act !== 'silu') throw refuse(`hidden_act ${c.hidden_act} is not supported`)
  const windowed = architecture.startsWith('Qwen') ? c.use_sliding_window === true : typeof c.sliding_window === 'number'
  if (windowed || c.layer_types?.some((t) => t !== 'full_attention') === true) throw refuse('a sliding window is not supported')
  const keyHeads = c.num_key_value_heads ?? c.num_attention_heads
  if (c.num_attention_heads % keyHeads !== 0) throw refuse(`${c.num_attention_heads} query heads are no multiple of ${keyHeads} key heads`)
  const headWidth = c.head_dim ?? c.hidden_size / c.num_attention_heads
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0) throw refuse(`a head of ${headWidth} elements cannot be rotated`)
  const list = (x: number | number[] | null | undefined) => (x === null || x === undefined ? [] : Array.isArray(x) ? x : [x])
  const qwen2 = architecture === 'Qwen2ForCausalLM'
  const bias = c.attention_bias ?? false
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
    context: c.max_position_embeddings,
    tied: c.tie_word_embeddings ?? false,
    attentionBias: qwen2 || bias,
    outputBias: !qwen2 && bias,
    mlpBias: c.mlp_bias ?? false,
    headNorm: architecture === 'Qwen3ForCausalLM',
    rope: readRope(c.rope_parameters ?? c.rope_scaling ?? {}, c.rope_parameters?.rope_theta ?? c.rope_theta ?? 10000, refuse),
    beginId: list(c.bos_token_id)[0],
    endIds: list(c.eos_token_id),
    padId: list(c.pad_token_id)[0],
  }
}

function readRope(r: z.infer<typeof rope>, theta: number, refuse: (what: string) => ModelError): Rope {
  const kind = r.rope_type ?? r.type ?? 'default'
  if (kind === 'default') return { theta }
  if (kind === 'linear' && r.factor !== undefined) return { theta, scaling: { kind, factor: r.factor } }
  if (kind === 'llama3') {
    const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = r
    if (factor === undefined || low === undefined || high === undefined || original === undefined) throw refuse('rope type llama3 lacks a key')
    return { theta, scaling: { kind, factor, low, high, original } }
  }
  throw refuse(`rope type ${kind} is not supported`)
}

/** Config of a new Llama, and the config.json that Hugging Face's libraries read. */
export function llamaConfig(shape: { vocabulary: number; hidden: number; intermediate: number; layers: number; heads: number; keyHeads: number; context: number; tied?: boolean; theta?: number; beginId?: number; endId?: number; padId?: number }): { config: ModelConfig; json: Record<string, unknown> } {
  const json = {
    architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_act: 'silu', attention_bias: false, mlp_bias: false, attention_dropout: 0,
    vocab_size: shape.vocabulary, hidden_size: shape.hidden, intermediate_size: shape.intermediate, num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads, num_key_value_heads: shape.keyHeads, head_dim: shape.hidden / shape.heads,
    max_position_embeddings: shape.context, rms_norm_eps: 1e-5, rope_theta: shape.theta ?? 10000, rope_scaling: null,
    tie_word_embeddings: shape.tied ?? true, initializer_range: 0.02, use_cache: true,
    bos_token_id: shape.beginId ?? null, eos_token_id: shape.endId ?? null, pad_token_id: shape.padId ?? null,
  }
  return { config: parseConfig(json), json }
}
