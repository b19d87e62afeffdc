import { Cursor, Damage, maskedCrc, unsnap } from './bytes.ts'

// A table of LevelDB (https://github.com/google/leveldb/blob/main/doc/table_format.md): blocks of entries in the order
// of their keys, each with its checksum; a block that says where they are; and a footer that says where that one is.

const footerBytes = 48
const magic = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)
/** Of a block, between it and its checksum: by Snappy. */
const packed = 1
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
  if (block[size] === 0) return content
  if (block[size] !== packed) throw new Damage('a block of a kind that is not known')
  return unsnap(new Cursor(content))
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

/** Blocks one after another, as far as they go, of a table that does not say any more where they are. */
function* blocksInRow(bytes: Uint8Array): Generator<Uint8Array> {
  let last: Uint8Array | undefined
  for (let at = 0; at < bytes.length;) {
    let block: Uint8Array
    try {
      const cursor = new Cursor(bytes, at)
      block = unsnap(cursor)
      if (cursor.byte() !== packed || maskedCrc(bytes.subarray(at, cursor.at)) !== cursor.fixed(4)) return
      const keys = [...written(block)].map(({ key }) => key)
      const [first] = keys
      // The list of blocks stands behind the last of them, and begins with a key that was there before.
      if (first === undefined || (last !== undefined && Buffer.compare(first, last) < 0)) return
      last = keys.at(-1)
      at = cursor.at
    } catch (error) {
      if (error instanceof Damage) return
      throw error
    }
    yield block
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
