import assert from 'node:assert/strict'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { importGguf } from '../../../node/engine/index.ts'
import { ModelError } from '../../../node/engine/graph/errors.ts'
import { temporary } from '../fixture.ts'
import {
  f32Key,
  ggufBytes,
  listKey,
  llamaKeys,
  llamaTensors,
  text,
  textKey,
  tokens,
  truthKey,
  u32,
  u32Key,
  u64,
  type GgufParts,
  type Key,
  type Tensor
} from './file.ts'

/** A key in place of the right one, or beside them. */
const withKey = (...keys: Key[]): GgufParts => ({
  keys: llamaKeys(Object.fromEntries(keys.map(key => [key.name, key]))),
  tensors: llamaTensors()
})
const withTensor = (name: string, change: Partial<Tensor>): GgufParts => ({
  keys: llamaKeys(),
  tensors: llamaTensors().map(tensor => (tensor.name === name ? { ...tensor, ...change } : tensor))
})
const right = (): GgufParts => ({ keys: llamaKeys(), tensors: llamaTensors() })
const huge = 10n ** 12n

/** Files of people who mean harm, or whose disk was full: each with its code and a word of what is said. */
const files: Record<string, [GgufParts | Buffer, string, RegExp]> = {
  'no file at all': [Buffer.alloc(0), 'gguf-invalid', /no GGUF/],
  'other bytes': [Buffer.from('safetensors, not GGUF, and long enough'), 'gguf-invalid', /no GGUF/],
  'a big-endian one': [ggufBytes({ ...right(), version: 0x03000000 }), 'gguf-unsupported', /it is big-endian/],
  'a trillion tensors': [{ ...right(), tensorCount: huge }, 'gguf-invalid', /number of tensors/],
  'a trillion keys': [{ ...right(), keyCount: huge }, 'gguf-invalid', /number of keys/],
  'counts beyond all numbers': [{ ...right(), tensorCount: 2n ** 64n - 1n }, 'gguf-invalid', /number of tensors/],
  'more keys than it has': [{ ...right(), keyCount: 400 }, 'gguf-invalid', /./],
  'a trillion tokens': [
    withKey(listKey('tokenizer.ggml.tokens', 8, tokens.map(text), huge)),
    'gguf-invalid',
    /length of "tokenizer.ggml.tokens"/
  ],
  'a text of a terabyte': [
    withKey({ name: 'general.name', type: 8, bytes: Buffer.concat([u64(2 ** 40), Buffer.from('x')]) }),
    'gguf-invalid',
    /length of a text/
  ],
  'arrays of arrays': [withKey(listKey('general.tags', 9, [])), 'gguf-invalid', /array of type 9/],
  'a type that there is not': [withKey({ name: 'x', type: 99, bytes: u32(1) }), 'gguf-invalid', /type 99/],
  'a key twice': [
    { keys: [...llamaKeys(), textKey('general.name', 'again')], tensors: llamaTensors() },
    'gguf-invalid',
    /"general.name" stands there twice/
  ],
  'a tensor twice': [
    {
      keys: llamaKeys(),
      tensors: llamaTensors().flatMap(one => (one.name === 'output_norm.weight' ? [one, one] : [one]))
    },
    'gguf-invalid',
    /stands there twice/
  ],
  'an offset in the middle of another': [
    withTensor('blk.0.attn_q.weight', { offset: 32 }),
    'gguf-invalid',
    /begin where/
  ],
  'an offset after the file': [withTensor('blk.0.attn_q.weight', { offset: 2n ** 40n }), 'gguf-invalid', /begin where/],
  'an offset that is no number': [withTensor('token_embd.weight', { offset: 2n ** 63n }), 'gguf-invalid', /offset/],
  'a shape without end': [
    withTensor('token_embd.weight', { lengths: [2n ** 40n, 2n ** 40n] }),
    'gguf-invalid',
    /shape/
  ],
  'a shape of nothing': [withTensor('token_embd.weight', { lengths: [0, 4] }), 'gguf-invalid', /shape/],
  'nine dimensions': [
    withTensor('token_embd.weight', { lengths: Array(9).fill(1) as number[] }),
    'gguf-invalid',
    /dimensions/
  ],
  'rows that are no blocks': [withTensor('blk.0.ffn_down.weight', { type: 14 }), 'gguf-invalid', /Q6_K cannot have/],
  'a type that is not read': [withTensor('token_embd.weight', { type: 10 }), 'gguf-unsupported', /Q2_K/],
  'no alignment': [withKey(u32Key('general.alignment', 0)), 'gguf-invalid', /alignment of 0/],
  'an odd alignment': [withKey(u32Key('general.alignment', 48)), 'gguf-invalid', /alignment of 48/],
  'another architecture': [withKey(textKey('general.architecture', 'mamba')), 'gguf-unsupported', /"mamba"/],
  'an architecture named like everything’s own': [
    withKey(textKey('general.architecture', 'constructor')),
    'gguf-unsupported',
    /"constructor"/
  ],
  'an adapter': [withKey(textKey('general.type', 'adapter')), 'gguf-unsupported', /no model but: adapter/],
  'one part of several': [withKey(u32Key('split.count', 3)), 'gguf-unsupported', /one part/],
  experts: [withKey(u32Key('llama.expert_count', 8)), 'gguf-unsupported', /llama.expert_count/],
  'a scale of its own': [withKey(f32Key('llama.attention.scale', 0.5)), 'gguf-unsupported', /llama.attention.scale/],
  'attention both ways': [withKey(truthKey('llama.attention.causal', false)), 'gguf-unsupported', /both directions/],
  'a window': [withKey(u32Key('llama.attention.sliding_window', 16)), 'gguf-unsupported', /window/],
  'a rotation of half a head': [
    withKey(u32Key('llama.rope.dimension_count', 4)),
    'gguf-unsupported',
    /part of each head/
  ],
  'a rotation by YaRN': [
    withKey(textKey('llama.rope.scaling.type', 'yarn'), f32Key('llama.rope.scaling.factor', 4)),
    'gguf-unsupported',
    /yarn/
  ],
  'no width': [
    { keys: llamaKeys({ 'llama.embedding_length': undefined }), tensors: llamaTensors() },
    'gguf-invalid',
    /llama.embedding_length is missing/
  ],
  'a width in words': [withKey(textKey('llama.embedding_length', 'wide')), 'gguf-invalid', /no number/],
  'another width': [withKey(u32Key('llama.feed_forward_length', 128)), 'weights-mismatch', /ffn_gate/],
  'a layer more': [withKey(u32Key('llama.block_count', 3)), 'weights-missing', /blk.2/],
  'a layer less': [withKey(u32Key('llama.block_count', 1)), 'gguf-unsupported', /blk.1.*not known/],
  'a billion layers': [withKey(u32Key('llama.block_count', 1_000_000_000)), 'model-unsupported', /num_hidden_layers/],
  'no heads': [withKey(u32Key('llama.attention.head_count', 0)), 'gguf-unsupported', /./],
  'a vocabulary of another kind': [withKey(textKey('tokenizer.ggml.model', 'bert')), 'gguf-unsupported', /bert/],
  'another way of cutting text': [withKey(textKey('tokenizer.ggml.pre', 'viking')), 'gguf-unsupported', /viking/],
  'a token twice': [
    withKey(listKey('tokenizer.ggml.tokens', 8, [...tokens.slice(1), 'he'].map(text))),
    'gguf-invalid',
    /token stands there twice/
  ],
  'fewer kinds than tokens': [withKey(listKey('tokenizer.ggml.token_type', 5, [u32(1)])), 'gguf-invalid', /1 entries/],
  'an end that is no token': [withKey(u32Key('tokenizer.ggml.eos_token_id', 4_000_000)), 'gguf-invalid', /eos token/],
  'a merge of one': [withKey(listKey('tokenizer.ggml.merges', 8, [text('he')])), 'gguf-invalid', /merge/],
  'a text that is none': [
    withKey({ name: 'general.name', type: 8, bytes: Buffer.concat([u64(2), Buffer.from([0xff, 0xfe])]) }),
    'gguf-invalid',
    /UTF-8/
  ],
  'a template as long as a book': [
    withKey(textKey('tokenizer.chat_template', 'x'.repeat(300_000))),
    'gguf-unsupported',
    /chat template/
  ],
  'a weight that is none': [
    withTensor('token_embd.weight', { bytes: Buffer.from(new Float32Array(tokens.length * 32).fill(NaN).buffer) }),
    'weights-invalid',
    /no weight/
  ]
}

describe("strangers' GGUF files", () => {
  const folder = temporary()
  after(() => folder.remove())
  let made = 0
  const put = (bytes: Buffer): { file: string; output: string } => {
    const file = join(folder.path, `${++made}.gguf`)
    writeFileSync(file, bytes)
    return { file, output: `${file}.d` }
  }

  it('a right one is read, so that what is wrong below is what is refused', () => {
    const paths = put(ggufBytes(right()))
    assert.equal(importGguf(paths).architecture, 'LlamaForCausalLM')
    assert.ok(existsSync(join(paths.output, 'config.json')))
  })

  it('its rotation is stretched as llama.cpp would stretch it', () => {
    const factor = f32Key('llama.rope.scaling.factor', 4)
    const cases: [Key[], object | null][] = [
      [[textKey('llama.rope.scaling.type', 'linear'), factor], { rope_type: 'linear', factor: 4 }],
      [[factor], { rope_type: 'linear', factor: 4 }],
      [[f32Key('llama.rope.scale_linear', 2)], { rope_type: 'linear', factor: 2 }],
      [[textKey('llama.rope.scaling.type', 'none'), factor], null],
      [[f32Key('llama.rope.scaling.factor', 0)], null]
    ]
    for (const [keys, scaling] of cases) {
      const paths = put(ggufBytes(withKey(...keys)))
      importGguf(paths)
      const { rope_scaling: got } = JSON.parse(readFileSync(join(paths.output, 'config.json'), 'utf8')) as {
        rope_scaling: object | null
      }
      assert.deepEqual(got, scaling, keys.map(({ name }) => name).join())
    }
  })

  for (const [name, [parts, code, words]] of Object.entries(files))
    it(`${name}: ${code}`, () => {
      const paths = put(Buffer.isBuffer(parts) ? parts : ggufBytes(parts))
      assert.throws(
        () => importGguf(paths),
        (error: unknown) => {
          assert.ok(error instanceof ModelError, String(error))
          assert.equal(error.code, code, error.message)
          assert.match(error.message, words)
          if (code.startsWith('gguf')) assert.ok(error.help !== undefined, 'with what to do')
          return true
        }
      )
      assert.ok(!existsSync(join(paths.output, 'config.json')), 'no folder that looks whole')
    })

  it('a file that is cut anywhere, or has a byte changed, is read or refused by name', () => {
    const whole = ggufBytes(right())
    const headerEnd = whole.indexOf('blk.1.ffn_down.weight') + 64
    const attempt = (bytes: Buffer): void => {
      try {
        importGguf(put(bytes))
      } catch (error) {
        assert.ok(error instanceof ModelError, `${String(error)}\n${(error as Error).stack}`)
      }
    }
    fc.assert(
      fc.property(fc.nat({ max: headerEnd }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, by, cut) => {
        const bytes = Buffer.from(whole)
        if (cut) return attempt(bytes.subarray(0, at))
        bytes[at] = (bytes[at] as number) ^ by
        attempt(bytes)
      }),
      { numRuns: 300 }
    )
  })

  it('a file that claims to be large, and is a hole, costs nothing', () => {
    const { file, output } = put(ggufBytes({ ...right(), tensorCount: 50_000, keyCount: 4096 }))
    truncateSync(file, 2 ** 40)
    assert.throws(() => importGguf({ file, output }), { name: 'ModelError' })
  })
})
