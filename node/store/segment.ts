import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { InvalidError } from '../../protocol/primitives/index.ts'
import { StoreError, storeError } from './errors.ts'
import { syncPath } from './whole-file.ts'

// A segment: many entries in one file that never changes. Sorted by key, packed and checked in blocks, with a sparse
// index at the end: the first key of each block. Whoever reads one entry reads one block, and holds the index alone.
//
//   mark ‖ blocks (zstd over: key length u16, key, value length u32, value, …) ‖ index (zstd over JSON) ‖ footer
//   footer: index offset u64, index length u32, index crc u32, mark

const mark = Buffer.from('TilthSg1')
const footerBytes = 8 + 4 + 4 + mark.length
/** Bytes of entries in a block before it is packed: a few dozen receipts. */
const blockBytes = 32 * 1024
/** What a block may hold unpacked, and an index: a damaged length asks for no more memory than that. */
const mostBytes = 64 * 2 ** 20

interface Block {
  readonly first: string
  readonly offset: number
  readonly length: number
  readonly crc: number
}
interface Index {
  readonly count: number
  readonly last: string
  readonly blocks: readonly Block[]
}

export interface Segment {
  readonly path: string
  /** How many entries it has. */
  readonly count: number
  /** @throws StoreError `store.corrupt` where the block does not hold what was written */
  get(key: string): Promise<string | undefined>
  /** From a key on (inclusive), in order. @throws as get */
  entries(from?: string): AsyncIterable<[key: string, value: string]>
  close(): Promise<void>
}

const damaged = (path: string, cause?: unknown): StoreError =>
  new StoreError('store.corrupt', `the file ${path} is damaged or gone`, {
    help: 'Move it away: what stood in it is history, and the node runs without it.',
    cause
  })

function pack(entries: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = []
  for (const [key, value] of entries) {
    const [name, text] = [Buffer.from(key), Buffer.from(value)]
    const lengths = Buffer.alloc(6)
    lengths.writeUInt16LE(name.length, 0)
    lengths.writeUInt32LE(text.length, 2)
    parts.push(lengths, name, text)
  }
  return zstdCompressSync(Buffer.concat(parts))
}

function* unpack(packed: Buffer): Generator<[string, string]> {
  const bytes = zstdDecompressSync(packed, { maxOutputLength: mostBytes })
  for (let at = 0; at < bytes.length;) {
    const [name, text] = [bytes.readUInt16LE(at), bytes.readUInt32LE(at + 2)]
    const [keyEnd, end] = [at + 6 + name, at + 6 + name + text]
    if (end > bytes.length) throw new RangeError('an entry reaches beyond its block')
    yield [bytes.toString('utf8', at + 6, keyEnd), bytes.toString('utf8', keyEnd, end)]
    at = end
  }
}

/**
 * Writes a segment that appears whole or not at all, and is on disk when it resolves.
 * @param entries in strictly ascending order of their keys
 * @throws InvalidError `segment.order` · StoreError `store.disk-full`, `store.failed`
 */
export async function writeSegment(
  path: string,
  entries: Iterable<readonly [key: string, value: string]> | AsyncIterable<readonly [key: string, value: string]>
): Promise<{ count: number }> {
  const blocks: Block[] = []
  let [offset, count, size, last] = [mark.length, 0, 0, '']
  let waiting: (readonly [string, string])[] = []
  let file: FileHandle | undefined
  try {
    file = await open(`${path}.new`, 'w')
    const target = file
    await target.writeFile(mark)
    const flush = async (): Promise<void> => {
      const [first] = waiting
      if (first === undefined) return
      const packed = pack(waiting)
      await target.writeFile(packed)
      blocks.push({ first: first[0], offset, length: packed.length, crc: crc32(packed) })
      offset += packed.length
      size = 0
      waiting = []
    }
    for await (const entry of entries) {
      if (count > 0 && !(entry[0] > last))
        throw new InvalidError('segment.order', 'the entries of a segment must ascend by their keys')
      last = entry[0]
      count++
      waiting.push(entry)
      size += entry[0].length + entry[1].length
      if (size >= blockBytes) await flush()
    }
    await flush()
    const index = zstdCompressSync(Buffer.from(JSON.stringify({ count, last, blocks } satisfies Index)))
    const footer = Buffer.alloc(footerBytes)
    footer.writeBigUInt64LE(BigInt(offset), 0)
    footer.writeUInt32LE(index.length, 8)
    footer.writeUInt32LE(crc32(index), 12)
    mark.copy(footer, 16)
    await target.writeFile(Buffer.concat([index, footer]))
    await target.sync()
    await target.close()
    file = undefined
    await rename(`${path}.new`, path)
    await syncPath(dirname(path)) // a rename is on disk once its folder is
    return { count }
  } catch (error) {
    await file?.close()
    await rm(`${path}.new`, { force: true })
    if (error instanceof InvalidError) throw error
    throw storeError(error, dirname(path))
  }
}

/** Reads exactly so many bytes. */
async function read(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, offset)
  if (bytesRead !== length) throw new RangeError('the file is shorter than it says')
  return bytes
}

async function readIndex(file: FileHandle): Promise<Index> {
  const { size } = await file.stat()
  const footer = await read(file, size - footerBytes, footerBytes)
  if (!footer.subarray(16).equals(mark)) throw new RangeError('the file does not end as a segment')
  const [offset, length] = [Number(footer.readBigUInt64LE(0)), footer.readUInt32LE(8)]
  if (offset + length + footerBytes !== size) throw new RangeError('the index is not where it should be')
  const packed = await read(file, offset, length)
  if (crc32(packed) !== footer.readUInt32LE(12)) throw new RangeError('the index is not what was written')
  return JSON.parse(zstdDecompressSync(packed, { maxOutputLength: mostBytes }).toString()) as Index
}

/** Opens a segment: reads its index, nothing else. @throws StoreError `store.corrupt`, `store.failed` */
export async function openSegment(path: string): Promise<Segment> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw damaged(path, error)
    throw storeError(error, dirname(path))
  }
  let index: Index
  try {
    index = await readIndex(file)
  } catch (error) {
    await file.close()
    throw damaged(path, error)
  }
  const { blocks } = index

  /** The block in which a key would stand: the last one that begins at or before it. */
  function placeOf(key: string): number {
    let [low, high] = [0, blocks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((blocks[middle]?.first ?? '') <= key) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The block that was read last: lists read one entry after another. */
  let recent: { readonly offset: number; readonly entries: [string, string][] } | undefined

  async function load({ offset, length, crc }: Block): Promise<[string, string][]> {
    if (recent?.offset === offset) return recent.entries
    try {
      const packed = await read(file, offset, length)
      if (crc32(packed) !== crc) throw new RangeError('a block is not what was written')
      const entries = [...unpack(packed)]
      recent = { offset, entries }
      return entries
    } catch (error) {
      throw damaged(path, error)
    }
  }

  return {
    path,
    count: index.count,
    async get(key) {
      const block = blocks[placeOf(key)]
      if (block === undefined || key > index.last) return undefined
      return (await load(block)).find(([name]) => name === key)?.[1]
    },
    async *entries(from = '') {
      for (const block of blocks.slice(Math.max(0, placeOf(from))))
        for (const entry of await load(block)) if (entry[0] >= from) yield entry
    },
    close: () => file.close()
  }
}
