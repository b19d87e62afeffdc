import { frequencies, parseConfig, type Architecture, type ModelConfig } from '../architecture/index.ts'
import type { Keys } from './keys.ts'
import type { WrittenKeys, WrittenValue } from './write.ts'

/** What GGUF calls an architecture, and Hugging Face. */
const families: Readonly<Record<string, { readonly architecture: Architecture; readonly type: string }>> = {
  llama: { architecture: 'LlamaForCausalLM', type: 'llama' },
  qwen2: { architecture: 'Qwen2ForCausalLM', type: 'qwen2' },
  qwen3: { architecture: 'Qwen3ForCausalLM', type: 'qwen3' }
}

/** A Mistral without a window is a Llama, which is how GGUF has it. */
export const familyOf = (architecture: Architecture): string =>
  ({ LlamaForCausalLM: 'llama', MistralForCausalLM: 'llama', Qwen2ForCausalLM: 'qwen2', Qwen3ForCausalLM: 'qwen3' })[
    architecture
  ]

/** What is in the file beside keys that says what the model is. */
export interface Found {
  readonly vocabulary: number
  /** Whether there is a head of its own. */
  readonly head: boolean
  /** Whether q of the first layer, and its gate, have a bias. */
  readonly attentionBias: boolean
  readonly mlpBias: boolean
  readonly factors: Float32Array | undefined
  readonly ids: { readonly begin?: number; readonly ends: readonly number[]; readonly pad?: number }
}

/** A float32 as people would write it: 1e-5, not 0.000009999999747378752. */
const written = (x: number): number => Number(x.toPrecision(7))

/** config.json of a GGUF file's model. @throws ModelError `gguf-unsupported`, `gguf-invalid`, as parseConfig */
export function configOf(keys: Keys, found: Found): { json: Record<string, unknown>; config: ModelConfig } {
  const name = keys.text('general.architecture') ?? ''
  const family = Object.hasOwn(families, name) ? families[name] : undefined
  if (family === undefined)
    throw keys.refuse(
      `the architecture ${JSON.stringify(name.slice(0, 40))} is not supported`,
      `Supported: ${Object.keys(families).join(', ')}.`
    )
  const of = (key: string): string => `${name}.${key}`
  const heads = keys.needed(of('attention.head_count'))
  const hidden = keys.needed(of('embedding_length'))
  const headWidth = keys.number(of('attention.key_length')) ?? hidden / heads
  const context = keys.needed(of('context_length'))
  // [unsupported] Values are as wide as keys.
  if ((keys.number(of('attention.value_length')) ?? headWidth) !== headWidth)
    throw keys.refuse('values of another width than keys are not supported')
  // [unsupported] All of a head is rotated.
  if ((keys.number(of('rope.dimension_count')) ?? headWidth) !== headWidth)
    throw keys.refuse('rotating a part of each head is not supported')
  // [unsupported] Every token sees all before it.
  const window = keys.number(of('attention.sliding_window')) ?? 0
  if (window !== 0 && window < context) throw keys.refuse('a sliding window is not supported')
  // [unsupported] And none after it: of a model that reads both ways, as those for embeddings do, no text comes.
  if (keys.truth(of('attention.causal')) === false) throw keys.refuse('attention in both directions is not supported')
  const scaling = scalingOf(keys, of, { found, headWidth, theta: written(keys.number(of('rope.freq_base')) ?? 10_000) })
  const json = {
    architectures: [family.architecture],
    model_type: family.type,
    hidden_act: 'silu',
    vocab_size: found.vocabulary,
    hidden_size: hidden,
    intermediate_size: keys.needed(of('feed_forward_length')),
    num_hidden_layers: keys.needed(of('block_count')),
    num_attention_heads: heads,
    num_key_value_heads: keys.number(of('attention.head_count_kv')) ?? heads,
    head_dim: headWidth,
    max_position_embeddings: context,
    rms_norm_eps: written(keys.needed(of('attention.layer_norm_rms_epsilon'))),
    ...scaling,
    tie_word_embeddings: !found.head,
    attention_bias: family.architecture === 'LlamaForCausalLM' && found.attentionBias,
    mlp_bias: found.mlpBias,
    sliding_window: null,
    use_sliding_window: false,
    bos_token_id: found.ids.begin ?? null,
    eos_token_id: found.ids.ends.length === 1 ? found.ids.ends[0] : [...found.ids.ends],
    pad_token_id: found.ids.pad ?? null,
    use_cache: true
  }
  for (const key of [
    'vocab_size',
    'tensor_data_layout',
    'rope.scaling.finetuned',
    'rope.scaling.original_context_length'
  ])
    keys.value(of(key)) // nothing follows from these
  // [unsupported] A key that is on and not known may change what the model says.
  const [unknown] = keys.unread(`${name}.`)
  if (unknown !== undefined) throw keys.refuse(`the key ${unknown.slice(0, 80)}, which is not known, is not supported`)
  return { json, config: parseConfig(json, keys.file) }
}

interface Rotation {
  readonly found: Pick<Found, 'factors'>
  readonly headWidth: number
  readonly theta: number
}

function scalingOf(keys: Keys, of: (key: string) => string, { found, headWidth, theta }: Rotation) {
  // A factor without a type is a linear one, and beside `none` it is nothing, as llama.cpp has it.
  const kind = keys.text(of('rope.scaling.type')) ?? 'linear'
  const said = keys.number(of('rope.scaling.factor')) ?? keys.number(of('rope.scale_linear'))
  const factor = kind === 'none' ? 1 : said || 1
  if (kind !== 'none' && kind !== 'linear' && factor !== 1)
    throw keys.refuse(`rope scaling of type ${kind.slice(0, 20)} is not supported`)
  if (found.factors !== undefined) {
    const scaling = llama3Of(found.factors, headWidth, theta)
    if (scaling === undefined || (kind === 'linear' && factor !== 1))
      throw keys.refuse('the factors of its rotation are none of Llama 3’s')
    return { rope_theta: theta, rope_scaling: scaling }
  }
  return { rope_theta: theta, rope_scaling: factor === 1 ? null : { rope_type: 'linear', factor: written(factor) } }
}

/** What Llama 3's rule calls low and high frequencies, in turns within the context it was trained with. */
const [low, high] = [1, 4]
/** Contexts that models were trained with before they were stretched. */
const originals = [8192, 4096, 16_384, 32_768, 2048]

/** Llama 3's rule whose factors these are; GGUF has the factors alone. */
function llama3Of(factors: Float32Array, headWidth: number, theta: number): Record<string, unknown> | undefined {
  const factor = written(factors.reduce((most, x) => Math.max(most, x), 1))
  // Between low and high a factor follows from the context, so the context follows from it.
  const between = factors.findIndex(x => x > 1.001 && x < 0.999 * factor)
  const wavelength = (2 * Math.PI) / (frequencies({ headWidth, rope: { theta } })[between] ?? NaN)
  const smooth = (1 / (factors[between] ?? NaN) - 1 / factor) / (1 - 1 / factor)
  const implied = Math.round(wavelength * (smooth * (high - low) + low))
  for (const original of [...(Number.isSafeInteger(implied) && implied > 0 ? [implied] : []), ...originals]) {
    const scaling = { kind: 'llama3', factor, low, high, original } as const
    const expected = factorsOf({ headWidth, rope: { theta, scaling } })
    if (expected.every((x, i) => Math.abs(x - (factors[i] ?? NaN)) <= 1e-4 * x))
      return {
        rope_type: 'llama3',
        factor,
        low_freq_factor: low,
        high_freq_factor: high,
        original_max_position_embeddings: original
      }
  }
  return undefined
}

/** How many times longer each wavelength of the rotation is than without scaling. */
export function factorsOf(c: Pick<ModelConfig, 'headWidth' | 'rope'>): Float32Array {
  const [plain, scaled] = [frequencies({ ...c, rope: { theta: c.rope.theta } }), frequencies(c)]
  return Float32Array.from(plain, (x, i) => x / (scaled[i] ?? 1))
}

/** The keys of an architecture, as llama.cpp reads them. */
export function keysOf(c: ModelConfig): WrittenKeys {
  const u32 = (value: number): WrittenValue => ({ type: 'u32', value })
  const f32 = (value: number): WrittenValue => ({ type: 'f32', value })
  const { scaling, theta } = c.rope
  const keys: [string, WrittenValue][] = [
    ['context_length', u32(c.context)],
    ['embedding_length', u32(c.hidden)],
    ['block_count', u32(c.layers)],
    ['feed_forward_length', u32(c.intermediate)],
    ['attention.head_count', u32(c.heads)],
    ['attention.head_count_kv', u32(c.keyHeads)],
    ['attention.key_length', u32(c.headWidth)],
    ['attention.value_length', u32(c.headWidth)],
    ['attention.layer_norm_rms_epsilon', f32(c.epsilon)],
    ['rope.freq_base', f32(theta)],
    ['rope.dimension_count', u32(c.headWidth)],
    ['vocab_size', u32(c.vocabulary)]
  ]
  if (scaling?.kind === 'linear')
    keys.push(['rope.scaling.type', { type: 'text', value: 'linear' }], ['rope.scaling.factor', f32(scaling.factor)])
  const family = familyOf(c.architecture)
  return keys.map(([key, value]) => [`${family}.${key}`, value] as const)
}
