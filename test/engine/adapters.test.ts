import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { allModules, adapterScale } from '../../node/engine/adapters/index.ts'
import { readAdapter, readConfig } from '../../node/engine/index.ts'
import { Random, writeSafetensors } from '../../node/engine/weights/index.ts'
import { temporary, vectors } from './fixture.ts'

// Adapters as PEFT and its users write them.

const config = readConfig(join(vectors, 'llama-tied'))
const source = join(vectors, 'llama-tied/adapter-start')
const original = JSON.parse(readFileSync(join(source, 'adapter_config.json'), 'utf8')) as Record<string, unknown>
const all = allModules(config)

describe('adapters as people write them', () => {
  const folder = temporary()
  after(() => folder.remove())
  const put = (change: Record<string, unknown>): void => {
    writeFileSync(join(folder.path, 'adapter_config.json'), JSON.stringify({ ...original, ...change }))
  }
  const read = () => readAdapter(folder.path, config)

  interface Own {
    readonly path: string
    readonly rank: number
    readonly alpha: number
  }
  /** Writes a file with these modules, and gives what each adds to its weight. */
  function write(modules: readonly Own[], rslora: boolean, name: string, dtype: 'F32' | 'BF16'): Map<string, number[]> {
    const random = new Random(7, 0)
    const deltas = new Map<string, number[]>()
    const tensors = modules.flatMap(({ path, rank, alpha }) => {
      const shape = all.find(m => m.path === path) ?? { in: 0, out: 0 }
      // Quarters: bf16 keeps them.
      const draw = (length: number) => Float32Array.from({ length }, () => Math.round(8 * random.uniform() - 4) / 4)
      const [a, b] = [draw(rank * shape.in), draw(shape.out * rank)]
      const scale = alpha / (rslora ? Math.sqrt(rank) : rank)
      deltas.set(path, product(a, b, { ...shape, rank, scale }))
      return [
        { name: `base_model.model.${path}.lora_A${name}.weight`, shape: [rank, shape.in], data: a },
        { name: `base_model.model.${path}.lora_B${name}.weight`, shape: [shape.out, rank], data: b }
      ]
    })
    writeSafetensors(join(folder.path, 'adapter_model.safetensors'), tensors, dtype)
    return deltas
  }
  const product = (
    a: Float32Array,
    b: Float32Array,
    m: { in: number; out: number; rank: number; scale: number }
  ): number[] =>
    Array.from({ length: 64 }, (_, k) => {
      const [o, i] = [(k * 7) % m.out, (k * 13) % m.in]
      let sum = 0
      for (let r = 0; r < m.rank; r++) sum += (b[o * m.rank + r] ?? 0) * (a[r * m.in + i] ?? 0)
      return m.scale * sum
    })

  it('any modules of any layers, with ranks and scales of their own, add what PEFT would add', () => {
    const module = fc.record({
      path: fc.constantFrom(...all.map(({ path }) => path)),
      rank: fc.integer({ min: 1, max: 6 }),
      alpha: fc.integer({ min: 1, max: 32 })
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(module, { selector: ({ path }) => path, minLength: 1, maxLength: 5 }),
        fc.constantFrom(true, false, null, undefined),
        fc.constantFrom('', '.default'),
        fc.constantFrom('F32' as const, 'BF16' as const),
        fc.boolean(),
        (modules, rslora, name, dtype, anchored) => {
          const deltas = write(modules, rslora === true, name, dtype)
          const pattern = (value: (own: Own) => number) =>
            Object.fromEntries(
              modules.map(own => [anchored ? `^${own.path.replaceAll('.', '\\.')}` : own.path, value(own)])
            )
          put({
            r: 3,
            lora_alpha: 5,
            use_rslora: rslora,
            target_modules: '.*_proj',
            layers_to_transform: [0],
            rank_pattern: pattern(({ rank }) => rank),
            alpha_pattern: pattern(({ alpha }) => alpha)
          })
          const adapter = read()
          assert.deepEqual(adapter.modules.map(({ path }) => path).sort(), [...deltas.keys()].sort())
          const scale = adapterScale(adapter)
          for (const { path, a, b, ...shape } of adapter.modules)
            for (const [k, value] of product(a, b, { ...shape, rank: adapter.rank, scale }).entries())
              assert.ok(Math.abs(value - (deltas.get(path)?.[k] ?? NaN)) < 1e-3, path)
        }
      ),
      { numRuns: 60 }
    )
  })

  it('a pattern is for the end of a path, the first that fits decides, and others have what all have', () => {
    const modules = all.filter(({ path }) => path.endsWith('q_proj') || path.endsWith('v_proj'))
    write(
      modules.map(({ path }) => ({ path, rank: path.endsWith('q_proj') ? 2 : 4, alpha: 1 })),
      false,
      '',
      'F32'
    )
    put({
      r: 4,
      lora_alpha: 8,
      rank_pattern: { 'self_attn.q_proj': 2 },
      alpha_pattern: { 'layers.0.*q_proj': 6, q_proj: 4 }
    })
    const { modules: got, rank, targets, ...settings } = read()
    assert.deepEqual([rank, targets, adapterScale({ rank, ...settings })], [4, ['q_proj', 'v_proj'], 1])
    assert.equal(got.length, modules.length)
  })

  it('refuses by name what changes the base, or a result in a way that is not computed here', () => {
    cpSync(join(source, 'adapter_model.safetensors'), join(folder.path, 'adapter_model.safetensors'))
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ peft_type: 'IA3' }, /IA3/],
      [{ use_dora: true }, /DoRA/],
      [{ use_dora: 'yes' }, /use_dora/],
      [{ bias: 'all' }, /bias/],
      [{ lora_bias: true }, /lora_bias/],
      [{ modules_to_save: ['lm_head'] }, /modules_to_save/],
      [{ trainable_token_indices: [1] }, /trainable_token_indices/],
      [{ alora_invocation_tokens: [1, 2] }, /activated LoRA/],
      [{ layer_replication: [[0, 4]] }, /layer_replication/],
      [{ fan_in_fan_out: true }, /fan_in_fan_out/],
      [{ target_parameters: ['mlp.experts.gate_up_proj'] }, /target_parameters/],
      ...['pissa', 'pissa_niter_4', 'olora', 'loftq', 'corda'].map((way): [Record<string, unknown>, RegExp] => [
        { init_lora_weights: way },
        new RegExp(`${way}.*weights were changed`)
      ]),
      [{ init_lora_weights: 'of_my_own' }, /of_my_own is not known/],
      [{ rotate_outputs: true }, /rotate_outputs.*not known/],
      [{ r: 2.5 }, /r/],
      [{ rank_pattern: { q_proj: 0 } }, /rank_pattern/]
    ]
    for (const [change, message] of cases) {
      put(change)
      assert.throws(read, (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error)
        assert.equal(error.code, 'adapter-unsupported', JSON.stringify(change))
        assert.match(error.message, message)
        return true
      })
    }
  })

  it('reads what only says where an adapter comes from, and what is off', () => {
    cpSync(join(source, 'adapter_model.safetensors'), join(folder.path, 'adapter_model.safetensors'))
    const plain = readAdapter(source, config)
    put({
      init_lora_weights: 'gaussian',
      use_rslora: null,
      eva_config: null,
      corda_config: null,
      loftq_config: {},
      modules_to_save: [],
      megatron_core: 'megatron.core',
      exclude_modules: 'lm_head',
      qalora_group_size: 16,
      use_qalora: false,
      lora_bias: false,
      alora_invocation_tokens: null,
      peft_version: '0.18.0',
      something_newer: false
    })
    assert.deepEqual(read(), plain)
  })

  it('a stranger’s pattern takes no time', () => {
    cpSync(join(source, 'adapter_model.safetensors'), join(folder.path, 'adapter_model.safetensors'))
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`.*${i}.*x`, 4]))
    for (const pattern of [{ '(a+)+$': 4 }, { '(.*)*': 4 }, { '.*.*.*.*x': 4 }, { 'a{1,9}': 4 }, { '(': 4 }, many]) {
      put({ alpha_pattern: pattern })
      assert.throws(read, { code: 'adapter-unsupported' })
    }
  })

  it('a pattern that Python reads otherwise is refused, not read in another way', () => {
    cpSync(join(source, 'adapter_model.safetensors'), join(folder.path, 'adapter_model.safetensors'))
    const python = ['q_proj\\Z', '\\Amodel.layers.0.self_attn.q_proj', '[]q]_proj', '[^]q]_proj', '\\x71_proj', 'q\\']
    for (const pattern of python) {
      put({ alpha_pattern: { [pattern]: 3 } })
      assert.throws(read, { code: 'adapter-unsupported' }, pattern)
    }
    put({ alpha_pattern: { '\\w_proj': 3, 'layers\\.\\d\\.self_attn\\.[^kv]_proj': 5 } })
    assert.equal(read().modules.length, readAdapter(source, config).modules.length)
  })

  it('tensors of modules that the config does not select are refused: PEFT would leave them out', () => {
    const paths = all.map(({ path }) => path).filter(path => /\.[qv]_proj$/.test(path))
    write(
      paths.map(path => ({ path, rank: 2, alpha: 4 })),
      false,
      '',
      'F32'
    )
    const selected: Record<string, unknown>[] = [
      { target_modules: ['q_proj', 'v_proj'] },
      { target_modules: ['self_attn.q_proj', ...paths] },
      { target_modules: 'all-linear', exclude_modules: ['k_proj', 'lm_head'] },
      { target_modules: '.*[qv]_proj', exclude_modules: '.*k_proj' },
      { target_modules: '.*?(q|v).*?(o|_pr).*?j', layers_pattern: 'layers' },
      { target_modules: null },
      { target_modules: ['q_proj', 'v_proj'], layers_to_transform: [0, 1] }
    ]
    for (const change of selected) {
      put({ r: 2, lora_alpha: 4, ...change })
      assert.equal(read().modules.length, paths.length, JSON.stringify(change))
    }
    const others: Record<string, unknown>[] = [
      { target_modules: ['q_proj'] },
      { target_modules: ['proj', 'attn.q_proj', 'v_proj'] },
      { target_modules: '.*q_proj' },
      { target_modules: 'v_proj' },
      { target_modules: 'all-linear', exclude_modules: ['q_proj'] },
      { target_modules: ['q_proj', 'v_proj'], exclude_modules: '.*layers\\.1.*' },
      { target_modules: ['q_proj', 'v_proj'], layers_to_transform: 1 }
    ]
    for (const change of others) {
      put({ r: 2, lora_alpha: 4, ...change })
      assert.throws(read, { code: 'adapter-mismatch', message: /does not select/ }, JSON.stringify(change))
    }
  })

  it('weights that are no numbers are refused, not answered with', () => {
    const path = 'model.layers.0.self_attn.q_proj'
    const shape = all.find(m => m.path === path) ?? { in: 0, out: 0 }
    put({ r: 1, target_modules: ['q_proj'] })
    for (const [part, value] of [
      ['A', NaN],
      ['B', Infinity]
    ] as const) {
      const tensors = [
        { name: `base_model.model.${path}.lora_A.weight`, shape: [1, shape.in], data: new Float32Array(shape.in) },
        { name: `base_model.model.${path}.lora_B.weight`, shape: [shape.out, 1], data: new Float32Array(shape.out) }
      ]
      tensors[part === 'A' ? 0 : 1]?.data.fill(value, 1, 2)
      writeSafetensors(join(folder.path, 'adapter_model.safetensors'), tensors)
      assert.throws(read, { code: 'adapter-numbers', message: /no number/ })
    }
  })

  it('what is refused comes with what to do', () => {
    cpSync(join(source, 'adapter_model.safetensors'), join(folder.path, 'adapter_model.safetensors'))
    for (const [change, help] of [
      [{ modules_to_save: ['lm_head'], ensure_weight_tying: true }, /merge_and_unload/],
      [{ lora_bias: true }, /merge_and_unload/],
      [{ alora_invocation_tokens: [1] }, /cannot be merged/],
      [{ init_lora_weights: 'OLoRA' }, /plain LoRA/],
      [{ alpha_pattern: { '(?!q)_proj': 3 } }, /look-around/]
    ] as const) {
      put(change)
      assert.throws(read, { code: 'adapter-unsupported', help }, JSON.stringify(change))
    }
    put({ ensure_weight_tying: true, init_lora_weights: 'GAUSSIAN' })
    assert.equal(read().modules.length, readAdapter(source, config).modules.length)
    rmSync(join(folder.path, 'adapter_model.safetensors'))
    writeFileSync(join(folder.path, 'adapter_model.bin'), '')
    assert.throws(read, { code: 'adapter-missing', help: /safetensors/ })
    rmSync(join(folder.path, 'adapter_model.bin'))
  })

  it('tensors that are missing, twice there, or of no projection are refused', () => {
    put({})
    const file = join(folder.path, 'adapter_model.safetensors')
    const path = 'model.layers.0.self_attn.q_proj'
    const shape = all.find(m => m.path === path) ?? { in: 0, out: 0 }
    const rank = Number(original['r'])
    const tensor = (part: 'A' | 'B', name = '', at = path) => {
      const size: [number, number] = part === 'A' ? [rank, shape.in] : [shape.out, rank]
      return {
        name: `base_model.model.${at}.lora_${part}${name}.weight`,
        shape: size,
        data: new Float32Array(size[0] * size[1])
      }
    }
    const expect = (code: string, ...tensors: ReturnType<typeof tensor>[]): void => {
      writeSafetensors(file, tensors)
      assert.throws(read, { code })
    }
    expect('adapter-missing', tensor('A'))
    expect('adapter-mismatch', tensor('A'), tensor('B'), tensor('B', '.default'))
    expect('adapter-mismatch', tensor('A'), tensor('B'), tensor('A', '', 'model.layers.99.self_attn.q_proj'))
    expect('adapter-mismatch', tensor('A', '', 'lm_head'), tensor('B', '', 'lm_head'))
    expect('adapter-mismatch')
    rmSync(file)
    assert.throws(read, { code: 'adapter-missing' })
    assert.throws(() => readAdapter(source, readConfig(join(vectors, 'qwen2-bias'))), { code: 'adapter-mismatch' })
  })
})
