import { onceOf, type LoadedModel, type Parameter } from '../architecture/load.ts'
import { ModelError } from '../graph/errors.ts'
import { addTo } from './added.ts'
import type { FullAdapter, FullModule } from './full.ts'

/** A weight with what was added to it, made when somebody uses it and forgotten when nobody does. */
class SummedParameter implements Parameter {
  readonly shape: readonly number[]
  readonly #base: Parameter
  readonly #module: FullModule
  #held: WeakRef<Float32Array> | undefined

  constructor(base: Parameter, module: FullModule) {
    this.shape = base.shape
    this.#base = base
    this.#module = module
  }

  get data(): Float32Array {
    const held = this.#held?.deref()
    if (held !== undefined) return held
    const data = this.once()
    this.#held = new WeakRef(data)
    return data
  }

  once(): Float32Array {
    const sum = onceOf(this.#base).slice()
    addTo(sum, this.#module)
    return sum
  }
}

/**
 * The model that full training made of its base: the same graph over other weights, so it is served, scored and rounded
 * to fewer bits as any model is. @throws ModelError `adapter-unsupported` for a base in four bits
 */
export function appliedTo(model: LoadedModel, { modules }: FullAdapter): LoadedModel {
  const parameters = new Map(model.parameters)
  for (const module of modules) {
    const name = `${module.path}.weight`
    const base = model.parameters.get(name)
    if (base === undefined)
      throw new ModelError(
        'adapter-unsupported',
        'fully trained weights are added to those of their base, unquantised',
        {
          help: 'Leave --quantize out, or take int4, to which the sums are rounded.'
        }
      )
    parameters.set(name, new SummedParameter(base, module))
  }
  return { ...model, parameters }
}
