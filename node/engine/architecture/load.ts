import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import { parseBounded } from '../graph/files.ts'
import type { Graph } from '../graph/graph.ts'
import { f16, f32, u8, type Feeds } from '../graph/session.ts'
import { int4Block, quantizeInt4, type Int4Tensor } from '../weights/int4.ts'
import { doubleQuantize, type DoubleNf4Tensor } from '../weights/double.ts'
import { nf4Block, quantizeNf4Part, type Nf4Tensor } from '../weights/nf4.ts'
import { haveSameBytes, readDirectory, readPieces, readTensor, type StoredTensor } from '../weights/safetensors.ts'
import { readConfig, type ModelConfig } from './config.ts'
import { halfInput, withHalf } from './half.ts'
import { headName, parameterSpecs } from './parameters.ts'
import { doubleInputs, int4Inputs, int4Names, nf4Inputs, quantizedNames, withInt4, withNf4 } from './quantized.ts'

export type QuantizedTensor = Nf4Tensor | DoubleNf4Tensor

export interface Parameter {
  readonly shape: readonly number[]
  readonly data: Float32Array
  /** The same for one use, where it is not in memory for others. */
  once?(): Float32Array
}

/** A parameter's numbers for one use: to be packed or rounded. */
export const onceOf = (parameter: Parameter): Float32Array => parameter.once?.() ?? parameter.data

/**
 * A model in memory: every parameter as float32, in the order of `parameterSpecs`, but for those that are quantised.
 */
export interface LoadedModel {
  readonly folder: string
  readonly config: ModelConfig
  readonly parameters: ReadonlyMap<string, Parameter>
  /** By weight name; these are not in `parameters`. */
  readonly quantized?: ReadonlyMap<string, QuantizedTensor>
  /** By weight name: bits of float16 (half.ts). */
  readonly half?: ReadonlyMap<string, { readonly shape: readonly number[]; readonly bits: Uint16Array }>
  /** By weight name, for serving only. */
  readonly int4?: ReadonlyMap<string, Int4Tensor>
  /** Names of weights that kernels round to 8 bits where they serve the model; graphs do not. */
  readonly int8?: ReadonlySet<string>
}

export const quantizations = ['none', 'nf4', 'nf4-double', 'int4'] as const
export type Quantization = (typeof quantizations)[number]

/** The tensors of a Hugging Face folder, of one file or of shards with an index, checked against the config. */
export function locateTensors(folder: string, config: ModelConfig): Map<string, StoredTensor> {
  const single = join(folder, 'model.safetensors')
  const indexFile = join(folder, 'model.safetensors.index.json')
  const all = new Map<string, StoredTensor>()
  const specs = parameterSpecs(config)
  const wanted = new Set(specs.map(({ name }) => name))
  for (const file of existsSync(single) ? [single] : shardFiles(folder, indexFile)) {
    for (const [name, tensor] of readDirectory(file, x => wanted.has(x))) all.set(name, tensor)
  }
  const found = new Map<string, StoredTensor>()
  for (const { name, shape } of specs) {
    const tensor = all.get(name)
    if (tensor === undefined)
      throw new ModelError('weights-missing', `${folder}: tensor ${name} is missing`, {
        help: 'The weights do not belong to this config.json.'
      })
    if (tensor.shape.join() !== shape.join()) {
      throw new ModelError(
        'weights-mismatch',
        `${folder}: tensor ${name} is [${tensor.shape.join(', ')}], config.json wants [${shape.join(', ')}]`
      )
    }
    found.set(name, tensor)
  }
  const head = all.get('lm_head.weight')
  const embedding = found.get('model.embed_tokens.weight')
  // [unsupported] A head that stands beside the embeddings is what they are where config.json says so: libraries differ
  // in which of both counts.
  if (config.tied && head !== undefined && embedding !== undefined && !haveSameBytes(head, embedding))
    throw new ModelError('model-unsupported', `${folder}: lm_head.weight is another than the embeddings`, {
      help:
        'config.json ties both (tie_word_embeddings): say false there if the head was trained, ' +
        'as in models that were merged with an adapter of it; else take the tensor out.'
    })
  return found
}

function shardFiles(folder: string, indexFile: string): string[] {
  if (!existsSync(indexFile))
    throw new ModelError('weights-missing', `${folder} has neither model.safetensors nor an index of shards`)
  const shards = new Map<string, string>()
  for (const [tensor, name] of Object.entries(weightMap(indexFile))) {
    if (typeof name !== 'string' || name.includes('/') || name.includes('\\'))
      throw new ModelError('weights-invalid', `${indexFile}: shard ${String(name)} is not a file name`)
    if (!shards.has(name)) shards.set(name, tensor)
  }
  for (const [name, tensor] of shards) {
    if (!existsSync(join(folder, name)))
      throw new ModelError('weights-missing', `${folder}: shard ${name}, which holds tensor ${tensor}, is missing`, {
        help: 'Fetch the model again; a file of it is missing.'
      })
  }
  return [...shards.keys()].map(name => join(folder, name))
}

/** The list of a few thousand tensors and their files. */
const mostIndexBytes = 8 * 2 ** 20

function weightMap(indexFile: string): Record<string, unknown> {
  const help = 'Fetch the file again; it is damaged.'
  const refuse = (cause?: unknown) =>
    new ModelError('weights-invalid', `${indexFile} is no index of shards`, { cause, help })
  let index: unknown
  try {
    index = parseBounded(indexFile, mostIndexBytes, 'weights-invalid', help)
  } catch (error) {
    throw refuse(error)
  }
  const map = typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : undefined
  if (typeof map !== 'object' || map === null) throw refuse()
  return map as Record<string, unknown>
}

/** Weights that are in memory as float32 at a time while they are quantised: whole blocks. */
const pieceSize = nf4Block * 4096

function readNf4(tensor: StoredTensor): Nf4Tensor {
  const count = tensor.shape.reduce((a, b) => a * b, 1)
  const quantized = { codes: new Uint8Array(count / 2), maxima: new Float32Array(count / nf4Block) }
  readPieces(tensor, pieceSize, (piece, first) => quantizeNf4Part(piece, quantized, first))
  if (!quantized.maxima.every(Number.isFinite))
    throw new ModelError('weights-invalid', `${tensor.file}: tensor ${tensor.name} holds something that is no number`)
  return quantized
}

/** Reads a folder tensor by tensor: with quantisation, little of it is in memory as float32 at a time. */
export function loadModel(folder: string, quantization: Quantization = 'none'): LoadedModel {
  const config = readConfig(folder)
  const names = quantization === 'nf4' || quantization === 'nf4-double' ? quantizedNames(config) : new Set<string>()
  const fast = quantization === 'int4' ? int4Names(config) : new Set<string>()
  const int4 = new Map<string, Int4Tensor>()
  const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  const quantized = new Map<string, QuantizedTensor>()
  for (const [name, tensor] of locateTensors(folder, config)) {
    if (names.has(name)) {
      const once = readNf4(tensor)
      quantized.set(name, quantization === 'nf4-double' ? doubleQuantize(once) : once)
      continue
    }
    const data = readTensor(tensor)
    if (fast.has(name)) int4.set(name, quantizeInt4(data))
    // The head stays as it is beside its 4-bit form: embeddings and losses use it.
    if (fast.has(name) && name !== headName(config)) continue
    parameters.set(name, { shape: tensor.shape, data })
  }
  return {
    folder,
    config,
    parameters,
    ...(quantized.size === 0 ? {} : { quantized }),
    ...(int4.size === 0 ? {} : { int4 })
  }
}

/** The weights as the inputs of any graph of the model. */
export function weightFeeds(model: LoadedModel): Feeds {
  const feeds: Feeds = {}
  for (const [name, p] of model.parameters) feeds[name] = f32(p.data, p.shape)
  for (const [name, tensor] of model.quantized ?? []) Object.assign(feeds, quantizedFeeds(name, tensor))
  for (const [name, { shape, bits }] of model.half ?? []) feeds[halfInput(name)] = f16(bits, shape)
  for (const [name, { codes, scales }] of model.int4 ?? []) {
    const [codesName, scalesName] = int4Inputs(name)
    const blocks = codes.length / (int4Block / 2)
    const rows = parameterSpecs(model.config).find(p => p.name === name)?.shape[0] ?? 1
    feeds[codesName] = u8(codes, [rows, blocks / rows, int4Block / 2])
    feeds[scalesName] = f32(scales, [scales.length])
  }
  return feeds
}

function quantizedFeeds(name: string, tensor: QuantizedTensor): Feeds {
  const [codesName, maximaName, codesAgain, maximaAgain] = nf4Inputs(name)
  const codes = u8(tensor.codes, [tensor.codes.length])
  if (!('scales' in tensor)) {
    const maxima = f32(tensor.maxima, [tensor.maxima.length])
    return { [codesName]: codes, [codesAgain]: codes, [maximaName]: maxima, [maximaAgain]: maxima }
  }
  const maxima = u8(tensor.maxima, [tensor.maxima.length])
  const [scales, mean] = doubleInputs(name)
  return {
    [codesName]: codes,
    [codesAgain]: codes,
    [maximaName]: maxima,
    [maximaAgain]: maxima,
    [scales]: f32(tensor.scales, [tensor.scales.length]),
    [mean]: f32(tensor.mean, [1])
  }
}

/**
 * The weights that a serving session holds as constants: all but NF4 codes, which would be unpacked once and for all.
 */
export function boundFeeds(model: LoadedModel): Feeds {
  const codes = new Set<string>(
    [...(model.quantized?.keys() ?? [])].flatMap(name => [...nf4Inputs(name), ...doubleInputs(name)])
  )
  return Object.fromEntries(Object.entries(weightFeeds(model)).filter(([name]) => !codes.has(name)))
}

/** The graph of one layer alone in the form its weights have. */
export function fitLayer(model: LoadedModel, graph: Graph): Graph {
  if (model.quantized === undefined) return graph
  return withNf4(
    graph,
    new Set([...model.quantized.keys()].map(name => name.replace(/^model\.layers\.\d+\./, 'layer.'))),
    isDouble(model)
  )
}

/** A graph of the model in the form its weights have. */
export function fitGraph(model: LoadedModel, graph: Graph): Graph {
  if (model.half !== undefined) return withHalf(graph, new Set(model.half.keys()))
  if (model.int4 !== undefined) return withInt4(graph, new Set(model.int4.keys()))
  return model.quantized === undefined ? graph : withNf4(graph, new Set(model.quantized.keys()), isDouble(model))
}

function isDouble({ quantized }: LoadedModel): boolean {
  return [...(quantized?.values() ?? [])].some(tensor => 'scales' in tensor)
}

/** The arrays that hold the weights, each once, however many inputs are fed by it. */
export function weightArrays(model: LoadedModel): Set<ArrayBufferView> {
  return new Set(Object.values(weightFeeds(model)).map(({ data }) => data as Float32Array))
}
