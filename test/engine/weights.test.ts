import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadModel, parseConfig, readAdapter, readConfig, writeAdapter } from '../../node/engine/index.ts'
import { locateTensors } from '../../node/engine/architecture/index.ts'
import {
  dequantizeNf4,
  doubleQuantize,
  dynamicCode,
  fromBfloat16,
  fromFloat16,
  philox,
  nf4Block,
  quantizeNf4Part,
  Random,
  readAll,
  readDirectory,
  singly,
  toBfloat16,
  writeSafetensors
} from '../../node/engine/weights/index.ts'
import { temporary, vectors } from './fixture.ts'

const wholeNf4 = (data: Float32Array): { codes: Uint8Array; maxima: Float32Array } => {
  const tensor = { codes: new Uint8Array(data.length / 2), maxima: new Float32Array(data.length / nf4Block) }
  quantizeNf4Part(data, tensor, 0)
  return tensor
}

describe('weights on disk', () => {
  const folder = temporary()
  after(() => folder.remove())
  const file = (name: string) => join(folder.path, name)
  const tensors = [
    { name: 'a', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: 'b', shape: [2], data: Float32Array.of(-0.5, 1e30) }
  ]

  it('what is written is read, as f32 exactly and as bf16 to eight bits', () => {
    writeSafetensors(file('x'), tensors)
    assert.deepEqual([...(readAll(file('x')).get('a')?.data ?? [])], [1, 2, 3, 4, 5, 6])
    writeSafetensors(file('y'), tensors, 'BF16')
    assert.deepEqual(
      [...(readAll(file('y')).get('b')?.data ?? [])].map(v => Math.fround(v)),
      [-0.5, ...fromBfloat16(toBfloat16(Float32Array.of(1e30)))]
    )
  })

  it('16-bit formats', () => {
    assert.deepEqual(
      [...fromFloat16(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00))],
      [1, -2, 65504, 2 ** -24, -0, Infinity]
    )
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: Math.fround(-1e37), max: Math.fround(1e37) }), x => {
        const [back = NaN] = fromBfloat16(toBfloat16(Float32Array.of(x)))
        assert.ok(Math.abs(back - x) <= Math.abs(x) / 256 + 1e-38)
      })
    )
  })

  it('any damage is an error that names the file, never a wrong tensor or a crash', () => {
    writeSafetensors(file('whole'), tensors)
    const whole = readFileSync(file('whole'))
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const bytes = Buffer.from(whole)
        bytes[position] = (bytes[position] ?? 0) ^ change
        writeFileSync(file('damaged'), bytes)
        try {
          for (const t of readAll(file('damaged')).values())
            assert.equal(
              t.data.length,
              t.shape.reduce((a, b) => a * b, 1)
            )
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'weights-invalid')
        }
      }),
      { numRuns: 150 }
    )
    for (const length of [0, 7, 20, whole.length - 1]) {
      writeFileSync(file('short'), whole)
      truncateSync(file('short'), length)
      assert.throws(() => readDirectory(file('short')), { code: 'weights-invalid' })
    }
  })

  it('a header that claims more than the file holds is refused before it is allocated', () => {
    const claim = Buffer.alloc(16)
    claim.writeBigUInt64LE(2n ** 60n)
    writeFileSync(file('claim'), claim)
    assert.throws(() => readDirectory(file('claim')), { code: 'weights-invalid' })
    const header = Buffer.from(JSON.stringify({ t: { dtype: 'F32', shape: [1e9, 1e9], data_offsets: [0, 4e18] } }))
    const prefix = Buffer.alloc(8)
    prefix.writeBigUInt64LE(BigInt(header.length))
    writeFileSync(file('huge'), Buffer.concat([prefix, header]))
    assert.throws(() => readDirectory(file('huge')), { code: 'weights-invalid' })
  })

  it('a shard index is followed, and may not lead out of the folder', () => {
    const config = readConfig(join(vectors, 'llama-tied'))
    const whole = loadModel(join(vectors, 'llama-tied'))
    const all = [...whole.parameters].map(([name, p]) => ({ name, shape: p.shape, data: p.data }))
    const half = all.length >> 1
    cpSync(join(vectors, 'llama-tied/config.json'), file('config.json'))
    writeSafetensors(file('one.safetensors'), all.slice(0, half))
    writeSafetensors(file('two.safetensors'), all.slice(half))
    const index = (two: string) =>
      writeFileSync(
        file('model.safetensors.index.json'),
        JSON.stringify({
          weight_map: Object.fromEntries(all.map((t, i) => [t.name, i < half ? 'one.safetensors' : two]))
        })
      )
    index('two.safetensors')
    assert.deepEqual(loadModel(folder.path).parameters, whole.parameters)
    index('../two.safetensors')
    assert.throws(() => locateTensors(folder.path, config), { code: 'weights-invalid' })
  })
})

describe('model config', () => {
  const good = JSON.parse(readFileSync(join(vectors, 'llama-tied/config.json'), 'utf8')) as Record<string, unknown>
  const refused = (change: Record<string, unknown>, pattern: RegExp) =>
    assert.throws(
      () => parseConfig({ ...good, ...change }),
      (e: Error) => (e as { code?: string }).code === 'model-unsupported' && pattern.test(e.message)
    )

  it('refuses by name what is not supported', () => {
    refused({ architectures: ['GPT2LMHeadModel'] }, /GPT2LMHeadModel/)
    refused({ architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: 64 }, /sliding window/)
    refused({ rope_scaling: { rope_type: 'yarn', factor: 4 } }, /yarn/)
    refused({ hidden_act: 'gelu' }, /gelu/)
    refused({ num_key_value_heads: 3 }, /key heads/)
    refused({ hidden_size: '64' }, /hidden_size/)
  })

  it('reads older and newer rotary keys alike', () => {
    const scaling = {
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 64
    }
    const older = parseConfig({ ...good, rope_theta: 5e5, rope_scaling: scaling })
    const newer = parseConfig({
      ...good,
      rope_theta: undefined,
      rope_scaling: undefined,
      rope_parameters: { ...scaling, rope_theta: 5e5 }
    })
    assert.deepEqual(older.rope, newer.rope)
  })
})

describe('adapters on disk', () => {
  const folder = temporary()
  after(() => folder.remove())
  const config = readConfig(join(vectors, 'llama-tied'))
  const source = join(vectors, 'llama-tied/adapter-start')

  it('PEFT folders are read, written with the same tensors, and read again', () => {
    const adapter = readAdapter(source, config)
    writeAdapter(folder.path, adapter, 'llama-tied')
    assert.deepEqual(readAdapter(folder.path, config), adapter)
    const names = (path: string) =>
      [...readDirectory(join(path, 'adapter_model.safetensors'))]
        .map(([name, t]) => `${name} ${t.shape.join()} ${t.dtype}`)
        .sort()
    assert.deepEqual(names(folder.path), names(source))
    const keys = (path: string) =>
      JSON.parse(readFileSync(join(path, 'adapter_config.json'), 'utf8')) as Record<string, unknown>
    for (const key of ['peft_type', 'r', 'lora_alpha', 'bias', 'task_type'])
      assert.deepEqual(keys(folder.path)[key], keys(source)[key])
  })
})

describe('numbers', () => {
  it('Philox gives the published vectors', () => {
    assert.deepEqual(philox([0, 0, 0, 0], [0, 0]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    const ones = 0xffffffff
    assert.deepEqual(philox([ones, ones, ones, ones], [ones, ones]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])
    assert.deepEqual(
      philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]),
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
    )
  })

  it('a generator can be taken up at any position', () => {
    const all = new Random(9, 2)
    const drawn = Array.from({ length: 10 }, () => all.uint32())
    for (let from = 0; from < 10; from++) assert.equal(new Random(9, 2, from).uint32(), drawn[from])
  })

  it('NF4 keeps code book values, and is within half a step of any other', () => {
    const data = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i * 1.7))
    const quantized = wholeNf4(data)
    const once = dequantizeNf4(quantized)
    assert.deepEqual(dequantizeNf4(wholeNf4(once)), once)
    data.forEach((x, i) => assert.ok(Math.abs(x - (once[i] ?? NaN)) < 0.16))
    assert.ok((quantized.codes.byteLength + quantized.maxima.byteLength) / data.length <= 0.6)
  })

  it('double quantisation keeps each block maximum to half a step of its code, at 0.516 bytes a weight', () => {
    // The signed map of bitsandbytes (create_dynamic_map): 127 fractions of seven powers of ten on either side, 0 and
    // 1.
    assert.equal(dynamicCode.length, 256)
    const ends = [
      dynamicCode[0],
      dynamicCode[1],
      dynamicCode[126],
      dynamicCode[127],
      dynamicCode[128],
      dynamicCode[254],
      dynamicCode[255]
    ]
    ends.forEach((x, i) =>
      assert.ok(
        Math.abs((x ?? NaN) - ([-0.99296875, -0.97890625, -5.5e-7, 0, 5.5e-7, 0.99296875, 1][i] ?? NaN)) < 1e-7,
        `code ${x}`
      )
    )
    for (const blocks of [1024, 300, 1]) {
      const many = Float32Array.from({ length: blocks }, (_, i) => 1 + 0.9 * Math.sin(i * 1.3))
      const twice = doubleQuantize({ codes: new Uint8Array(blocks * 32), maxima: many })
      const { maxima } = singly(twice, blocks)
      assert.equal(maxima.length, blocks)
      maxima.forEach((x, i) =>
        assert.ok(Math.abs(x - (many[i] ?? NaN)) <= 0.0072 * (twice.scales[Math.floor(i / 256)] ?? NaN) + 1e-6)
      )
    }
    const { codes, maxima, scales, mean } = doubleQuantize({
      codes: new Uint8Array(2 ** 19),
      maxima: new Float32Array(2 ** 14).fill(0.5)
    })
    assert.ok((codes.byteLength + maxima.byteLength + scales.byteLength + mean.byteLength) / 2 ** 20 < 0.5165)
  })
})
