import assert from 'node:assert/strict'
import {
  f16,
  f32,
  floats,
  Graph,
  gradients,
  i64,
  Session,
  u8,
  type Op,
  type OpAttributes,
  type Tensor
} from '../../node/engine/graph/index.ts'
import { roundToFloat16 } from '../../node/engine/weights/half.ts'
import { Random } from '../../node/engine/weights/index.ts'
import { halfHere, provider } from './provider.ts'
import { dense, referenceOf, type Dense } from './reference.ts'

type Kind = 'float32' | 'float16' | 'int64' | 'uint8'

/** One way to use an operation: its inputs, and which of them have a derivative. */
interface Case<K extends Op> {
  readonly attributes: OpAttributes[K]
  readonly inputs: readonly {
    readonly shape: readonly number[]
    readonly kind?: Kind
    readonly values?: readonly number[]
    readonly positive?: boolean
    readonly fixed?: boolean
  }[]
  readonly tolerance?: number
  readonly gradientTolerance?: number
  /** Forward only. */
  readonly noRule?: boolean
}

const x = (...shape: number[]) => ({ shape })
const fixed = (...shape: number[]) => ({ shape, fixed: true })
const ids = (values: readonly number[], ...shape: number[]) => ({ shape, kind: 'int64' as const, values })
const weight = { shape: [5, 4], fixed: true, values: Array.from({ length: 20 }, (_, i) => Math.sin(i + 1)) }
/** Values that float16 holds exactly. */
const halfWeight = (...shape: number[]) => ({
  shape,
  kind: 'float16' as const,
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.round(64 * Math.sin(i + 1)) / 64)
})
const causal = [0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0]

/** At least one case for every operation: a new one does not compile without. */
const cases = {
  matmul: [
    [false, false],
    [true, false],
    [false, true],
    [true, true]
  ]
    .map(([transA = false, transB = false]) => ({
      attributes: { transA, transB, alpha: 0.7 },
      inputs: [x(...(transA ? [2, 4, 3] : [2, 3, 4])), x(...(transB ? [2, 5, 4] : [2, 4, 5]))]
    }))
    .concat([{ attributes: { transA: false, transB: true, alpha: 1 }, inputs: [x(2, 3, 4), x(5, 4)] }]),
  add: [
    { attributes: {}, inputs: [x(2, 3), x(3)] },
    { attributes: {}, inputs: [x(2, 1), x(2, 3)] }
  ],
  sub: [{ attributes: {}, inputs: [x(2, 3), x(1, 3)] }],
  mul: [{ attributes: {}, inputs: [x(2, 3), x(2, 1)] }],
  div: [{ attributes: {}, inputs: [x(2, 3), { shape: [3], positive: true }] }],
  scale: [{ attributes: { factor: -1.5 }, inputs: [x(2, 3)] }],
  sigmoid: [{ attributes: {}, inputs: [x(2, 3)] }],
  exp: [{ attributes: {}, inputs: [x(2, 3)] }],
  sqrt: [{ attributes: {}, inputs: [{ shape: [2, 3], positive: true }] }],
  silu: [{ attributes: {}, inputs: [x(3, 4)] }],
  sum: [{ attributes: { axes: [0, 2] }, inputs: [x(2, 3, 4)] }],
  reshape: [{ attributes: { shape: [3, 4] }, inputs: [x(2, 6)] }],
  transpose: [{ attributes: { permutation: [2, 0, 1] }, inputs: [x(2, 3, 4)] }],
  split: [{ attributes: { axis: 1, parts: 3 }, inputs: [x(2, 6, 2)] }],
  concat: [{ attributes: { axis: 1 }, inputs: [x(2, 2, 3), x(2, 2, 3), x(2, 2, 3)] }],
  softmax: [{ attributes: {}, inputs: [x(3, 5)] }],
  rmsNorm: [{ attributes: { epsilon: 1e-5 }, inputs: [x(3, 8), x(8)] }],
  rotary: [false, true].map(inverse => ({
    attributes: { heads: 2, inverse },
    inputs: [x(2, 3, 8), ids([0, 1, 2, 2, 3, 4], 2, 3), fixed(5, 2), fixed(5, 2)]
  })),
  attention: [
    {
      attributes: { scale: 0.5 },
      inputs: [x(2, 4, 3, 2), x(2, 2, 3, 2), x(2, 2, 3, 2), { shape: [1, 1, 3, 3], values: causal, fixed: true }]
    }
  ],
  cachedAttention: [
    {
      attributes: { scale: 0.5 },
      inputs: [x(1, 4, 3, 2), x(1, 2, 3, 2), x(1, 2, 3, 2), x(1, 2, 5, 2), x(1, 2, 5, 2), fixed(1, 1, 3, 8)],
      noRule: true
    }
  ],
  gather: [{ attributes: {}, inputs: [x(6, 3), ids([5, 0, 5, 2], 2, 2)] }],
  scatterAdd: [{ attributes: {}, inputs: [fixed(6, 3), ids([5, 0, 5, 2], 4), x(4, 3)] }],
  tokenLoss: [{ attributes: {}, inputs: [x(4, 3), x(7, 3), ids([6, 0, 3, 3], 4)] }],
  lossGradient: [{ attributes: {}, inputs: [x(3, 5), ids([4, 0, 2], 3)], noRule: true }],
  frozenMatmul: [{ attributes: {}, inputs: [x(3, 4), weight, weight] }],
  lora: [false, true].map(transposed => ({
    attributes: { scale: 2, transposed },
    inputs: [x(2, 3, 4), fixed(...(transposed ? [2, 4, 5] : [2, 5, 4])), fixed(2, 2, 4), fixed(2, 5, 2)]
  })),
  halfMatmul: [
    [true, 64],
    [false, 64],
    [true, 320]
  ].map(([transB, inner]) => ({
    // 2⁻¹¹ of rounding for each factor and sum; finite differences see the reference, which does not round.
    attributes: { transB: transB === true },
    inputs: [x(2, Number(inner)), halfWeight(...(transB === true ? [5, Number(inner)] : [Number(inner), 5]))],
    tolerance: 2e-2,
    gradientTolerance: 2e-2
  })),
  int4Matmul: [
    {
      attributes: { rows: 16, columns: 32 },
      noRule: true,
      tolerance: 0.05, // the kernel rounds x to 8 bits
      inputs: [
        x(3, 32),
        { shape: [16, 1, 16], kind: 'uint8', values: Array.from({ length: 256 }, (_, i) => (i * 53) % 256) },
        { shape: [16], positive: true, fixed: true }
      ]
    }
  ],
  dequantizeNf4: [
    {
      attributes: { rows: 4, columns: 32 },
      inputs: [{ shape: [64], kind: 'uint8', values: Array.from({ length: 64 }, (_, i) => (i * 37) % 256) }, fixed(2)],
      noRule: true
    }
  ],
  dequantizeMaxima: [512, 300].map(count => ({
    attributes: { count },
    inputs: [
      { shape: [512], kind: 'uint8' as const, values: Array.from({ length: 512 }, (_, i) => (i * 37) % 256) },
      fixed(2),
      fixed(1)
    ],
    noRule: true
  }))
} satisfies { [K in Op]: readonly Case<K>[] }

function fill(input: Case<Op>['inputs'][number], random: Random): number[] {
  if (input.values !== undefined) return [...input.values]
  const count = input.shape.reduce((a, b) => a * b, 1)
  return Array.from({ length: count }, () => (input.positive === true ? 0.5 + random.uniform() : random.normal()))
}

function tensor(input: Case<Op>['inputs'][number], data: readonly number[]): Tensor {
  if (input.kind === 'int64') return i64(data, input.shape)
  if (input.kind === 'float16') return f16(roundToFloat16(Float32Array.from(data)), input.shape)
  if (input.kind === 'uint8') return u8(Uint8Array.from(data), input.shape)
  return f32(Float32Array.from(data), input.shape)
}

async function check(op: Op, test: Case<Op>, index: number): Promise<void> {
  const random = new Random(11, index)
  const data = test.inputs.map(input => fill(input, random))
  // Expected, in float64.
  const evaluate = (values: readonly (readonly number[])[]): Dense[] =>
    referenceOf(op)(
      values.map((v, i) => dense(test.inputs[i]?.shape ?? [], v)),
      test.attributes as OpAttributes[Op]
    )
  const expected = evaluate(data)
  // Seeds make a scalar of the first output; the second one of attention and the loss is only saved for the rule.
  const seed = (expected[0]?.data ?? new Float64Array(0)).map(() => random.normal())
  const scalar = (values: readonly (readonly number[])[]): number =>
    (evaluate(values)[0]?.data ?? new Float64Array(0)).reduce((sum, y, i) => sum + y * (seed[i] ?? 0), 0)

  const g = new Graph()
  const values = test.inputs.map((input, i) => g.input(`x${i}`, input.kind ?? 'float32', input.shape))
  const outputs = g.apply(op, values, test.attributes as OpAttributes[Op])
  outputs.forEach((value, i) => g.output(`y${i}`, value))
  const wanted =
    test.noRule === true
      ? []
      : values.filter((_, i) => test.inputs[i]?.kind === undefined && test.inputs[i]?.fixed !== true)
  const first = outputs[0]
  assert.ok(first !== undefined)
  const seedValue = g.input('seed', 'float32', first.shape)
  gradients(g, [{ value: first, seed: seedValue }], wanted).forEach((grad, i) => g.output(`d${i}`, grad))

  const feeds = Object.fromEntries(test.inputs.map((input, i) => [`x${i}`, tensor(input, data[i] ?? [])]))
  // constants, see f16
  const bound = Object.fromEntries(Object.entries(feeds).filter(([, fed]) => fed.type === 'float16'))
  const session = await Session.create(g, { threads: 1, provider }, bound)
  const out = await session.run({ ...feeds, seed: f32(Float32Array.from(seed), expected[0]?.shape ?? []) })
  await session.release()

  expected.forEach((want, i) => near(floats(out[`y${i}`]), want.data, test.tolerance ?? 1e-5, `${op} output ${i}`))
  wanted.forEach((value, w) => {
    const which = values.indexOf(value)
    const grad = floats(out[`d${w}`])
    const step = 1e-6
    const numeric = (data[which] ?? []).map((_, j) => {
      const moved = (by: number) => data.map((v, i) => (i === which ? v.map((y, k) => (k === j ? y + by : y)) : v))
      return (scalar(moved(step)) - scalar(moved(-step))) / (2 * step)
    })
    near(grad, numeric, test.gradientTolerance ?? 2e-5, `${op} gradient of input ${which}`)
  })
}

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i] ?? NaN, expected[i] ?? NaN]
    assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)), `${what}, element ${i}: ${a} for ${b}`)
  }
}

describe(`operations on ${provider}: kernels and derivative rules against float64`, () => {
  for (const [op, list] of Object.entries(cases) as [Op, readonly Case<Op>[]][]) {
    list.forEach((test, i) =>
      it(`${op} ${i + 1}`, async function () {
        // the adapter has no shader-f16
        if (test.inputs.some(({ kind }) => kind === 'float16') && !(await halfHere())) this.skip()
        await check(op, test, i)
      })
    )
  }

  it('scatterAdd loses no update where many fall on one row and several threads work', async () => {
    const [rows, width, count] = [64, 128, 4096]
    const g = new Graph()
    g.output(
      'y',
      g.scatterAdd(
        g.input('like', 'float32', [rows, width]),
        g.input('index', 'int64', [count]),
        g.input('updates', 'float32', [count, width])
      )
    )
    const session = await Session.create(g, { threads: 2, provider })
    const index = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 5 : (i * 31) % 50))
    const feeds = {
      like: f32(new Float32Array(rows * width), [rows, width]),
      index: i64(index, [count]),
      updates: f32(new Float32Array(count * width).fill(1), [count, width])
    }
    const expected = Array.from({ length: rows }, (_, r) => index.filter(i => i === r).length)
    for (let run = 0; run < 20; run++) {
      const y = floats((await session.run(feeds))['y'])
      expected.forEach((n, r) =>
        assert.ok(
          y.subarray(r * width, (r + 1) * width).every(x => x === n),
          `row ${r}`
        )
      )
    }
    await session.release()
  })

  it('lora: gradients of a and b, where the merged weight moves with them', async () => {
    const random = new Random(5)
    const draw = (n: number) => Float32Array.from({ length: n }, () => random.normal())
    const [xd, wd, ad, bd, sd] = [draw(24), draw(20), draw(16), draw(20), draw(30)]
    const scale = 2
    const build = async (form: 'lora' | 'plain'): Promise<Float32Array[]> => {
      const g = new Graph()
      const [xv, w, a, b, s] = [
        g.input('x', 'float32', [2, 3, 4]),
        g.input('w', 'float32', [5, 4]),
        g.input('a', 'float32', [2, 2, 4]),
        g.input('b', 'float32', [2, 5, 2]),
        g.input('s', 'float32', [2, 3, 5])
      ]
      const merged = g.add(g.matmul(b, a, { alpha: scale }), w)
      const y = form === 'lora' ? g.lora(xv, merged, a, b, scale) : g.matmul(xv, merged, { transB: true })
      gradients(g, [{ value: y, seed: s }], [xv, a, b]).forEach((grad, i) => g.output(`d${i}`, grad))
      const session = await Session.create(g, { threads: 1, provider })
      const out = await session.run({
        x: f32(xd, [2, 3, 4]),
        w: f32(wd, [5, 4]),
        a: f32(ad, [2, 2, 4]),
        b: f32(bd, [2, 5, 2]),
        s: f32(sd, [2, 3, 5])
      })
      return [0, 1, 2].map(i => floats(out[`d${i}`]))
    }
    const [own, plain] = [await build('lora'), await build('plain')]
    own.forEach((grad, i) => near(grad, plain[i] ?? [], 1e-5, `lora gradient ${i}`))
  })
})

describe('graph', () => {
  it('refuses shapes that do not fit', () => {
    const g = new Graph()
    const a = g.input('a', 'float32', ['B', 3])
    assert.throws(() => g.matmul(a, g.input('b', 'float32', [4, 5])), { code: 'engine-graph' })
    assert.throws(() => g.add(a, g.input('c', 'float32', ['C', 3])), { code: 'engine-graph' })
    assert.throws(() => g.reshape(a, ['B', 4]), { code: 'engine-graph' })
    assert.throws(() => g.input('a', 'float32', [1]), { code: 'engine-graph' })
  })

  it('the same operation on the same inputs is one value', () => {
    const g = new Graph()
    const a = g.input('a', 'float32', [2])
    assert.equal(g.exp(a), g.exp(a))
    assert.notEqual(g.scale(a, 2), g.scale(a, 3))
  })

  it('a rule that does not exist says so', () => {
    const g = new Graph()
    const logs = g.input('l', 'float32', [2, 3])
    const y = g.lossGradient(logs, g.input('i', 'int64', [2]))
    assert.throws(() => gradients(g, [{ value: y, seed: logs }], [logs]), { code: 'engine-graph' })
  })
})
