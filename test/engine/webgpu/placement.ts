import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-node'
import { inputA, inputB, targetModules, withLora } from '../../../node/engine/adapters/index.ts'
import {
  buildDecoder,
  chosen,
  fitGraph,
  loadModel,
  logits,
  losses,
  type Quantization
} from '../../../node/engine/architecture/index.ts'
import {
  emit,
  gradients,
  optimize,
  outputOf,
  type Dim,
  type Feeds,
  type Graph,
  type Value
} from '../../../node/engine/graph/index.ts'
import { provider } from '../provider.ts'
import { vectors } from '../fixture.ts'

/** Sizes of the symbols in shapes. */
const sizes: Record<string, number> = { K: 1, R: 1, T: 8, M: 2, P: 1, S: 64, 'S+T': 72 }
const size = (dim: Dim): number =>
  typeof dim === 'number'
    ? dim
    : (sizes[dim] ?? dim.split('*').reduce((n, part) => n * (sizes[part] ?? Number(part)), 1))

/** Zeros for whole numbers, anything for the rest: only where the nodes run is looked at. */
function anything({ dtype, shape }: Value): ort.Tensor {
  const dims = shape.map(size)
  const count = dims.reduce((a, b) => a * b, 1)
  if (dtype === 'int64') return new ort.Tensor('int64', new BigInt64Array(count), dims)
  if (dtype === 'uint8') return new ort.Tensor('uint8', new Uint8Array(count), dims)
  return new ort.Tensor(
    'float32',
    Float32Array.from({ length: count }, (_, i) => Math.sin(i) / 10),
    dims
  )
}

interface Event {
  readonly cat: string
  readonly args?: { readonly provider?: string; readonly op_name?: string }
}

/** Operators that ran, by provider, from ONNX Runtime's profile of one run. */
async function ran(graph: Graph): Promise<Map<string, Set<string>>> {
  const folder = mkdtempSync(join(tmpdir(), 'tilth-profile-'))
  try {
    const session = await ort.InferenceSession.create(emit(optimize(graph), new Map(), provider), {
      executionProviders: [provider],
      logSeverityLevel: 3,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile')
    })
    const feeds: Feeds = Object.fromEntries(graph.inputs.map(({ name, value }) => [name, anything(value)]))
    await session.run(feeds)
    session.endProfiling()
    await session.release()
    const found = new Map<string, Set<string>>()
    for (const file of readdirSync(folder)) {
      for (const { args } of JSON.parse(readFileSync(join(folder, file), 'utf8')) as Event[]) {
        if (args?.provider === undefined || args.op_name === undefined) continue
        const known = found.get(args.provider) ?? new Set()
        found.set(args.provider, known.add(args.op_name))
      }
    }
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function serving(quantization: Quantization): Graph {
  const model = loadModel(join(vectors, 'qwen3-qknorm'), quantization)
  const decoder = buildDecoder(model.config, { cache: true })
  decoder.graph.output('logits', logits(model.config, decoder))
  return fitGraph(model, decoder.graph)
}

function training(quantization: Quantization, form: 'merged' | 'branch'): Graph {
  const model = loadModel(join(vectors, 'llama3-rope-qlora'), quantization)
  const decoder = buildDecoder(model.config)
  decoder.graph.output('nll', losses(model.config, decoder))
  const modules = targetModules(model.config, ['q_proj', 'v_proj', 'down_proj'])
  const g = fitGraph(model, withLora(decoder.graph, modules, 4, 1, form))
  const wanted = g.inputs.filter(({ name }) => modules.some(m => name === inputA(m.path) || name === inputB(m.path)))
  gradients(
    g,
    [{ value: outputOf(g, 'nll'), seed: g.input('weights', 'float32', [chosen]) }],
    wanted.map(({ value }) => value)
  ).forEach((grad, i) => g.output(`d ${i}`, grad))
  return g
}

/**
 * What may run on the CPU: arithmetic of shapes and indices, and zeros. Products or sums of activations there would be
 * slow and unnoticed.
 */
const allowed = new Set([
  'Shape',
  'Concat',
  'Reshape',
  'Unsqueeze',
  'Expand',
  'ConstantOfShape',
  'Gather',
  'Slice',
  'Cast',
  'MemcpyFromHost',
  'MemcpyToHost'
])

describe(`where operators run on ${provider}`, () => {
  const graphs: Record<string, () => Graph> = {
    serving: () => serving('none'),
    'serving in four bits': () => serving('int4'),
    'LoRA, merged': () => training('none', 'merged'),
    'LoRA, as a branch': () => training('none', 'branch'),
    QLoRA: () => training('nf4', 'branch')
  }
  for (const [name, build] of Object.entries(graphs)) {
    it(`${name}: nothing but shapes and indices on the CPU`, async () => {
      const found = await ran(build())
      assert.deepEqual(
        [...(found.get('CPUExecutionProvider') ?? [])].filter(op => !allowed.has(op)),
        []
      )
      const there = found.get('WebGpuExecutionProvider') ?? new Set()
      for (const op of ['MatMul', 'Softmax', 'SimplifiedLayerNormalization', 'RotaryEmbedding'])
        assert.ok(there.has(op), `${op} did not run on the GPU, only ${[...there].join()}`)
    })
  }
})
