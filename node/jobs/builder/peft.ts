import { readdirSync } from 'node:fs'
import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { InvalidError } from '../../../protocol/primitives/errors.ts'
import { targetModules, type Adapter } from '../../engine/adapters/adapter.ts'
import { isFull, type FullAdapter, type Tuned } from '../../engine/adapters/full.ts'
import { readTuned } from '../../engine/adapters/tuned.ts'
import { readConfig, type ModelConfig } from '../../engine/architecture/config.ts'
import { ModelError } from '../../engine/graph/errors.ts'

// Runs in a process of its own (delivered.ts): the files are a stranger's, and may be large.

const files = ['adapter_config.json', 'adapter_model.safetensors']

/**
 * [reject] What is delivered is a folder of exactly two files that fits the base model, of the kind that the job's
 * method makes, with only finite numbers, and was trained. @throws InvalidError `adapter.layout`,
 * `adapter.settings`, `adapter.numbers`, `adapter.untrained`
 */
function check({ folder, settings }: { folder: string; settings: TrainSettings }): void {
  const names = readdirSync(folder).sort()
  if (names.join() !== files.join())
    throw new InvalidError(
      'adapter.layout',
      `a PEFT folder holds ${files.join(' and ')}, this one ${names.slice(0, 5).join(', ')}`
    )
  const tuned = read(folder)
  if (isFull(tuned) !== (settings.method === 'full'))
    throw new InvalidError('adapter.settings', `the method ${settings.method} makes no such thing`)
  if (isFull(tuned)) checkFull(tuned)
  else checkAdapter(tuned, settings)
}

/** [reject] Of full training, every projection of every layer has moved. */
function checkFull({ modules }: FullAdapter): void {
  if (!modules.every(({ delta }) => delta.some(x => x !== 0)))
    throw new InvalidError('adapter.untrained', 'a layer was not trained')
}

/** [reject] An adapter has the rank, scale and projections that the job asked for. */
function checkAdapter(adapter: Adapter, { lora }: TrainSettings): void {
  if (
    lora === undefined ||
    adapter.rank !== lora.rank ||
    adapter.alpha !== lora.alpha ||
    adapter.rslora !== (lora.rslora ?? false) ||
    [...adapter.targets].sort().join() !== [...lora.targets].sort().join() ||
    adapter.modules.length !== modulesOf(lora.targets)
  ) {
    throw new InvalidError(
      'adapter.settings',
      'the adapter has another rank, scale or other projections than the job asked for'
    )
  }
  // A trained adapter's b has left the zeros that it starts with.
  if (adapter.modules.every(({ b }) => b.every(x => x === 0)))
    throw new InvalidError('adapter.untrained', 'the adapter changes nothing')
}

let config: ModelConfig | undefined

function opened(): ModelConfig {
  if (config === undefined) throw new ModelError('model-config', 'no model is open')
  return config
}

/** How many there are in all layers: who leaves some out has trained less than was asked for. */
const modulesOf = (targets: readonly string[]): number => targetModules(opened(), targets).length

function read(folder: string): Tuned {
  try {
    return readTuned(folder, opened())
  } catch (cause) {
    if (cause instanceof ModelError && cause.code === 'adapter-numbers')
      throw new InvalidError('adapter.numbers', 'the weights hold numbers that are not finite', { cause })
    if (cause instanceof ModelError)
      throw new InvalidError('adapter.layout', 'the folder holds nothing that was trained over the base model', {
        cause
      })
    throw cause
  }
}

export const tasks = {
  begin: (model: string): void => {
    config = readConfig(model)
  },
  check
}
