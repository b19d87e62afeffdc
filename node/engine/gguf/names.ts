import type { ModelConfig } from '../architecture/config.ts'

/** Paths of a layer in Hugging Face's naming and in GGUF's. */
const inLayer: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down'
}
const outside: Readonly<Record<string, string>> = {
  'model.embed_tokens': 'token_embd',
  'model.norm': 'output_norm',
  lm_head: 'output'
}

/** Factors of the rotation's wavelengths, where a model stretches some of them. */
export const factorsName = 'rope_freqs.weight'

/** GGUF's name of a module: blk.0.attn_q of model.layers.0.self_attn.q_proj. */
export function ggufModule(path: string): string {
  const [, layer, inner = ''] = /^model\.layers\.(\d+)\.(.+)$/.exec(path) ?? []
  return (layer === undefined ? outside[path] : `blk.${layer}.${inLayer[inner] ?? inner}`) ?? path
}

/** The same of a parameter, which has `.weight` or `.bias` at its end. */
export function ggufName(parameter: string): string {
  const at = parameter.lastIndexOf('.')
  return ggufModule(parameter.slice(0, at)) + parameter.slice(at)
}

/**
 * Llama's queries and keys stand in GGUF with the two halves of each head interleaved, since its rotation turns
 * neighbours there; other architectures' stand as they are.
 */
export function isInterleaved(c: Pick<ModelConfig, 'architecture'>, name: string): boolean {
  const turned = c.architecture === 'LlamaForCausalLM' || c.architecture === 'MistralForCausalLM'
  return turned && /\.self_attn\.[qk]_proj(\.|$)/.test(name)
}

/** Where a row of such a matrix stands in the file. */
export function interleavedRow(row: number, headWidth: number): number {
  const within = row % headWidth
  const half = headWidth / 2
  return row - within + 2 * (within % half) + Math.floor(within / half)
}
