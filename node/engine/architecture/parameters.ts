import type { ModelConfig } from './config.ts'

export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
}

/** The seven projections of a layer, with their place in the Hugging Face naming and their [out, in] shape. */
export function projections(c: ModelConfig): readonly {
  readonly name: string
  readonly path: string
  readonly out: number
  readonly in: number
  readonly bias: boolean
}[] {
  const [q, kv] = [c.heads * c.headWidth, c.keyHeads * c.headWidth]
  return [
    { name: 'q_proj', path: 'self_attn.q_proj', out: q, in: c.hidden, bias: c.attentionBias },
    { name: 'k_proj', path: 'self_attn.k_proj', out: kv, in: c.hidden, bias: c.attentionBias },
    { name: 'v_proj', path: 'self_attn.v_proj', out: kv, in: c.hidden, bias: c.attentionBias },
    { name: 'o_proj', path: 'self_attn.o_proj', out: c.hidden, in: q, bias: c.outputBias },
    { name: 'gate_proj', path: 'mlp.gate_proj', out: c.intermediate, in: c.hidden, bias: c.mlpBias },
    { name: 'up_proj', path: 'mlp.up_proj', out: c.intermediate, in: c.hidden, bias: c.mlpBias },
    { name: 'down_proj', path: 'mlp.down_proj', out: c.hidden, in: c.intermediate, bias: c.mlpBias }
  ]
}

/** Names of the weights of every layer's projections, or of those to take. */
export function projectionNames(
  c: ModelConfig,
  taken: (p: { readonly in: number; readonly out: number }) => boolean = () => true
): string[] {
  const paths = projections(c)
    .filter(taken)
    .map(({ path }) => path)
  return Array.from({ length: c.layers }, (_, layer) =>
    paths.map(path => `model.layers.${layer}.${path}.weight`)
  ).flat()
}

/** Weights of every layer's projections, without biases: what full training trains. */
export const projectionWeights = (c: ModelConfig): number =>
  c.layers * projections(c).reduce((sum, p) => sum + p.in * p.out, 0)

export const headName = (c: ModelConfig): string => (c.tied ? 'model.embed_tokens.weight' : 'lm_head.weight')

/** Names of the weights that a decoder multiplies by: the projections of every layer, and the head. */
export function productNames(c: ModelConfig): Set<string> {
  return new Set([...projectionNames(c), headName(c)])
}

/** Every parameter of a model, with the name it has in the safetensors file. */
export function parameterSpecs(c: ModelConfig): ParameterSpec[] {
  const specs: ParameterSpec[] = [{ name: 'model.embed_tokens.weight', shape: [c.vocabulary, c.hidden] }]
  for (let layer = 0; layer < c.layers; layer++) {
    specs.push(...layerSpecs(c, `model.layers.${layer}.`))
  }
  specs.push({ name: 'model.norm.weight', shape: [c.hidden] })
  if (!c.tied) specs.push({ name: 'lm_head.weight', shape: [c.vocabulary, c.hidden] })
  return specs
}

/** The parameters of one layer. */
export function layerSpecs(c: ModelConfig, prefix: string): ParameterSpec[] {
  const specs: ParameterSpec[] = [{ name: `${prefix}input_layernorm.weight`, shape: [c.hidden] }]
  for (const p of projections(c)) {
    specs.push({ name: `${prefix}${p.path}.weight`, shape: [p.out, p.in] })
    if (p.bias) specs.push({ name: `${prefix}${p.path}.bias`, shape: [p.out] })
  }
  if (c.headNorm)
    specs.push(
      { name: `${prefix}self_attn.q_norm.weight`, shape: [c.headWidth] },
      { name: `${prefix}self_attn.k_norm.weight`, shape: [c.headWidth] }
    )
  specs.push({ name: `${prefix}post_attention_layernorm.weight`, shape: [c.hidden] })
  return specs
}

/** Number of parameters. */
export function parameterCount(c: ModelConfig): number {
  return parameterSpecs(c).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
}
