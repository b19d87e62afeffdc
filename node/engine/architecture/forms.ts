import type { Feeds, RuntimeOptions } from '../graph/session.ts'
import { roundToFloat16 } from '../weights/half.ts'
import { quantizeInt4 } from '../weights/int4.ts'
import { boundFeeds, onceOf, type LoadedModel } from './load.ts'
import { headName, productNames } from './parameters.ts'
import { int4Names } from './quantized.ts'

/**
 * The model with its frozen products in float16, at half the memory. The head stays in float32 beside it: losses use
 * it, and embeddings where it is tied.
 */
export function halved(model: LoadedModel): LoadedModel {
  const names = productNames(model.config)
  const half = new Map(
    [...model.parameters]
      .filter(([name]) => names.has(name))
      .map(([name, p]) => [name, { shape: p.shape, bits: roundToFloat16(onceOf(p)) }])
  )
  return { ...model, parameters: beside(model, half), half }
}

/** The model with 4-bit weights, as `loadModel` reads it with int4. */
export function inFourBits(model: LoadedModel): LoadedModel {
  const names = int4Names(model.config)
  const int4 = new Map(
    [...model.parameters].filter(([name]) => names.has(name)).map(([name, p]) => [name, quantizeInt4(onceOf(p))])
  )
  return { ...model, parameters: beside(model, int4), int4 }
}

/** The model to be served from 8-bit weights where kernels can do it: they round when they pack, once. */
export const inEightBits = (model: LoadedModel): LoadedModel => ({ ...model, int8: productNames(model.config) })

/** The parameters that stay in float32: those without another form, and the head. */
function beside(model: LoadedModel, formed: ReadonlyMap<string, unknown>): LoadedModel['parameters'] {
  return new Map([...model.parameters].filter(([name]) => !formed.has(name) || name === headName(model.config)))
}

/**
 * The form of a base that is not trained: in float16 where the options say so, and the weights are not in four bits
 * already.
 */
export function frozenForm(model: LoadedModel, options: RuntimeOptions): LoadedModel {
  return options.precision === 'f16' && model.int4 === undefined && model.quantized === undefined
    ? halved(model)
    : model
}

/**
 * Weights that a session makes its own: on a GPU, so that they are not sent there at every run; the CPU reads them
 * where they lie, save float16, which cannot be fed.
 */
export function residentFeeds(model: LoadedModel, options: RuntimeOptions): Feeds {
  return (options.provider ?? 'cpu') === 'cpu' && model.half === undefined ? {} : boundFeeds(model)
}
