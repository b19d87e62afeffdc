import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import type { Graph } from '../graph/graph.ts'
import { f32, u8, type Feeds } from '../graph/session.ts'
import { int4Block, quantizeInt4, type Int4Tensor } from '../weights/int4.ts'
import { doubleQuantize, quantizeNf4, type Nf4Tensor } from '../weights/nf4.ts'
import { readDirectory, readTensor, type StoredTensor } from '../weights/safetensors.ts'
import { readConfig, type ModelConfig } from './config.ts'
import { parameterSpecs } from './parameters.ts'
import { headName, int4Inputs, int4Names, nf4Inputs, quantizedNames, withInt4, withNf4 } from './quantized.ts'

/** A model in memory: every parameter as float32, in the order of `parameterSpecs`, but for those that are quantised. */
export interface LoadedModel {
  readonly folder: string
  readonly config: ModelConfig
  readonly parameters: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
  /** By weight name; these are not in `parameters`. */
  readonly quantized?: ReadonlyMap<string, Nf4Tensor>
  /** By weight name, for serving only. */
  readonly int4?: ReadonlyMap<string, Int4Tensor>
}

export const quantizations = ['none', 'nf4', 'nf4-double', 'int4'] as const
export type Quantization = (typeof quantizations)[number]

/** The tensors of a Hugging Face folder, of one file or of shards with an index, checked against the config. */
export function locateTensors(folder: string, config: ModelConfig): Map<string, StoredTensor> {
  const single = join(folder, 'model.safetensors')
  const indexFile = join(folder, 'model.safetensors.index.json')
  const all = new Map<string, StoredTensor>()
  for (const file of existsSync(single) ? [single] : shardFiles(folder, indexFile)) {
    for (const [name, tensor] of readDirectory(file)) all.set(name, tensor)
  }
  const found = new Map<string, StoredTensor>()
  for (const { name, shape } of parameterSpecs(config)) {
    const tensor = all.get(name)
    if (tensor === undefined) throw new ModelError('weights-missing', `${folder}: tensor ${name} is missing`, { help: 'The weights do not belong to this config.json.' })
    if (tensor.shape.join() !== shape.join()) {
      throw new ModelError('weights-mismatch', `${folder}: tensor ${name} is [${tensor.shape.join(', ')}], config.json wants [${shape.join(', ')}]`)
    }
    found.set(name, tensor)
  }
  return found
}

function shardFiles(folder: string, indexFile: string): string[] {
  if (!existsSync(indexFile)) throw new ModelError('weights-missing', `${folder} has neither model.safetensors nor an index of shards`)
  const index = JSON.parse(readFileSync(indexFile, 'utf8')) as { weight_map?: Record<string, unknown> }
  const names = [...new Set(Object.values(index.weight_map ?? {}))]
  return names.map((name) => {
    if (typeof name !== 'string' || name.includes('/') || name.includes('\\')) throw new ModelError('weights-invalid', `${indexFile}: shard ${String(name)} is not a file name`)
    return join(folder, name)
  })
}

/** Reads a folder tensor by tensor: with quantisation, no more than one projection is in memory as float32 at a time. */
export function loadModel(folder: string, quantization: Quantization = 'none'): LoadedModel {
  const config = readConfig(folder)
  const names = quantization === 'nf4' || quantization === 'nf4-double' ? quantizedNames(config) : new Set<string>()
  const fast = quantization === 'int4' ? int4Names(config) : new Set<string>()
  const int4 = new Map<string, Int4Tensor>()
  const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  const quantized = new Map<string, Nf4Tensor>()
  for (const [name, tensor] of locateTensors(folder, config)) {
    const data = readTensor(tensor)
    if (fast.has(name)) int4.set(name, quantizeInt4(data))
    // The head stays as it is beside its 4-bit form: embeddings and losses use it.
    if (fast.has(name) && name !== headName(config)) continue
    if (!names.has(name)) {
      parameters.set(name, { shape: tensor.shape, data })
      continue
    }
    const { codes, maxima } = quantizeNf4(data)
    quantized.set(name, { codes, maxima: quantization === 'nf4-double' ? doubleQuantize(maxima).maxima : maxima })
  }
  return { folder, config, parameters, ...(quantized.size === 0 ? {} : { quantized }), ...(int4.size === 0 ? {} : { int4 }) }
}

/** The weights as the inputs of any graph of the model. */
export function weightFeeds(model: LoadedModel): Feeds {
  const feeds: Feeds = {}
  for (const [name, p] of model.parameters) feeds[name] = f32(p.data, p.shape)
  for (const [name, { codes, maxima }] of model.quantized ?? []) {
    const [codesName, maximaName, codesAgain, maximaAgain] = nf4Inputs(name)
    feeds[codesName] = feeds[codesAgain] = u8(codes, [codes.length])
    feeds[maximaName] = feeds[maximaAgain] = f32(maxima, [maxima.length])
  }
  for (const [name, { codes, scales }] of model.int4 ?? []) {
    const [codesName, scalesName] = int4Inputs(name)
    const blocks = codes.length / (int4Block / 2)
    const rows = parameterSpecs(model.config).find((p) => p.name === name)?.shape[0] ?? 1
    feeds[codesName] = u8(codes, [rows, blocks / rows, int4Block / 2])
    feeds[scalesName] = f32(scales, [scales.length])
  }
  return feeds
}

/** The weights that a serving session holds as constants: all but NF4 codes, which would be unpacked once and for all. */
export function boundFeeds(model: LoadedModel): Feeds {
  const codes = new Set<string>([...model.quantized?.keys() ?? []].flatMap((name) => [...nf4Inputs(name)]))
  return Object.fromEntries(Object.entries(weightFeeds(model)).filter(([name]) => !codes.has(name)))
}

/** The graph of one layer alone in the form its weights have. */
export function fitLayer(model: LoadedModel, graph: Graph): Graph {
  if (model.quantized === undefined) return graph
  return withNf4(graph, new Set([...model.quantized.keys()].map((name) => name.replace(/^model\.layers\.\d+\./, 'layer.'))))
}

/** A graph of the model in the form its weights have. */
export function fitGraph(model: LoadedModel, graph: Graph): Graph {
  if (model.int4 !== undefined) return withInt4(graph, new Set(model.int4.keys()))
  return model.quantized === undefined ? graph : withNf4(graph, new Set(model.quantized.keys()))
}
