import { closeSync, fstatSync, openSync } from 'node:fs'
import { ModelError } from '../graph/errors.ts'
import { Cursor, type Refuse } from './cursor.ts'
import { ggufTypeOf, ggufTypes, otherTypes, type GgufHeader, type GgufTensor, type GgufValue } from './types.ts'

/** A vocabulary of a quarter of a million tokens and its merges take 16 MB. */
const largestHeader = 64 * 2 ** 20
const mostKeys = 4_096
/** A model of a hundred layers has a thousand tensors; one with experts apart, some ten thousand. */
const mostTensors = 50_000
/** Elements of all arrays together: tokens, their types and scores, and merges. */
const mostElements = 4 * 2 ** 20
const mostTextBytes = 4 * 2 ** 20
const mostKeyBytes = 65_535
const mostNameBytes = 256
const mostDimensions = 4
const defaultAlignment = 32
const mostAlignment = 2 ** 20
/** "GGUF", and its versions that are read: they differ in nothing but who may write them. */
const magic = 0x46554747
const versions = [2, 3]

const arrayType = 9
const textType = 8

/**
 * Reads what a GGUF file says of itself. It may be anybody's file: each count is held against what the file could hold
 * before anything is made of it, so that neither time nor memory follows from what a header claims.
 * @throws ModelError `weights-missing`, `gguf-invalid`, `gguf-unsupported`
 */
export function readGguf(file: string): GgufHeader {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch (cause) {
    throw new ModelError('weights-missing', `${file} cannot be opened`, { cause })
  }
  try {
    return readOpened(file, fd)
  } finally {
    closeSync(fd)
  }
}

function readOpened(file: string, fd: number): GgufHeader {
  const { size } = fstatSync(fd)
  const bad: Refuse = (what, cause) =>
    new ModelError('gguf-invalid', `${file}: ${what}`, {
      cause,
      help: 'Fetch the file again; it is damaged or not a GGUF file.'
    })
  const unsupported: Refuse = what =>
    new ModelError('gguf-unsupported', `${file}: ${what}`, {
      help: `Take a file of that model of version 3 whose tensors are of ${Object.keys(ggufTypes).join(', ')}.`
    })
  const at = new Cursor(fd, Math.min(size, largestHeader), bad)
  if (size < 24 || at.u32() !== magic) throw bad('it is no GGUF file')
  const version = at.u32()
  // [unsupported] Numbers stand with their last byte first: a file of the other order has its version turned round.
  if (versions.some(known => version === known * 2 ** 24))
    throw unsupported('it is big-endian, which is not supported: take the little-endian file of that model')
  if (!versions.includes(version))
    throw unsupported(`GGUF of version ${version} is not supported (little-endian 2 and 3 are)`)
  // The least that a tensor's entry and a key's take.
  const tensorCount = at.count(Math.min(mostTensors, at.left / 24), 'the number of tensors')
  const keyCount = at.count(Math.min(mostKeys, at.left / 12), 'the number of keys')
  const metadata = readMetadata(at, keyCount, bad)
  const entries = Array.from({ length: tensorCount }, () => readEntry(at, { bad, unsupported }))
  const alignment = metadata.get('general.alignment') ?? defaultAlignment
  // [reject] Tensors begin at multiples of a small power of two.
  if (typeof alignment !== 'number' || alignment > mostAlignment || !Number.isInteger(Math.log2(alignment)))
    throw bad(`an alignment of ${String(alignment)} bytes is none`)
  return { file, metadata, tensors: placed(entries, { at, alignment, size, bad }) }
}

function readMetadata(at: Cursor, count: number, bad: Refuse): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>()
  let elements = 0
  const scalars: Readonly<Record<number, () => number | bigint | boolean | string>> = {
    0: at.u8,
    1: at.i8,
    2: at.u16,
    3: at.i16,
    4: at.u32,
    5: at.i32,
    6: at.f32,
    7: () => at.u8() !== 0,
    [textType]: () => at.text(mostTextBytes, 'a text'),
    10: at.u64,
    11: at.i64,
    12: at.f64
  }
  for (let i = 0; i < count; i++) {
    const key = at.text(mostKeyBytes, 'a key')
    // [reject] A key stands there once: readers would differ in which one counts.
    if (metadata.has(key)) throw bad(`the key ${shown(key)} stands there twice`)
    const type = at.u32()
    if (type !== arrayType) {
      const read = scalars[type]
      if (read === undefined) throw bad(`the key ${shown(key)} has a value of type ${type}, which there is not`)
      metadata.set(key, read())
      continue
    }
    const inner = at.u32()
    const read = scalars[inner]
    // [reject] Arrays are of plain values; none of a model's holds arrays.
    if (read === undefined) throw bad(`the key ${shown(key)} is an array of type ${inner}, which is not supported`)
    const least = widths[inner] ?? 1
    const length = at.count(Math.min(mostElements - elements, at.left / least), `the length of ${shown(key)}`)
    elements += length
    metadata.set(
      key,
      Array.from({ length }, () => read())
    )
  }
  return metadata
}

/** The least bytes that a value of each type takes. */
const widths: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  8: 8,
  10: 8,
  11: 8,
  12: 8
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 80))

/** A tensor whose offset is counted from where the weights begin. */
type Entry = GgufTensor

function readEntry(at: Cursor, { bad, unsupported }: { bad: Refuse; unsupported: Refuse }): Entry {
  const name = at.text(mostNameBytes, "a tensor's name")
  const dimensions = at.u32()
  if (dimensions < 1 || dimensions > mostDimensions) throw bad(`tensor ${shown(name)} has ${dimensions} dimensions`)
  const lengths = Array.from({ length: dimensions }, () => at.u64())
  const id = at.u32()
  const offset = at.u64()
  const type = ggufTypeOf(id)
  if (type === undefined)
    throw unsupported(`tensor ${shown(name)} is stored as ${otherTypes[id] ?? `type ${id}`}, which is not supported`)
  const whole = (x: number | bigint): x is number => typeof x === 'number' && x > 0
  // [reject] A shape is of positive numbers whose product is one that can be counted.
  if (!lengths.every(whole)) throw bad(`tensor ${shown(name)} has no valid shape`)
  const count = lengths.reduce((a, b) => a * b, 1)
  // [reject] Rows are whole blocks.
  if (!Number.isSafeInteger(count * type.bytes) || (lengths[0] ?? 0) % type.block !== 0)
    throw bad(`tensor ${shown(name)} has a shape that ${type.name} cannot have`)
  if (typeof offset !== 'number') throw bad(`tensor ${shown(name)} has no valid offset`)
  return { name, type, shape: lengths.toReversed(), offset, length: (count / type.block) * type.bytes }
}

/** The tensors by name, each where it stands in the file. */
function placed(
  entries: readonly Entry[],
  { at, alignment, size, bad }: { at: Cursor; alignment: number; size: number; bad: Refuse }
): Map<string, GgufTensor> {
  const aligned = (x: number): number => Math.ceil(x / alignment) * alignment
  const begin = aligned(at.position)
  const tensors = new Map<string, GgufTensor>()
  let end = 0
  let before = 'the header'
  for (const entry of entries) {
    const { name, offset, length } = entry
    // [reject] A name stands there once.
    if (tensors.has(name)) throw bad(`tensor ${shown(name)} stands there twice`)
    // [reject] Tensors lie one after another in the order of the list, as everything that writes GGUF lays them.
    if (offset !== aligned(end)) throw bad(`tensor ${shown(name)} does not begin where ${before} ends`)
    end = offset + length
    before = `tensor ${shown(name)}`
    // [reject] And within the file.
    if (begin + end > size) throw bad(`${before} ends after the file`)
    tensors.set(name, { ...entry, offset: begin + offset })
  }
  return tensors
}
