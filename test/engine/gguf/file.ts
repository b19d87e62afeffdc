// GGUF files byte by byte, right ones and wrong ones: apart from what writes them in production.

export interface Key {
  readonly name: string
  readonly type: number
  readonly bytes: Buffer
}

export interface Tensor {
  readonly name: string
  /** As the file has them, the innermost first. */
  readonly lengths: readonly (number | bigint)[]
  readonly type: number
  readonly bytes?: Buffer
  /** Where it does not follow the one before. */
  readonly offset?: number | bigint
}

const le = (width: 4 | 8, x: number | bigint): Buffer => {
  const bytes = Buffer.alloc(width)
  if (width === 4) bytes.writeUInt32LE(Number(x))
  else bytes.writeBigUInt64LE(BigInt(x))
  return bytes
}
export const u32 = (x: number): Buffer => le(4, x)
export const u64 = (x: number | bigint): Buffer => le(8, x)
export const f32 = (x: number): Buffer => Buffer.from(Float32Array.of(x).buffer)
export const text = (x: string): Buffer => Buffer.concat([u64(Buffer.byteLength(x)), Buffer.from(x)])

export const textKey = (name: string, value: string): Key => ({ name, type: 8, bytes: text(value) })
export const u32Key = (name: string, value: number): Key => ({ name, type: 4, bytes: u32(value) })
export const f32Key = (name: string, value: number): Key => ({ name, type: 6, bytes: f32(value) })
export const truthKey = (name: string, value: boolean): Key => ({ name, type: 7, bytes: Buffer.from([Number(value)]) })
/** @param length what it claims to have */
export const listKey = (name: string, inner: number, items: readonly Buffer[], length?: number | bigint): Key => ({
  name,
  type: 9,
  bytes: Buffer.concat([u32(inner), u64(length ?? items.length), ...items])
})

const aligned = (x: number): number => Math.ceil(x / 32) * 32

export interface GgufParts {
  readonly version?: number
  readonly keys: readonly Key[]
  readonly tensors: readonly Tensor[]
  /** What the header claims there are. */
  readonly keyCount?: number | bigint
  readonly tensorCount?: number | bigint
}

export function ggufBytes({ version = 3, keys, tensors, keyCount, tensorCount }: GgufParts): Buffer {
  const header = [Buffer.from('GGUF'), u32(version), u64(tensorCount ?? tensors.length), u64(keyCount ?? keys.length)]
  for (const { name, type, bytes } of keys) header.push(text(name), u32(type), bytes)
  const body: Buffer[] = []
  let at = 0
  for (const { name, lengths, type, bytes = Buffer.alloc(0), offset } of tensors) {
    header.push(text(name), u32(lengths.length), ...lengths.map(u64), u32(type), u64(offset ?? at))
    body.push(bytes, Buffer.alloc(aligned(bytes.length) - bytes.length))
    at += aligned(bytes.length)
  }
  const head = Buffer.concat(header)
  return Buffer.concat([head, Buffer.alloc(aligned(head.length) - head.length), ...body])
}

/** Bytes that two neighbours of GPT-2's letters stand for, enough of a vocabulary for a model of a few rows. */
const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))

export const tokens = [...letters, 'Ġ', 'Ċ', 'he', 'Ġhe', '<|im_start|>', '<|im_end|>']

/** The keys of a Llama with two layers of 32, and a byte-level tokenizer. */
export function llamaKeys(change: Readonly<Record<string, Key | undefined>> = {}): Key[] {
  const all = [
    textKey('general.architecture', 'llama'),
    textKey('general.name', 'tiny'),
    u32Key('llama.context_length', 64),
    u32Key('llama.embedding_length', 32),
    u32Key('llama.block_count', 2),
    u32Key('llama.feed_forward_length', 64),
    u32Key('llama.attention.head_count', 4),
    u32Key('llama.attention.head_count_kv', 2),
    u32Key('llama.rope.dimension_count', 8),
    f32Key('llama.rope.freq_base', 10_000),
    f32Key('llama.attention.layer_norm_rms_epsilon', 1e-5),
    textKey('tokenizer.ggml.model', 'gpt2'),
    textKey('tokenizer.ggml.pre', 'smollm'),
    listKey('tokenizer.ggml.tokens', 8, tokens.map(text)),
    listKey(
      'tokenizer.ggml.token_type',
      5,
      tokens.map(token => u32(token.startsWith('<|') ? 3 : 1))
    ),
    listKey('tokenizer.ggml.merges', 8, ['h e', 'Ġ he'].map(text)),
    u32Key('tokenizer.ggml.bos_token_id', tokens.length - 2),
    u32Key('tokenizer.ggml.eos_token_id', tokens.length - 1),
    textKey('tokenizer.chat_template', '{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}')
  ]
  const changed = all.flatMap(key => (key.name in change ? [change[key.name]] : [key]))
  const added = Object.entries(change).flatMap(([name, key]) => (all.some(one => one.name === name) ? [] : [key]))
  return [...changed, ...added].filter(key => key !== undefined)
}

/** Its tensors in float32, each weight a number of its place. */
export function llamaTensors(): Tensor[] {
  const tensor = (name: string, ...shape: number[]): Tensor => {
    const count = shape.reduce((a, b) => a * b, 1)
    const weights = Float32Array.from({ length: count }, (_, i) => Math.sin(i + name.length) / 8)
    return { name, lengths: shape.toReversed(), type: 0, bytes: Buffer.from(weights.buffer) }
  }
  const layers = [0, 1].flatMap(layer => [
    tensor(`blk.${layer}.attn_norm.weight`, 32),
    tensor(`blk.${layer}.attn_q.weight`, 32, 32),
    tensor(`blk.${layer}.attn_k.weight`, 16, 32),
    tensor(`blk.${layer}.attn_v.weight`, 16, 32),
    tensor(`blk.${layer}.attn_output.weight`, 32, 32),
    tensor(`blk.${layer}.ffn_norm.weight`, 32),
    tensor(`blk.${layer}.ffn_gate.weight`, 64, 32),
    tensor(`blk.${layer}.ffn_up.weight`, 64, 32),
    tensor(`blk.${layer}.ffn_down.weight`, 32, 64)
  ])
  return [tensor('token_embd.weight', tokens.length, 32), tensor('output_norm.weight', 32), ...layers]
}
