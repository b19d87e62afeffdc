import { closeSync, fsyncSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { ModelError } from '../graph/errors.ts'
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

export interface NamedTensor { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array }

const widths = { F32: 4, F16: 2, BF16: 2 } as const
const largestHeader = 64 * 1024 * 1024

type Bad = (what: string, cause?: unknown) => ModelError

/** The directory of a safetensors file. Throws a ModelError that names the tensor when the file is cut, tampered with or of another form. */
export function readDirectory(file: string): Map<string, StoredTensor> {
  const { entries, start, size, bad } = readHeader(file)
  const directory = new Map<string, StoredTensor>()
  for (const [name, entry] of entries) {
    if (name !== '__metadata__') directory.set(name, readEntry(name, entry, file, start, size, bad))
  }
  return directory
}

/** The free text beside the tensors. */
export function readMetadata(file: string): Record<string, string> {
  const { entries } = readHeader(file)
  const found = entries.find(([name]) => name === '__metadata__')?.[1]
  const pairs = typeof found === 'object' && found !== null ? Object.entries(found) : []
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
}

function readHeader(file: string): { entries: [string, unknown][]; start: number; size: number; bad: Bad } {
  const bad: Bad = (what, cause) => new ModelError('weights-invalid', `${file}: ${what}`, { cause, help: 'Fetch the file again; it is damaged or not a safetensors file.' })
  const size = statSync(file).size
  const fd = openSync(file, 'r')
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

function readEntry(name: string, entry: unknown, file: string, start: number, size: number, bad: Bad): StoredTensor {
  if (typeof entry !== 'object' || entry === null) throw bad(`tensor ${name} has no description`)
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') throw bad(`tensor ${name} has type ${String(dtype)}; F32, F16 and BF16 are supported`)
  const whole = (x: unknown): x is number => Number.isSafeInteger(x) && Number(x) >= 0
  if (!Array.isArray(shape) || !shape.every(whole)) throw bad(`tensor ${name} has no valid shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole)) throw bad(`tensor ${name} has no valid offsets`)
  const [from = 0, to = 0] = offsets as number[]
  const length = (shape as number[]).reduce((a, b) => a * b, 1) * widths[dtype]
  if (to - from !== length) throw bad(`tensor ${name} has ${to - from} bytes where its shape needs ${length}`)
  if (start + to > size) throw bad(`tensor ${name} ends after the file`)
  return { name, dtype, shape: shape as number[], file, offset: start + from, length }
}

/** One tensor as float32, in memory of its own. */
export function readTensor(tensor: StoredTensor): Float32Array {
  const bytes = new Uint8Array(tensor.length)
  const fd = openSync(tensor.file, 'r')
  try {
    for (let done = 0; done < bytes.length;) {
      const got = readSync(fd, bytes, done, Math.min(bytes.length - done, 1 << 30), tensor.offset + done)
      if (got === 0) throw new ModelError('weights-invalid', `${tensor.file}: tensor ${tensor.name} ends after the file`)
      done += got
    }
  } finally {
    closeSync(fd)
  }
  if (tensor.dtype === 'F32') return new Float32Array(bytes.buffer)
  const bits = new Uint16Array(bytes.buffer)
  return tensor.dtype === 'BF16' ? fromBfloat16(bits) : fromFloat16(bits)
}

export function readAll(file: string): Map<string, NamedTensor> {
  const all = new Map<string, NamedTensor>()
  for (const [name, tensor] of readDirectory(file)) all.set(name, { name, shape: tensor.shape, data: readTensor(tensor) })
  return all
}

/** Writes to a file beside it, flushes it to disk and renames: a reader sees the old file or the new one, never a part. */
export function writeSafetensors(file: string, tensors: readonly NamedTensor[], dtype: 'F32' | 'BF16' = 'F32', metadata: Record<string, string> = { format: 'pt' }): void {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const { name, shape, data } of tensors) {
    const end = offset + data.length * widths[dtype]
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
    for (const { data } of tensors) {
      const out = dtype === 'BF16' ? toBfloat16(data) : data
      writeFully(fd, new Uint8Array(out.buffer, out.byteOffset, out.byteLength))
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.part`, file)
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done)
}
