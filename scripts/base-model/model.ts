/** The base model "seedling": small enough for two cores, big enough to speak. About 3.2 million parameters. */
export const VOCABULARY = 4096
/** Positions the model may be given; it is trained on windows of half that or less. */
export const CONTEXT = 512

/** config.json, as Hugging Face's LlamaForCausalLM reads it. */
export const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: VOCABULARY,
  hidden_size: 192,
  intermediate_size: 512,
  num_hidden_layers: 6,
  num_attention_heads: 6,
  num_key_value_heads: 3,
  head_dim: 32,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  max_position_embeddings: CONTEXT,
  tie_word_embeddings: true,
  attention_bias: false,
  mlp_bias: false,
  attention_dropout: 0,
  initializer_range: 0.02,
  pad_token_id: 0,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: 'bfloat16',
  use_cache: true
} as const

/** generation_config.json */
export const GENERATION = { bos_token_id: 1, eos_token_id: 2, pad_token_id: 0, max_length: CONTEXT } as const
