import { onceOf, type LoadedModel } from '../architecture/load.ts'
import { headName, productNames, projections } from '../architecture/parameters.ts'
import { rotaryTables } from '../architecture/rope.ts'
import { GraphError } from '../graph/errors.ts'
import { int4Block, roundToByte, type Int4Tensor } from '../weights/index.ts'
import type { Heap } from './heap.ts'

/** Outputs whose weights lie together (assembly/tiles.ts). */
const tileOutputs = 4
const tileBytes = tileOutputs * (int4Block / 2 + 4)

/** Bytes of packed weights up to which 32-bit addresses leave room for the cache. */
const mostBytes = 3e9

const byteTile = tileOutputs * (int4Block + 4)

/**
 * Whether the kernels take a model: every projection and the head in 4 bits or to be rounded to 8, heads of whole
 * vectors, and weights that fit.
 */
export function kernelsTake(model: LoadedModel): boolean {
  const { int4, int8, config: c } = model
  const names = [...productNames(c)]
  const bits = names.every(name => int4?.has(name)) ? 4 : names.every(name => int8?.has(name)) ? 8 : 0
  if (bits === 0 || c.headWidth % 8 !== 0 || c.hidden % 4 !== 0) return false
  const shapes = [...projections(c).map(p => ({ ...p, count: c.layers })), headShape(c)]
  const weights = shapes.reduce((n, p) => n + p.count * p.in * p.out, 0)
  if ((weights / int4Block / tileOutputs) * (bits === 4 ? tileBytes : byteTile) > mostBytes) return false
  return shapes.every(p => p.out % tileOutputs === 0 && p.in % int4Block === 0)
}

const headShape = (c: LoadedModel['config']) => ({ in: c.hidden, out: c.vocabulary, count: 1 })

/** Writes a model's weights and structure into memory; returns the address of the `Model` (assembly/layout.ts). */
export function packModel(heap: Heap, model: LoadedModel): number {
  const c = model.config
  const floats = (name: string): number => {
    const found = model.parameters.get(name)
    return found === undefined ? 0 : heap.putFloats(onceOf(found))
  }
  const projection = (name: string, inputs: number, outputs: number): number[] => {
    const bias = floats(`${name}.bias`)
    const four = model.int4?.get(`${name}.weight`)
    if (four !== undefined) return [packWeights(heap, four, inputs, outputs), bias, inputs, outputs, 4]
    const whole = model.parameters.get(`${name}.weight`)
    if (whole === undefined) throw new GraphError(`${name} has no weights`)
    return [packBytes(heap, onceOf(whole), inputs, outputs), bias, inputs, outputs, 8]
  }
  const layers = Array.from({ length: c.layers }, (_, layer) => {
    const at = `model.layers.${layer}`
    const norms = [
      `${at}.input_layernorm.weight`,
      `${at}.self_attn.q_norm.weight`,
      `${at}.self_attn.k_norm.weight`,
      `${at}.post_attention_layernorm.weight`
    ].map(floats)
    return heap.putFields([
      ...norms,
      ...projections(c).map(p => heap.putFields(projection(`${at}.${p.path}`, p.in, p.out)))
    ])
  })
  const { cos, sin } = rotaryTables(c)
  const widest = Math.max(c.vocabulary, ...projections(c).map(p => p.out))
  return heap.putFields([
    c.hidden,
    c.intermediate,
    c.layers,
    c.heads,
    c.keyHeads,
    c.headWidth,
    Float32Array.of(c.epsilon),
    Float32Array.of(c.headWidth ** -0.5),
    floats('model.norm.weight'),
    heap.putFields(projection(headName(c).replace(/\.weight$/, ''), c.hidden, c.vocabulary)),
    heap.putWords(layers),
    heap.putFloats(cos),
    heap.putFloats(sin),
    heap.putFloats(new Float32Array(widest))
  ])
}

/** From rows of blocks (weights/int4.ts) to tiles of four outputs by 32 inputs. */
export function packWeights(heap: Heap, { codes, scales }: Int4Tensor, inputs: number, outputs: number): number {
  const blocks = inputs / int4Block
  const at = heap.allocate((outputs / tileOutputs) * blocks * tileBytes)
  const out = heap.bytes(at, (outputs / tileOutputs) * blocks * tileBytes)
  const outScales = heap.floats(at, out.length / 4)
  const half = int4Block / 2
  for (let output = 0; output < outputs; output++) {
    const column = output % tileOutputs
    for (let block = 0; block < blocks; block++) {
      const from = (output * blocks + block) * half
      const tile = (((output - column) / tileOutputs) * blocks + block) * tileBytes
      // Two codes a byte, neighbours; here inputs 8g + i and 8g + 4 + i share one.
      for (let g = 0; g < 4; g++) {
        const [b0, b1, b2, b3] = [
          codes[from + 4 * g] as number,
          codes[from + 4 * g + 1] as number,
          codes[from + 4 * g + 2] as number,
          codes[from + 4 * g + 3] as number
        ]
        const to = tile + 16 * g + 4 * column
        out[to] = (b0 & 15) | ((b2 & 15) << 4)
        out[to + 1] = (b0 >> 4) | (b2 & 0xf0)
        out[to + 2] = (b1 & 15) | ((b3 & 15) << 4)
        out[to + 3] = (b1 >> 4) | (b3 & 0xf0)
      }
      outScales[tile / 4 + 16 + column] = scales[output * blocks + block] as number
    }
  }
  return at
}

/** From rows of float32 to tiles of four outputs by 32 inputs, a byte for each (assembly/bytes.ts). */
export function packBytes(heap: Heap, weights: Float32Array, inputs: number, outputs: number): number {
  const blocks = inputs / int4Block
  const codes = new Uint8Array(int4Block)
  const at = heap.allocate((outputs / tileOutputs) * blocks * byteTile)
  const out = heap.bytes(at, (outputs / tileOutputs) * blocks * byteTile)
  const outScales = heap.floats(at, out.length / 4)
  for (let output = 0; output < outputs; output++) {
    const column = output % tileOutputs
    for (let block = 0; block < blocks; block++) {
      const from = output * inputs + block * int4Block
      const tile = (((output - column) / tileOutputs) * blocks + block) * byteTile
      outScales[tile / 4 + int4Block + column] = roundToByte(weights, from, codes)
      for (let i = 0; i < int4Block; i++) out[tile + 16 * (i >> 2) + 4 * column + (i & 3)] = codes[i] as number
    }
  }
  return at
}
