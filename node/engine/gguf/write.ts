import { closeSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { writeFully } from '../weights/safetensors.ts'
import { pack, type WrittenType } from './pack.ts'
import { ggufTypes } from './types.ts'

export type WrittenValue =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'u32' | 'f32'; readonly value: number }
  | { readonly type: 'truth'; readonly value: boolean }
  | { readonly type: 'texts'; readonly value: readonly string[] }
  | { readonly type: 'i32s' | 'f32s'; readonly value: readonly number[] }
export type WrittenKeys = readonly (readonly [string, WrittenValue])[]

export interface WrittenTensor {
  readonly name: string
  /** The longest stride first, as in safetensors. */
  readonly shape: readonly number[]
  readonly type: WrittenType
  /** Its weights in pieces of whole blocks, read when they are written. */
  readonly pieces: () => Iterable<Float32Array>
}

const version = 3
const alignment = 32
const magic = 'GGUF'

const u32 = (x: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(x)
  return bytes
}
const i32 = (x: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(x)
  return bytes
}
const f32 = (x: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(x)
  return bytes
}
const u64 = (x: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(x))
  return bytes
}
const text = (x: string): Buffer => Buffer.concat([u64(Buffer.byteLength(x)), Buffer.from(x)])

function list<T>(type: number, items: readonly T[], one: (item: T) => Buffer): Buffer {
  return Buffer.concat([u32(9), u32(type), u64(items.length), ...items.map(one)])
}

function valueBytes({ type, value }: WrittenValue): Buffer {
  switch (type) {
    case 'u32':
      return Buffer.concat([u32(4), u32(value)])
    case 'f32':
      return Buffer.concat([u32(6), f32(value)])
    case 'truth':
      return Buffer.concat([u32(7), Buffer.from([value ? 1 : 0])])
    case 'text':
      return Buffer.concat([u32(8), text(value)])
    case 'texts':
      return list(8, value, text)
    case 'i32s':
      return list(5, value, i32)
    case 'f32s':
      return list(6, value, f32)
  }
}

const aligned = (x: number): number => Math.ceil(x / alignment) * alignment

function sizeOf({ shape, type }: WrittenTensor): number {
  const { block, bytes } = ggufTypes[type]
  return (shape.reduce((a, b) => a * b, 1) / block) * bytes
}

/**
 * Writes to a file beside it, flushes it to disk and renames, tensor by tensor: no more than a piece is in memory.
 */
export function writeGguf(file: string, keys: WrittenKeys, tensors: readonly WrittenTensor[]): void {
  const header = [Buffer.from(magic), u32(version), u64(tensors.length), u64(keys.length)]
  for (const [key, value] of keys) header.push(text(key), valueBytes(value))
  let offset = 0
  for (const tensor of tensors) {
    const { name, shape, type } = tensor
    header.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(ggufTypes[type].id), u64(offset))
    offset = aligned(offset + sizeOf(tensor))
  }
  const fd = openSync(`${file}.part`, 'w')
  try {
    const pad = (length: number): void => writeFully(fd, new Uint8Array(aligned(length) - length))
    const head = Buffer.concat(header)
    writeFully(fd, head)
    pad(head.length)
    for (const tensor of tensors) {
      for (const piece of tensor.pieces()) writeFully(fd, pack[tensor.type](piece))
      pad(sizeOf(tensor))
    }
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${file}.part`, file)
}
