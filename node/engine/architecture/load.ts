import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ModelError } from '../graph/errors.ts'
import { readDirectory, readTensor, type StoredTensor } from '../weights/safetensors.ts'
import { readConfig, type ModelConfig } from './config.ts'
import { parameterSpecs } from './parameters.ts'

/** A model in memory: every parameter as float32, in the order of `parameterSpecs`. */
export interface LoadedModel {
  readonly folder: string
  readonly config: ModelConfig
  readonly parameters: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
}

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

export function loadModel(folder: string): LoadedModel {
  const config = readConfig(folder)
  const parameters = new Map([...locateTensors(folder, config)].map(([name, tensor]) => [name, { shape: tensor.shape, data: readTensor(tensor) }]))
  return { folder, config, parameters }
}
