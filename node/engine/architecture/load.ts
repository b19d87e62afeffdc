import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import type { Graph } from '../graph/graph.ts'
import { f32, u8, type Feeds } from '../graph/session.ts'
import { doubleQuantize, quantizeNf4, type Nf4Tensor } from '../weights/nf4.ts'
import { readDirectory, readTensor, type StoredTensor } from '../weights/safetensors.ts'
import { readConfig, type ModelConfig } from './config.ts'
import { parameterSpecs } from './parameters.ts'
import { nf4Inputs, quantizedNames, withNf4 } from './quantized.ts'

/** A model in memory: every parameter as float32, in the order of `parameterSpecs`, but for those that are quantised. */
export interface LoadedModel {
  readonly folder: string
  readonly config: ModelConfig
  readonly parameters: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
  /** By weight name; these are not in `parameters`. */
  readonly quantized?: ReadonlyMap<string, Nf4Tensor>
}

export type Quantization = 'none' | 'nf4' | 'nf4-double'

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
  const names = quantization === 'none' ? new Set<string>() : quantizedNames(config)
  const parameters = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  const quantized = new Map<string, Nf4Tensor>()
  for (const [name, tensor] of locateTensors(folder, config)) {
    const data = readTensor(tensor)
    if (!names.has(name)) {
      parameters.set(name, { shape: tensor.shape, data })
      continue
    }
    const { codes, maxima } = quantizeNf4(data)
    quantized.set(name, { codes, maxima: quantization === 'nf4-double' ? doubleQuantize(maxima).maxima : maxima })
  }
  return quantized.size === 0 ? { folder, config, parameters } : { folder, config, parameters, quantized }
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
  return feeds
}

/** A graph of the model in the form its weights have. */
export function fitGraph(model: LoadedModel, graph: Graph): Graph {
  return model.quantized === undefined ? graph : withNf4(graph, new Set(model.quantized.keys()))
}
