import { readTensor, type StoredTensor } from '../weights/safetensors.ts'
import { readConfig } from './config.ts'
import { locateTensors, type LoadedModel, type Parameter } from './load.ts'

/**
 * A parameter that is read when somebody uses it, and forgotten when nobody does: its file has it. What is served from
 * 8 or 4 bits needs it once, while it is packed; float32 is for those who score or train.
 */
class LaterParameter implements Parameter {
  readonly shape: readonly number[]
  readonly #tensor: StoredTensor
  #held: WeakRef<Float32Array> | undefined

  constructor(tensor: StoredTensor) {
    this.shape = tensor.shape
    this.#tensor = tensor
  }

  get data(): Float32Array {
    const held = this.#held?.deref()
    if (held !== undefined) return held
    const data = readTensor(this.#tensor)
    this.#held = new WeakRef(data)
    return data
  }

  /** What is held weakly stays until the end of a turn, and packing a model is one turn: so this is not held. */
  once(): Float32Array {
    return this.#held?.deref() ?? readTensor(this.#tensor)
  }
}

/** A folder's model whose weights are not in memory until they are used. @throws as loadModel, but for their numbers */
export function openLater(folder: string): LoadedModel {
  const config = readConfig(folder)
  const parameters = new Map(
    [...locateTensors(folder, config)].map(([name, tensor]) => [name, new LaterParameter(tensor)] as const)
  )
  return { folder, config, parameters }
}
