import { Cursor, Damage, maskedCrc } from './bytes.ts'
import type { LevelEntry } from './table.ts'

// A log of LevelDB (https://github.com/google/leveldb/blob/main/doc/log_format.md): what was written last and stands in
// no table yet, as records that are cut at blocks of a fixed size.

const blockBytes = 32 * 1024
const headerBytes = 7
/** Kinds of pieces. */
const [full, first, last] = [1, 2, 4] as const

/** The records that are whole. Half a one at the end is of a process that was killed before it said so. */
function* records(bytes: Uint8Array, told: (why: string) => void): Generator<Uint8Array> {
  let pieces: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += blockBytes) {
    const cursor = new Cursor(bytes.subarray(start, start + blockBytes))
    while (cursor.left >= headerBytes) {
      const crc = cursor.fixed(4)
      const length = cursor.fixed(2)
      const kind = cursor.take(1)
      if (length === 0 && kind[0] === 0 && crc === 0) break // room that was made and not used
      if (length > cursor.left) {
        if (start + blockBytes < bytes.length) told('a record reaches beyond its block')
        pieces = []
        break
      }
      const piece = cursor.take(length)
      if (maskedCrc(kind, piece) !== crc) {
        told('a record is not what was written')
        pieces = []
        break // where the next one begins its length said, which may be wrong
      }
      if (kind[0] === full || kind[0] === first) pieces = []
      else if (pieces.length === 0) continue // its beginning was lost
      pieces.push(piece)
      if (kind[0] !== full && kind[0] !== last) continue
      yield Buffer.concat(pieces)
      pieces = []
    }
  }
}

/** The writes of a record, which are done all or none. @throws Damage */
function writesOf(record: Uint8Array): LevelEntry[] {
  const cursor = new Cursor(record)
  const begin = new DataView(record.buffer, record.byteOffset)
  cursor.take(8)
  const sequence = begin.getBigUint64(0, true)
  const count = cursor.fixed(4)
  const writes: LevelEntry[] = []
  for (let i = 0; i < count; i++) {
    const isPut = cursor.byte() === 1
    const key = cursor.take(cursor.varint())
    writes.push({ key, value: isPut ? cursor.take(cursor.varint()) : undefined, sequence: sequence + BigInt(i) })
  }
  return writes
}

/**
 * All that can be read of a log.
 * @param told of each fault
 */
export function* logEntries(bytes: Uint8Array, told: (why: string) => void): Generator<LevelEntry> {
  for (const record of records(bytes, told))
    try {
      yield* writesOf(record)
    } catch (error) {
      if (!(error instanceof Damage)) throw error
      told(error.message)
    }
}
