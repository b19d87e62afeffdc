import { InvalidError } from '../../../protocol/primitives/errors.ts'
import { targetModules } from '../adapters/adapter.ts'
import { readAdapter } from '../adapters/peft.ts'
import { readConfig, type ModelConfig } from '../architecture/config.ts'
import { ModelError } from '../graph/errors.ts'
import type { LoraSettings } from '../types.ts'

// Runs in a process of its own: an adapter may be large, and a trainer's files are held against the job like anybody's
// before they are signed for.

let model: { readonly folder: string; readonly config: ModelConfig } | undefined

export interface CheckArgument {
  readonly folder: string
  readonly lora: LoraSettings
}

/** @throws InvalidError `trainer-answer` */
function check({ folder, lora }: CheckArgument): null {
  if (model === undefined) throw new ModelError('model-config', 'no model is open')
  const refuse = (what: string, cause?: unknown): InvalidError =>
    new InvalidError('trainer-answer', `the trainer left ${what}`, { cause })
  const read = (): ReturnType<typeof readAdapter> => {
    try {
      return readAdapter(folder, model?.config as ModelConfig)
    } catch (cause) {
      if (cause instanceof ModelError && cause.code === 'adapter-numbers')
        throw refuse('numbers that are not finite', cause)
      throw refuse('no adapter for this base', cause)
    }
  }
  const adapter = read()
  const { rank, alpha, rslora, targets, modules } = adapter
  // [reject] It has the rank, the scale and the projections of the job, in every layer.
  if (rank !== lora.rank || alpha !== lora.alpha || rslora !== (lora.rslora ?? false))
    throw refuse(`an adapter of rank ${rank} and alpha ${alpha}, and the job wants ${lora.rank} and ${lora.alpha}`)
  if ([...targets].sort().join() !== [...lora.targets].sort().join())
    throw refuse(`an adapter of ${targets.join(', ')}, and the job wants ${lora.targets.join(', ')}`)
  if (modules.length !== targetModules(model.config, lora.targets).length)
    throw refuse('an adapter that leaves out layers')
  // [reject] It has moved.
  if (modules.every(({ b }) => b.every(x => x === 0))) throw refuse('an adapter that changes nothing')
  return null
}

export const tasks = {
  begin: (folder: string): void => {
    model = { folder, config: readConfig(folder) }
  },
  check
}
