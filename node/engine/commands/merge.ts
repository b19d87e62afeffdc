import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { addingTo, readTuned } from '../adapters/index.ts'
import { loadModel } from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import { writeSafetensors } from '../weights/safetensors.ts'

export interface MergeRequest {
  readonly model: string
  readonly adapter: string
  readonly output: string
  readonly dtype: 'F32' | 'BF16'
}

/**
 * Writes a model folder whose weights have what was trained added: w + scale · b a (DoRA's
 * with rows of its lengths), or w + delta. Config and tokenizer
 * are copied.
 */
export function mergeAdapter(request: MergeRequest): void {
  const { model: folder, output } = request
  if (resolve(folder) === resolve(output))
    throw new ModelError('merge-output', 'the merged model cannot replace its base', {
      help: 'Give another output folder.'
    })
  const model = loadModel(folder)
  for (const [name, add] of addingTo(readTuned(request.adapter, model.config, 'scaled'))) {
    const weight = model.parameters.get(name)
    if (weight === undefined) throw new ModelError('adapter-mismatch', `the model has no weight ${name}`)
    add(weight.data)
  }
  mkdirSync(output, { recursive: true })
  for (const file of [
    'config.json',
    'generation_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'special_tokens_map.json',
    'chat_template.jinja'
  ]) {
    if (existsSync(join(folder, file))) cpSync(join(folder, file), join(output, file))
  }
  writeSafetensors(
    join(output, 'model.safetensors'),
    [...model.parameters].map(([name, p]) => ({ name, shape: p.shape, data: p.data })),
    request.dtype
  )
}
