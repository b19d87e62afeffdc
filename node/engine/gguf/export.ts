import { adapterScale, addingTo, isDora, isFull, readTuned, type Adapter, type Tuned } from '../adapters/index.ts'
import { locateTensors, parameterSpecs, readConfig, type ModelConfig } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { readTensor } from '../weights/safetensors.ts'
import { factorsOf, familyOf, keysOf } from './config.ts'
import { factorsName, ggufModule, ggufName, interleavedRow, isInterleaved } from './names.ts'
import type { WrittenType } from './pack.ts'
import { tokenizerKeys } from './spoken.ts'
import { ggufTypes } from './types.ts'
import { writeGguf, type WrittenKeys, type WrittenTensor } from './write.ts'

export interface GgufExport {
  /** Hugging Face folder. */
  readonly model: string
  /** PEFT folder. */
  readonly adapter?: string | undefined
  /** What is written: the model, with the adapter added to it where there is one, or the adapter alone. */
  readonly what: 'model' | 'adapter'
  /** File to write. */
  readonly file: string
  readonly type: WrittenType
  /** What programs show. */
  readonly name: string
  onProgress?(done: number, of: number): void
}

/** Numbers that llama.cpp shows of a file; nothing follows from them. */
const fileTypes: Readonly<Record<WrittenType, number>> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7, BF16: 32 }
const quantizationVersion = 2

/**
 * Writes what llama.cpp, Ollama and LM Studio load: a model, or a LoRA adapter for its base.
 * @throws ModelError `gguf-unsupported` where GGUF has no word for the tokenizer · as readConfig, locateTensors,
 * readTuned
 */
export function exportGguf(request: GgufExport): void {
  const config = readConfig(request.model)
  const adapter = request.adapter === undefined ? undefined : readTuned(request.adapter, config, 'scaled')
  if (request.what === 'model') return exportModel(request, config, adapter)
  if (adapter === undefined) throw new ModelError('adapter-missing', 'there is no adapter to write')
  if (isFull(adapter))
    throw new ModelError('gguf-unsupported', 'a fully trained model is no adapter that GGUF has a word for', {
      help: 'Write the whole model: leave --adapter-only out.'
    })
  if (isDora(adapter))
    throw new ModelError('gguf-unsupported', 'GGUF has no word for the magnitudes of DoRA', {
      help: 'Write the whole model: leave --adapter-only out.'
    })
  exportAdapter(request, config, adapter)
}

const general = (config: ModelConfig, name: string, type: string): WrittenKeys => [
  ['general.architecture', { type: 'text', value: familyOf(config.architecture) }],
  ['general.type', { type: 'text', value: type }],
  ['general.name', { type: 'text', value: name }]
]

function exportModel(request: GgufExport, config: ModelConfig, tuned: Tuned | undefined): void {
  const located = locateTensors(request.model, config)
  const keys: WrittenKeys = [
    ...general(config, request.name, 'model'),
    ['general.file_type', { type: 'u32', value: fileTypes[request.type] }],
    ['general.quantization_version', { type: 'u32', value: quantizationVersion }],
    ...keysOf(config),
    ...tokenizerKeys(request.model, config.vocabulary)
  ]
  const adding = tuned === undefined ? undefined : addingTo(tuned)
  const specs = parameterSpecs(config)
  let done = 0
  const tensors = specs.map(({ name, shape }): WrittenTensor => ({
    name: ggufName(name),
    shape,
    type: typeOf(shape, request.type),
    *pieces() {
      const stored = located.get(name)
      if (stored === undefined) throw new ModelError('weights-missing', `${request.model}: tensor ${name} is missing`)
      const data = readTensor(stored)
      adding?.get(name)?.(data)
      yield isInterleaved(config, name) ? interleaved(data, shape, config.headWidth) : data
      request.onProgress?.(++done, specs.length)
    }
  }))
  if (config.rope.scaling?.kind === 'llama3') {
    const factors = factorsOf(config)
    tensors.push({ name: factorsName, shape: [factors.length], type: 'F32', pieces: () => [factors] })
  }
  writeGguf(request.file, keys, tensors)
}

function exportAdapter(request: GgufExport, config: ModelConfig, adapter: Adapter): void {
  const { rank } = adapter
  const keys: WrittenKeys = [
    ...general(config, request.name, 'adapter'),
    ['adapter.type', { type: 'text', value: 'lora' }],
    // It is scaled by alpha / rank there, whatever ours is scaled by.
    ['adapter.lora.alpha', { type: 'f32', value: adapterScale(adapter) * rank }]
  ]
  const tensors = adapter.modules.flatMap((m): WrittenTensor[] => {
    const name = `${ggufModule(m.path)}.weight`
    const b = isInterleaved(config, m.path) ? interleaved(m.b, [m.out, rank], config.headWidth) : m.b
    return [
      { name: `${name}.lora_a`, shape: [rank, m.in], type: 'F32', pieces: () => [m.a] },
      { name: `${name}.lora_b`, shape: [m.out, rank], type: 'F32', pieces: () => [b] }
    ]
  })
  writeGguf(request.file, keys, tensors)
}

/** Norms and biases stay exact; rows that are not whole blocks are halved instead. */
function typeOf(shape: readonly number[], wanted: WrittenType): WrittenType {
  if (shape.length < 2) return 'F32'
  return (shape.at(-1) ?? 0) % ggufTypes[wanted].block === 0 ? wanted : 'F16'
}

function interleaved(data: Float32Array, shape: readonly number[], headWidth: number): Float32Array {
  const columns = data.length / (shape[0] ?? 1)
  const out = new Float32Array(data.length)
  for (let row = 0; row < data.length / columns; row++)
    out.set(data.subarray(row * columns, (row + 1) * columns), interleavedRow(row, headWidth) * columns)
  return out
}
