import { appliedTo, isFull, readTuned, type Adapter } from '../adapters/index.ts'
import { inFourBits, loadModel, readConfig, type LoadedModel, type Quantization } from '../architecture/index.ts'

/** A base with what was trained over it: an adapter beside it, or in the weights where all of them were trained. */
export function loadTuned(
  folder: string,
  tuned: string | undefined,
  quantization: Quantization = 'none'
): { readonly model: LoadedModel; readonly adapter: Adapter | null } {
  const found = tuned === undefined ? null : readTuned(tuned, readConfig(folder), 'scaled')
  if (!isFull(found)) return { model: loadModel(folder, quantization), adapter: found }
  // The sums are what is rounded.
  const isInt4 = quantization === 'int4'
  const model = appliedTo(loadModel(folder, isInt4 ? 'none' : quantization), found)
  return { model: isInt4 ? inFourBits(model) : model, adapter: null }
}
