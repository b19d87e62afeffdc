// Writes the mean of the weights of several folders of one model (Wortsman et al. 2022): here of the long training's
// average and of the short one that ends at a low rate, which does better on held-out text than either.
//
//   node scripts/base-model/average.ts --out D/mean D/seedling D/final
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadModel, writeConfig } from '../../node/engine/index.ts'
import { writeSafetensors } from '../../node/engine/weights/index.ts'
import { CONFIG } from './model.ts'

/** The element-wise mean of arrays of equal length. */
export function mean(arrays: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(arrays[0]?.length ?? 0)
  for (const array of arrays)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (array[i] ?? NaN) / arrays.length
  return sum
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', default: '.cache/base-model/mean' } }
  })
  const models = positionals.map(folder => loadModel(folder).parameters)
  const tensors = [...(models[0] ?? [])].map(([name, { shape }]) => ({
    name,
    shape,
    data: mean(models.map(parameters => parameters.get(name)?.data ?? new Float32Array()))
  }))
  mkdirSync(values.out, { recursive: true })
  writeConfig(values.out, CONFIG)
  writeSafetensors(join(values.out, 'model.safetensors'), tensors, 'F32')
}
