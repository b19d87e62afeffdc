import { Cursor, Damage, crcOf, crcStart, masked, maskedCrc, unsnap } from './bytes.ts'

// A table of LevelDB (https://github.com/google/leveldb/blob/main/doc/table_format.md): blocks of entries in the order
// of their keys, each with its checksum; a block that says where they are; and a footer that says where that one is.

const footerBytes = 48
const magic = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)
/** Kinds of a block, between it and its checksum: as it is, or packed by Snappy. */
const [plain, packed] = [0, 1]
/** Blocks are of four kilobytes and one entry: where one begins, its end is looked for no further. */
const mostBytes = 16 * 2 ** 20
/** Sequence and kind, at the end of each key. */
const markBytes = 8

/** What a key was written to be, the how manieth write of its database that was, or that it was taken out. */
export interface LevelEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
  readonly sequence: bigint
}

interface Place {
  readonly offset: number
  readonly size: number
}

const placeAt = (cursor: Cursor): Place => ({ offset: cursor.varint(), size: cursor.varint() })

/** @throws Damage where it is not what was written */
function blockAt(bytes: Uint8Array, { offset, size }: Place): Uint8Array {
  const cursor = new Cursor(bytes, offset)
  const block = cursor.take(size + 1)
  if (maskedCrc(block) !== cursor.fixed(4)) throw new Damage('a block is not what was written')
  const content = block.subarray(0, size)
  if (block[size] === plain) return content
  if (block[size] !== packed) throw new Damage('a block of a kind that is not known')
  return unsnap(content)
}

/** The entries of a block: of each key only what differs from the one before is written. */
function* entriesOf(block: Uint8Array): Generator<readonly [Uint8Array, Uint8Array]> {
  const end = new Cursor(block, Math.max(0, block.length - 4))
  const restarts = end.fixed(4)
  const cursor = new Cursor(block.subarray(0, Math.max(0, block.length - 4 - restarts * 4)))
  let key = new Uint8Array()
  while (cursor.left > 0) {
    const [shared, fresh, length] = [cursor.varint(), cursor.varint(), cursor.varint()]
    if (shared > key.length) throw new Damage('a key like one that is not there')
    const next = new Uint8Array(shared + fresh)
    next.set(key.subarray(0, shared))
    next.set(cursor.take(fresh), shared)
    key = next
    yield [key, cursor.take(length)]
  }
}

function* written(block: Uint8Array): Generator<LevelEntry> {
  for (const [marked, value] of entriesOf(block)) {
    if (marked.length < markBytes) throw new Damage('a key without its mark')
    const end = marked.length - markBytes
    const mark = new DataView(marked.buffer, marked.byteOffset + end).getBigUint64(0, true)
    yield { key: marked.subarray(0, end), value: (mark & 0xffn) === 1n ? value : undefined, sequence: mark >> 8n }
  }
}

/** Where its blocks are. @throws Damage where the footer or that list is gone */
function placesOf(bytes: Uint8Array): Place[] {
  const footer = bytes.subarray(Math.max(0, bytes.length - footerBytes))
  if (footer.length < footerBytes || !magic.every((byte, i) => footer[footerBytes - magic.length + i] === byte))
    throw new Damage('it does not end as a table')
  const cursor = new Cursor(footer)
  placeAt(cursor)
  return [...entriesOf(blockAt(bytes, placeAt(cursor)))].map(([, place]) => placeAt(new Cursor(place)))
}

/** How long the block is that begins there: as far as its checksum says. */
function sizeAt(bytes: Uint8Array, offset: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let crc = crcStart
  for (let at = offset; at + 5 <= Math.min(bytes.length, offset + mostBytes); at++) {
    const byte = bytes[at] ?? 0
    crc = crcOf(crc, byte)
    if (byte <= packed && masked(crc) === view.getUint32(at + 1, true)) return at - offset
  }
  return undefined
}

/** Blocks one after another, as far as they go, of a table that does not say any more where they are. */
function* blocksInRow(bytes: Uint8Array): Generator<Uint8Array> {
  let last: Uint8Array | undefined
  for (let offset = 0; offset < bytes.length;) {
    const size = sizeAt(bytes, offset)
    if (size === undefined) return
    try {
      const block = blockAt(bytes, { offset, size })
      const keys = [...written(block)].map(({ key }) => key)
      const [first] = keys
      // What stands behind the last block of entries is none, or begins with a key that was there before.
      if (first === undefined || (last !== undefined && Buffer.compare(first, last) < 0)) return
      last = keys.at(-1)
      yield block
    } catch (error) {
      if (error instanceof Damage) return
      throw error
    }
    offset += size + 5
  }
}

/**
 * All that can be read of a table.
 * @param told of each fault
 */
export function* tableEntries(bytes: Uint8Array, told: (why: string) => void): Generator<LevelEntry> {
  let places: Place[]
  try {
    places = placesOf(bytes)
  } catch (error) {
    if (!(error instanceof Damage)) throw error
    told(error.message)
    for (const block of blocksInRow(bytes)) yield* written(block)
    return
  }
  for (const place of places)
    try {
      yield* written(blockAt(bytes, place))
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      told(error.message)
    }
}
