import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspectModel, loadModel, parseConfig, readConfig, scoreIds } from '../../node/engine/index.ts'
import { roundToFloat16 } from '../../node/engine/weights/half.ts'
import { readAll, toBfloat16, writeSafetensors, type NamedTensor } from '../../node/engine/weights/index.ts'
import { temporary, vectors } from './fixture.ts'

type Json = Record<string, unknown>

const ids = [[5, 9, 200, 31, 7, 7, 450, 12]]
const logitsOf = async (model: string) => (await scoreIds({ model, ids, runtime: { threads: 1 } })).logitsLast[0] ?? []
const near = (a: readonly number[], b: readonly number[], tolerance: number) => {
  assert.equal(a.length, b.length)
  a.forEach((x, i) => assert.ok(Math.abs(x - (b[i] ?? NaN)) <= tolerance, `logit ${i}: ${x} for ${b[i]}`))
}
const configOf = (name: string): Json => JSON.parse(readFileSync(join(vectors, name, 'config.json'), 'utf8')) as Json
const tensorsOf = (name: string): NamedTensor[] => [...readAll(join(vectors, name, 'model.safetensors')).values()]

describe('model folders as they are published', () => {
  const root = temporary()
  after(() => root.remove())
  let count = 0
  function folder(config: Json, tensors: readonly NamedTensor[]): string {
    const path = join(root.path, String(count++))
    mkdirSync(path)
    writeFileSync(join(path, 'config.json'), JSON.stringify(config))
    writeSafetensors(join(path, 'model.safetensors'), tensors)
    return path
  }
  const llama = configOf('llama-tied')
  const tensors = tensorsOf('llama-tied')

  it('multi-query attention answers as the same keys and values for every head', async () => {
    const [heads, hidden] = [Number(llama['num_attention_heads']), Number(llama['hidden_size'])]
    const width = hidden / heads
    const isKey = (name: string) => /[kv]_proj\.weight$/.test(name)
    const one = tensors.map(t =>
      isKey(t.name) ? { ...t, shape: [width, hidden], data: t.data.slice(0, width * hidden) } : t
    )
    const many = one.map(t =>
      isKey(t.name)
        ? {
            ...t,
            shape: [width * heads, hidden],
            data: Float32Array.from({ length: heads * t.data.length }, (_, i) => t.data[i % t.data.length] ?? 0)
          }
        : t
    )
    const single = await logitsOf(folder({ ...llama, num_key_value_heads: 1 }, one))
    near(single, await logitsOf(folder({ ...llama, num_key_value_heads: heads }, many)), 1e-5)
    // Llama without the key, or with null, has as many key heads as heads.
    const { num_key_value_heads: _, ...without } = llama
    near(single, await logitsOf(folder(without, many)), 1e-5)
    near(single, await logitsOf(folder({ ...llama, num_key_value_heads: null }, many)), 1e-5)
  })

  it('a Mistral without a window is the same decoder; one with attention_bias is Qwen2 and a bias on o', async () => {
    const expected = await logitsOf(join(vectors, 'llama-tied'))
    near(
      await logitsOf(
        folder(
          { ...llama, architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: null },
          tensors
        )
      ),
      expected,
      1e-6
    )
    const qwen = configOf('qwen2-bias')
    const own = tensorsOf('qwen2-bias')
    const zeros = Array.from({ length: Number(qwen['num_hidden_layers']) }, (_, i) => ({
      name: `model.layers.${i}.self_attn.o_proj.bias`,
      shape: [Number(qwen['hidden_size'])],
      data: new Float32Array(Number(qwen['hidden_size']))
    }))
    const biased = folder(
      {
        ...qwen,
        architectures: ['LlamaForCausalLM'],
        model_type: 'llama',
        attention_bias: true,
        use_sliding_window: undefined,
        sliding_window: undefined,
        layer_types: undefined
      },
      [...own, ...zeros]
    )
    near(await logitsOf(biased), await logitsOf(join(vectors, 'qwen2-bias')), 1e-6)
    await assert.rejects(
      async () =>
        logitsOf(
          folder(
            {
              ...qwen,
              architectures: ['LlamaForCausalLM'],
              model_type: 'llama',
              attention_bias: true,
              use_sliding_window: undefined,
              sliding_window: undefined,
              layer_types: undefined
            },
            own
          )
        ),
      /o_proj\.bias is missing/
    )
  })

  it('tensors that the model does not use are passed over, whatever their type', async () => {
    const expected = await logitsOf(join(vectors, 'llama-tied'))
    const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')
    assert.ok(embedding !== undefined)
    const more = [
      ...tensors,
      { ...embedding, name: 'lm_head.weight' },
      { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', shape: [8], data: new Float32Array(8) }
    ]
    const path = folder(llama, more)
    near(await logitsOf(path), expected, 0)
    const file = join(path, 'model.safetensors')
    patchHeader(file, header => {
      ;(header['model.layers.0.self_attn.rotary_emb.inv_freq'] as Json)['dtype'] = 'I64'
    })
    near(await logitsOf(path), expected, 0)
    patchHeader(file, header => {
      ;(header['model.norm.weight'] as Json)['dtype'] = 'I32'
    })
    assert.throws(
      () => loadModel(path),
      { message: /model\.norm\.weight has type I32/, help: /convert/ } // nothing is damaged that could be fetched again
    )
  })

  it('a head that is another than the embeddings it is said to be is refused', async () => {
    const embedding = tensors.find(({ name }) => name === 'model.embed_tokens.weight')
    assert.ok(embedding !== undefined)
    const head = { ...embedding, name: 'lm_head.weight', data: embedding.data.map((x, i) => (i === 7 ? x + 1 : x)) }
    const path = folder(llama, [...tensors, head])
    for (const use of [() => loadModel(path), () => inspectModel(path)])
      assert.throws(use, {
        code: 'model-unsupported',
        message: /lm_head\.weight is another/,
        help: /tie_word_embeddings/
      })
    const own = folder({ ...llama, tie_word_embeddings: false }, [...tensors, head])
    assert.equal(loadModel(own).parameters.has('lm_head.weight'), true)
  })

  it('f16 and bf16 are read as what they hold', async () => {
    for (const [dtype, round] of [
      ['F16', roundToFloat16],
      ['BF16', toBfloat16]
    ] as const) {
      const path = folder(llama, tensors)
      writeHalf(join(path, 'model.safetensors'), tensors, dtype, round)
      assert.equal(inspectModel(path).storedAs, dtype)
      const whole = loadModel(join(vectors, 'llama-tied')).parameters
      for (const [name, { data }] of loadModel(path).parameters) {
        const bits = dtype === 'F16' ? 11 : 8
        data.forEach((x, i) =>
          assert.ok(Math.abs(x - (whole.get(name)?.data[i] ?? NaN)) <= 2 ** -bits * Math.abs(x) + 1e-7)
        )
      }
    }
  })

  it('older and newer rotary keys, also one for each kind of layer', () => {
    const scaling = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64
    }
    const { rope_theta: _t, rope_scaling: _s, rope_parameters: _p, ...bare } = llama
    const expected = parseConfig({ ...bare, rope_theta: 5e5, rope_scaling: scaling }).rope
    assert.deepEqual(expected, { theta: 5e5, scaling: { kind: 'llama3', factor: 8, low: 1, high: 4, original: 64 } })
    for (const keys of [
      { rope_scaling: { ...scaling, rope_type: undefined, type: 'llama3' }, rope_theta: 5e5 },
      { rope_parameters: { ...scaling, rope_theta: 5e5 } },
      { rope_parameters: scaling, rope_theta: 5e5 },
      { rope_parameters: { ...scaling, rope_theta: 5e5 }, rope_scaling: null },
      {
        rope_parameters: { full_attention: { ...scaling, rope_theta: 5e5 } },
        layer_types: ['full_attention', 'full_attention']
      },
      { rope_parameters: { rope_type: 'default', rope_theta: 5e5 }, rope_scaling: scaling, rope_theta: 5e5 },
      { rope_parameters: { ...scaling, rope_theta: 5e5 }, rope_scaling: {} }
    ])
      assert.deepEqual(parseConfig({ ...bare, ...keys }).rope, expected, JSON.stringify(keys))
    assert.deepEqual(parseConfig(bare).rope, { theta: 10000 })
    assert.deepEqual(parseConfig({ ...bare, rope_parameters: { rope_type: 'default', rope_theta: 1e6 } }).rope, {
      theta: 1e6
    })
    assert.deepEqual(parseConfig({ ...bare, rope_scaling: { type: 'linear', factor: 2 } }).rope, {
      theta: 10000,
      scaling: { kind: 'linear', factor: 2 }
    })
  })

  it('keys that are left out, or null, mean what transformers takes', () => {
    const {
      tie_word_embeddings: _e,
      head_dim: _h,
      rms_norm_eps: _r,
      num_key_value_heads: _k,
      sliding_window: _w,
      ...bare
    } = llama
    for (const [architecture, type] of [
      ['LlamaForCausalLM', 'llama'],
      ['Qwen2ForCausalLM', 'qwen2'],
      ['Qwen3ForCausalLM', 'qwen3']
    ]) {
      const named = { architectures: [architecture], model_type: type }
      const config = parseConfig({ ...bare, ...named, num_attention_heads: 32, hidden_size: 512 })
      assert.deepEqual([config.tied, config.epsilon, config.keyHeads], [false, 1e-6, 32])
      assert.equal(config.headWidth, architecture === 'Qwen3ForCausalLM' ? 128 : 16)
    }
    const mistral = { architectures: ['MistralForCausalLM'], model_type: 'mistral' }
    assert.equal(parseConfig({ ...bare, ...mistral, num_attention_heads: 32, hidden_size: 512 }).keyHeads, 8)
    // One of both names is enough.
    for (const none of [undefined, null, []])
      assert.deepEqual(parseConfig({ ...llama, architectures: none }), parseConfig(llama))
    assert.deepEqual(parseConfig({ ...llama, model_type: undefined }), parseConfig(llama))
    // A window as long as the context is none.
    const context = Number(llama['max_position_embeddings'])
    assert.equal(parseConfig({ ...llama, ...mistral, sliding_window: context }).context, context)
    assert.equal(
      parseConfig({ ...llama, head_dim: null }).headWidth,
      Number(llama['hidden_size']) / Number(llama['num_attention_heads'])
    )
    assert.equal(
      parseConfig({ ...llama, torch_dtype: 'float16', dtype: 'float16', transformers_version: '5.0.0' }).tied,
      true
    )
    const qwen = {
      ...configOf('qwen2-bias'),
      use_sliding_window: false,
      sliding_window: 32768,
      max_window_layers: 1,
      layer_types: ['full_attention', 'full_attention']
    }
    assert.equal(parseConfig(qwen).architecture, 'Qwen2ForCausalLM')
  })

  it('end tokens of generation_config.json count too', () => {
    const path = folder(llama, tensors)
    writeFileSync(join(path, 'generation_config.json'), JSON.stringify({ eos_token_id: [2, 4] }))
    assert.deepEqual(
      readConfig(path).endIds.toSorted((a, b) => a - b),
      [2, 4]
    )
    writeFileSync(join(path, 'generation_config.json'), '{')
    assert.throws(() => readConfig(path), { code: 'model-config' })
  })

  describe('what is refused, by name, before anything is allocated', () => {
    const refused = (change: Json, pattern: RegExp, code = 'model-unsupported') => {
      const path = folder({ ...llama, ...change }, tensors)
      const before = process.memoryUsage()
      for (const use of [() => loadModel(path), () => inspectModel(path)]) {
        assert.throws(
          use,
          (e: Error) => (e as { code?: string }).code === code && pattern.test(e.message) && e.message.includes(path)
        )
      }
      const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers
      assert.ok(grown < 4 * 2 ** 20, `${grown} bytes were allocated`)
    }

    it('another architecture, a window, an unknown rotary type, weights that are quantised already', () => {
      refused({ architectures: ['MixtralForCausalLM'] }, /MixtralForCausalLM/)
      refused({ architectures: [], model_type: undefined }, /neither architectures nor model_type/)
      refused({ architectures: undefined, model_type: 'gemma' }, /gemma/)
      for (const type of ['qwen2', 'gemma', 'mistral'])
        refused({ model_type: type }, new RegExp(`model_type ${type} is not that of LlamaForCausalLM`))
      const mistral = { architectures: ['MistralForCausalLM'], model_type: 'mistral', max_position_embeddings: 32768 }
      refused({ ...mistral, sliding_window: 4096 }, /sliding window/)
      refused({ ...mistral, sliding_window: undefined }, /sliding window/)
      const qwen = { architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', use_sliding_window: true }
      refused({ ...qwen, sliding_window: 128 }, /sliding window/)
      refused({ ...qwen, sliding_window: undefined, max_position_embeddings: 32768 }, /sliding window/)
      refused({ layer_types: ['full_attention', 'sliding_attention'] }, /sliding window/)
      refused({ layer_types: ['linear_attention', 'full_attention'] }, /linear_attention/)
      for (const kind of ['yarn', 'dynamic', 'longrope', 'mrope', 'something']) {
        refused({ rope_scaling: { rope_type: kind, factor: 2 } }, new RegExp(`rope type ${kind}`))
        refused(
          { rope_scaling: undefined, rope_parameters: { full_attention: { rope_type: kind, rope_theta: 1e4 } } },
          new RegExp(`rope type ${kind}`)
        )
      }
      refused({ rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 1 } }, /high_freq_factor/)
      refused({ rope_scaling: { rope_type: 'linear' } }, /factor/)
      refused(
        { rope_theta: 2e4, rope_scaling: { rope_type: 'linear', factor: 2 }, rope_parameters: { rope_theta: 3e4 } },
        /rope_parameters has a rope_theta of 30000, and beside rope_scaling it is 20000/
      )
      refused({ rope_scaling: { rope_type: 'default', partial_rotary_factor: 0.5 } }, /partial_rotary_factor/)
      refused({ quantization_config: { quant_method: 'gptq', bits: 4 } }, /gptq/)
      refused({ hidden_act: 'gelu' }, /gelu/)
      refused({ num_key_value_heads: 3 }, /key heads/)
      refused({ head_dim: 7 }, /7 elements/)
    })

    it('numbers that the weights do not bear out', () => {
      refused({ vocab_size: 2 ** 31 }, /model\.embed_tokens\.weight is \[512/, 'weights-mismatch')
      refused({ intermediate_size: 2 ** 30 }, /mlp\.(gate|up)_proj/, 'weights-mismatch')
      refused({ num_attention_heads: 2 ** 20, num_key_value_heads: 1, head_dim: 2 ** 20 }, /q_proj/, 'weights-mismatch')
      refused({ num_hidden_layers: 5000 }, /model\.layers\.\d+\.\S+ is missing/, 'weights-missing')
      refused({ num_hidden_layers: 2 ** 31 }, /num_hidden_layers/)
      refused({ hidden_size: 2 ** 40 }, /hidden_size/)
      refused({ hidden_size: -1 }, /hidden_size/)
      refused({ vocab_size: 1.5 }, /vocab_size/)
      refused({ tie_word_embeddings: false }, /lm_head\.weight is missing/, 'weights-missing')
    })

    it('a context of any length that a config may claim does not decide what is allocated', () => {
      assert.equal(parseConfig({ ...llama, max_position_embeddings: 2 ** 31 }).context, 131_072)
    })
  })

  describe('damage', () => {
    const file = (path: string) => join(path, 'model.safetensors')
    const damaged = (path: string, pattern: RegExp, code = 'weights-invalid') => {
      for (const use of [() => loadModel(path), () => loadModel(path, 'nf4'), () => inspectModel(path)]) {
        assert.throws(use, (e: Error) => (e as { code?: string }).code === code && pattern.test(e.message))
      }
    }

    it('a file that was cut names the tensor that is not whole', () => {
      const path = folder(llama, tensors)
      const size = readFileSync(file(path)).length
      truncateSync(file(path), size - 1)
      damaged(path, new RegExp(`tensor ${tensors.at(-1)?.name.replaceAll('.', '\\.')} ends after the file`))
      truncateSync(file(path), 4)
      damaged(path, /too short/)
      truncateSync(file(path), 0)
      damaged(path, /too short/)
    })

    it('a header that was tampered with names the tensor', () => {
      const tamper = (change: (header: Record<string, Json>) => void, pattern: RegExp, code?: string) => {
        const path = folder(llama, tensors)
        patchHeader(file(path), change as (header: Json) => void)
        damaged(path, pattern, code)
      }
      const name = 'model.layers.0.mlp.up_proj.weight'
      const other = 'model.layers.0.mlp.gate_proj.weight'
      const entry = (header: Record<string, Json>, key = name): Json => header[key] ?? {}
      tamper(h => {
        entry(h)['dtype'] = 'BF16'
      }, /up_proj\.weight has \d+ bytes where its shape needs/)
      tamper(h => {
        entry(h)['dtype'] = 'F8_E4M3'
      }, /up_proj\.weight has type F8_E4M3/)
      tamper(h => {
        entry(h)['data_offsets'] = entry(h, other)['data_offsets']
      }, /_proj\.weight does not begin where/)
      tamper(h => {
        entry(h)['data_offsets'] = [-4, 4]
      }, /up_proj\.weight has no valid offsets/)
      tamper(h => {
        entry(h)['shape'] = [1e9, 1e9]
      }, /up_proj\.weight has \d+ bytes/)
      tamper(
        h => {
          entry(h)['shape'] = (entry(h)['shape'] as number[]).toReversed()
        },
        /up_proj\.weight is \[/,
        'weights-mismatch'
      )
      tamper(h => {
        delete h[name]
      }, /does not begin where|is missing/)
      tamper(h => {
        h[name] = 7 as unknown as Json
      }, /up_proj\.weight has no description/)
    })

    it('bytes after the last tensor are not passed over', () => {
      const path = folder(llama, tensors)
      writeFileSync(file(path), Buffer.concat([readFileSync(file(path)), Buffer.alloc(16)]))
      damaged(path, /16 bytes follow tensor/)
    })

    it('a missing shard, an index that is none, a folder with nothing', () => {
      const path = folder(llama, tensors)
      rmSync(file(path))
      damaged(path, /neither model\.safetensors nor an index/, 'weights-missing')
      const half = tensors.length >> 1
      writeSafetensors(join(path, 'a.safetensors'), tensors.slice(0, half))
      const index = join(path, 'model.safetensors.index.json')
      writeFileSync(
        index,
        JSON.stringify({
          weight_map: Object.fromEntries(tensors.map((t, i) => [t.name, i < half ? 'a.safetensors' : 'b.safetensors']))
        })
      )
      damaged(
        path,
        new RegExp(`shard b\\.safetensors, which holds tensor ${tensors[half]?.name.replaceAll('.', '\\.')}`),
        'weights-missing'
      )
      writeSafetensors(join(path, 'b.safetensors'), tensors.slice(half + 1))
      damaged(path, new RegExp(`tensor ${tensors[half]?.name.replaceAll('.', '\\.')} is missing`), 'weights-missing')
      for (const text of ['{"weight_map":', '[]', '{"weight_map": null}', 'null']) {
        writeFileSync(index, text)
        damaged(path, /no index of shards/)
      }
      cpSync(join(vectors, 'llama-tied/model.safetensors'), file(path))
      assert.equal(loadModel(path).parameters.size, tensors.length)
    })
  })
})

/** Changes the header of a safetensors file, its bytes staying where they are. */
function patchHeader(file: string, change: (header: Json) => void): void {
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE())
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Json
  change(header)
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(file, Buffer.concat([prefix, text, bytes.subarray(8 + length)]))
}

function writeHalf(
  file: string,
  tensors: readonly NamedTensor[],
  dtype: string,
  round: (x: Float32Array) => Uint16Array
): void {
  const header: Json = {}
  let offset = 0
  const parts = tensors.map(({ name, shape, data }) => {
    const bits = round(data)
    header[name] = { dtype, shape, data_offsets: [offset, offset + bits.byteLength] }
    offset += bits.byteLength
    return Buffer.from(bits.buffer, bits.byteOffset, bits.byteLength)
  })
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(file, Buffer.concat([prefix, text, ...parts]))
}
