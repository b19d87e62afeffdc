import { setImmediate } from 'node:timers/promises'
import { onceOf, type LoadedModel } from '../architecture/load.ts'
import { ModelError } from '../graph/errors.ts'
import { singly } from '../weights/double.ts'
import { int4Block } from '../weights/int4.ts'
import { codeBook, nf4Block } from '../weights/nf4.ts'
import { fromFloat16 } from '../weights/numbers.ts'
import type { Adapter, AdapterModule } from './adapter.ts'
import { addToRow, gainTo, isDora, lengthOf } from './dora.ts'

/** By model and adapter: measured once, for as long as both are held elsewhere. */
const known = new WeakMap<LoadedModel, WeakMap<Adapter, Promise<Adapter>>>()

/**
 * A DoRA adapter with its gains over a model's weights, as they are held: what 4 bits stand for where there are 4. (8
 * bits are made when kernels pack a model; what they round is measured, whose rows are as long to a thousandth.) It
 * takes as long as merging, a weight at a time, and others have their turn in between. The same object for the same
 * adapter and model.
 * @throws ModelError `adapter-mismatch`
 */
export function withGains(adapter: Adapter, model: LoadedModel): Promise<Adapter> {
  const own = known.get(model) ?? new WeakMap<Adapter, Promise<Adapter>>()
  known.set(model, own)
  const found = own.get(adapter) ?? measured(adapter, model)
  own.set(adapter, found)
  return found
}

async function measured(adapter: Adapter, model: LoadedModel): Promise<Adapter> {
  if (!isDora(adapter)) return adapter
  const modules: AdapterModule[] = []
  for (const module of adapter.modules) {
    modules.push({ ...module, ...(module.magnitude && { gain: gainsOf(module, module.magnitude, adapter, model) }) })
    await setImmediate()
  }
  return { ...adapter, modules }
}

function gainsOf(module: AdapterModule, magnitude: Float32Array, adapter: Adapter, model: LoadedModel): Float32Array {
  const { path, in: width } = module
  const readRow = rowsOf(model, `${path}.weight`, width)
  const row = new Float64Array(width)
  return magnitude.map((length, o) => {
    readRow(o, row)
    addToRow(row, module, adapter, o)
    return gainTo(length, lengthOf(row), path, o)
  })
}

/** Puts a row of a weight into `out`, in whichever form the weight is held. */
function rowsOf(model: LoadedModel, name: string, width: number): (row: number, out: Float64Array) => void {
  const four = model.int4?.get(name)
  if (four !== undefined)
    return each(
      width,
      i => ((byteOf(four.codes, i) >> (4 * (i % 2))) & 15) - 8,
      i => four.scales[Math.floor(i / int4Block)]
    )
  const half = model.half?.get(name)
  if (half !== undefined) return (row, out) => out.set(fromFloat16(half.bits.subarray(row * width, (row + 1) * width)))
  const quantized = model.quantized?.get(name)
  if (quantized !== undefined) {
    const { codes, maxima } =
      'scales' in quantized ? singly(quantized, (quantized.codes.length * 2) / nf4Block) : quantized
    return each(
      width,
      i => codeBook[(byteOf(codes, i) >> (4 - 4 * (i % 2))) & 15],
      i => maxima[Math.floor(i / nf4Block)]
    )
  }
  const whole = model.parameters.get(name)
  if (whole === undefined) throw new ModelError('adapter-mismatch', `the model has no weight ${name}`)
  const data = onceOf(whole)
  return (row, out) => out.set(data.subarray(row * width, (row + 1) * width))
}

const byteOf = (codes: Uint8Array, i: number): number => codes[i >> 1] as number

function each(
  width: number,
  code: (i: number) => number | undefined,
  scale: (i: number) => number | undefined
): (row: number, out: Float64Array) => void {
  return (row, out) => {
    for (let k = 0, i = row * width; k < width; k++, i++) out[k] = (code(i) as number) * (scale(i) as number)
  }
}
