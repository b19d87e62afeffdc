import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { ModelError } from '../graph/errors.ts'
import { roundToFloat16 } from './half.ts'
import { fromBfloat16, fromFloat16, toBfloat16 } from './numbers.ts'

export interface StoredTensor {
  readonly name: string
  readonly dtype: 'F32' | 'F16' | 'BF16'
  readonly shape: readonly number[]
  readonly file: string
  /** Byte offset in the file, and length in bytes. */
  readonly offset: number
  readonly length: number
}

export interface NamedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

const widths = { F32: 4, F16: 2, BF16: 2 } as const
/** Thousands of tensors are described in a few hundred kilobytes. */
const largestHeader = 8 * 1024 * 1024

type Bad = (what: string, cause?: unknown) => ModelError

/**
 * The directory of a safetensors file. Throws a ModelError that names the tensor when the file is cut, tampered with or
 * of
 * another form: tensors lie one after another and fill the file. Those that are not `wanted` may be of any type, and
 * are
 * left out where it is none that can be read.
 */
export function readDirectory(file: string, wanted: (name: string) => boolean = () => true): Map<string, StoredTensor> {
  const { entries, start, size, bad } = readHeader(file)
  const all = entries
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => readEntry(name, entry, file, start, size, bad))
  let end = start
  let before = 'the header'
  for (const { name, offset, length } of all.toSorted((x, y) => x.offset - y.offset || x.length - y.length)) {
    if (offset !== end) throw bad(`tensor ${name} does not begin where ${before} ends`)
    end = offset + length
    before = `tensor ${name}`
  }
  if (end !== size) throw bad(`${size - end} bytes follow ${before}`)
  const directory = new Map<string, StoredTensor>()
  for (const { dtype, ...entry } of all) {
    if (isStored(dtype)) directory.set(entry.name, { ...entry, dtype })
    else if (wanted(entry.name)) throw otherType(file, entry.name, dtype)
  }
  return directory
}

/** The file is whole: to fetch it again would bring the same one. */
const otherType = (file: string, name: string, dtype: string): ModelError =>
  new ModelError('weights-invalid', `${file}: tensor ${name} has type ${dtype}; F32, F16 and BF16 are supported`, {
    help: 'Take the weights in bfloat16 or float16, or convert them: with PyTorch, .to(torch.bfloat16) before saving.'
  })

const isStored = (dtype: string): dtype is StoredTensor['dtype'] => Object.hasOwn(widths, dtype)

/** The free text beside the tensors. */
export function readMetadata(file: string): Record<string, string> {
  const { entries } = readHeader(file)
  const found = entries.find(([name]) => name === '__metadata__')?.[1]
  const pairs = typeof found === 'object' && found !== null ? Object.entries(found) : []
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}

function readHeader(file: string): { entries: [string, unknown][]; start: number; size: number; bad: Bad } {
  const bad: Bad = (what, cause) =>
    new ModelError('weights-invalid', `${file}: ${what}`, {
      cause,
      help: 'Fetch the file again; it is damaged or not a safetensors file.'
    })
  const fd = openFile(file)
  const { size } = fstatSync(fd)
  try {
    const prefix = Buffer.alloc(8)
    if (readSync(fd, prefix, 0, 8, 0) !== 8) throw bad('too short for a safetensors file')
    const length = Number(prefix.readBigUInt64LE())
    if (length > largestHeader || 8 + length > size) throw bad(`a header of ${length} bytes does not fit the file`)
    const header = Buffer.alloc(length)
    readSync(fd, header, 0, length, 8)
    return { entries: Object.entries(parseHeader(header.toString('utf8'), bad)), start: 8 + length, size, bad }
  } finally {
    closeSync(fd)
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (cause) {
    throw new ModelError('weights-missing', `${file} cannot be opened`, {
      cause,
      help: 'Fetch the model again; a file of it is missing.'
    })
  }
}

function parseHeader(text: string, bad: Bad): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw bad('the header is not JSON', cause)
  }
  if (typeof parsed !== 'object' || parsed === null) throw bad('the header is not an object')
  return parsed
}

type Entry = Omit<StoredTensor, 'dtype'> & { readonly dtype: string }

function readEntry(name: string, entry: unknown, file: string, start: number, size: number, bad: Bad): Entry {
  if (typeof entry !== 'object' || entry === null) throw bad(`tensor ${name} has no description`)
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>
  if (typeof dtype !== 'string') throw bad(`tensor ${name} has no type`)
  const whole = (x: unknown): x is number => Number.isSafeInteger(x) && Number(x) >= 0
  if (!Array.isArray(shape) || !shape.every(whole)) throw bad(`tensor ${name} has no valid shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole))
    throw bad(`tensor ${name} has no valid offsets`)
  const [from = 0, to = 0] = offsets as number[]
  const length = to - from
  const needed = isStored(dtype) ? (shape as number[]).reduce((a, b) => a * b, 1) * widths[dtype] : length
  if (length < 0 || length !== needed) throw bad(`tensor ${name} has ${length} bytes where its shape needs ${needed}`)
  if (start + to > size) throw bad(`tensor ${name} ends after the file`)
  return { name, dtype, shape: shape as number[], file, offset: start + from, length }
}

/** One tensor as float32, in memory of its own. */
export function readTensor(tensor: StoredTensor): Float32Array {
  const out = new Float32Array(tensor.length / widths[tensor.dtype])
  readPieces(tensor, largestPiece, () => undefined, out)
  return out
}

/** Elements that are read at a time, where a whole tensor is not needed at once. */
const largestPiece = 1 << 20

/**
 * Reads a tensor as float32 in pieces of `size` elements, the last one perhaps shorter, each with the index of its
 * first
 * element. A piece is valid until the next one: they share one buffer, or lie in `into` where it is given.
 */
export function readPieces(
  tensor: StoredTensor,
  size: number,
  take: (piece: Float32Array, first: number) => void,
  into?: Float32Array
): void {
  const width = widths[tensor.dtype]
  const count = tensor.length / width
  const room = Math.min(size, count)
  const shared = into === undefined ? new Float32Array(room) : undefined
  const bits = tensor.dtype === 'F32' ? undefined : new Uint16Array(room)
  const fd = openFile(tensor.file)
  try {
    for (let first = 0; first < count; first += size) {
      const length = Math.min(size, count - first)
      const piece = shared?.subarray(0, length) ?? (into as Float32Array).subarray(first, first + length)
      const raw = bits?.subarray(0, length) ?? piece
      readFully(fd, new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength), tensor, first * width)
      if (bits !== undefined) (tensor.dtype === 'BF16' ? fromBfloat16 : fromFloat16)(raw as Uint16Array, piece)
      take(piece, first)
    }
  } finally {
    closeSync(fd)
  }
}

function readFully(fd: number, bytes: Uint8Array, tensor: StoredTensor, from: number): void {
  for (let done = 0; done < bytes.length;) {
    const got = readSync(fd, bytes, done, bytes.length - done, tensor.offset + from + done)
    if (got === 0) throw new ModelError('weights-invalid', `${tensor.file}: tensor ${tensor.name} ends after the file`)
    done += got
  }
}

/** Whether two tensors are of one type and shape and hold the same, read a piece at a time. */
export function haveSameBytes(one: StoredTensor, other: StoredTensor): boolean {
  if (one.dtype !== other.dtype || one.shape.join() !== other.shape.join()) return false
  const [a, b] = [openFile(one.file), openFile(other.file)]
  const [left, right] = [new Uint8Array(largestPiece), new Uint8Array(largestPiece)]
  try {
    for (let at = 0; at < one.length; at += largestPiece) {
      const length = Math.min(largestPiece, one.length - at)
      readFully(a, left.subarray(0, length), one, at)
      readFully(b, right.subarray(0, length), other, at)
      if (Buffer.compare(left.subarray(0, length), right.subarray(0, length)) !== 0) return false
    }
    return true
  } finally {
    closeSync(a)
    closeSync(b)
  }
}

export function readAll(file: string): Map<string, NamedTensor> {
  const all = new Map<string, NamedTensor>()
  for (const [name, tensor] of readDirectory(file))
    all.set(name, { name, shape: tensor.shape, data: readTensor(tensor) })
  return all
}

/** A tensor that is written in pieces, each read when its turn comes. */
export interface PiecedTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: StoredTensor['dtype']
  readonly pieces: () => Iterable<Float32Array>
}

const stored = {
  F32: (values: Float32Array): Float32Array => values,
  F16: roundToFloat16,
  BF16: toBfloat16
} as const

/**
 * Writes to a file beside it, flushes it to disk and renames: a reader sees the old file or the new one, never a part.
 */
export function writePieces(
  file: string,
  tensors: readonly PiecedTensor[],
  metadata: Record<string, string> = { format: 'pt' }
): void {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const { name, shape, dtype } of tensors) {
    const end = offset + shape.reduce((a, b) => a * b, 1) * widths[dtype]
    header[name] = { dtype, shape, data_offsets: [offset, end] }
    offset = end
  }
  const text = JSON.stringify(header)
  const head = Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8))
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(BigInt(head.length))
  const fd = openSync(`${file}.part`, 'w')
  try {
    writeFully(fd, prefix)
    writeFully(fd, head)
    for (const { dtype, pieces } of tensors) {
      for (const piece of pieces()) {
        const out = stored[dtype](piece)
        writeFully(fd, new Uint8Array(out.buffer, out.byteOffset, out.byteLength))
      }
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.part`, file)
}

/** The same of tensors that are in memory. */
export function writeSafetensors(
  file: string,
  tensors: readonly NamedTensor[],
  dtype: StoredTensor['dtype'] = 'F32',
  metadata?: Record<string, string>
): void {
  writePieces(
    file,
    tensors.map(({ name, shape, data }) => ({ name, shape, dtype, pieces: () => [data] })),
    metadata
  )
}

export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done)
}
