import type { Level } from 'level'
import type { Log } from '../../runtime/index.ts'
import { isCborMap, isJson, isProtobuf } from './forms.ts'

/** A kind of record that libp2p, Helia or this project keeps beside the blocks, by the beginning of its key. */
interface Kind {
  readonly prefix: string
  readonly what: string
  readonly isReadable: (value: Uint8Array) => boolean
  /** What takes the place of one that is not; without it the record goes. */
  readonly instead?: Uint8Array
}

const utf8 = new TextEncoder()
const kinds: readonly Kind[] = [
  {
    prefix: '/version',
    what: 'the version of the records',
    isReadable: value => /^[0-9]+$/.test(new TextDecoder().decode(value)),
    instead: utf8.encode('1')
  },
  { prefix: '/peers/', what: 'a known peer', isReadable: isProtobuf },
  {
    // The whole of the file stays pinned: { depth: Infinity, metadata: {} }.
    prefix: '/pin/',
    what: 'a pinned file',
    isReadable: isCborMap,
    instead: Uint8Array.of(0xa2, 0x65, ...utf8.encode('depth'), 0xf9, 0x7c, 0, 0x68, ...utf8.encode('metadata'), 0xa0)
  },
  {
    // The block stays for good: { pinCount: 1, pinnedBy: [] }. That costs its bytes; to let it go might cost the file.
    prefix: '/pinned-block/',
    what: 'a pinned block',
    isReadable: isCborMap,
    instead: Uint8Array.of(0xa2, 0x68, ...utf8.encode('pinCount'), 1, 0x68, ...utf8.encode('pinnedBy'), 0x80)
  },
  // The shelf lends its folders again at every start.
  { prefix: '/lent/folder/', what: 'a lent folder', isReadable: isJson },
  {
    prefix: '/lent/block/',
    what: 'a lent block',
    isReadable: value => value[0] === 0 || (value[0] === 1 && isJson(value.subarray(1)))
  }
]

/**
 * Records that cannot be read keep no node from starting: what the network tells again is dropped, and what holds
 * something here goes on holding it. @returns how many there were
 */
export async function mendRecords(
  records: Level<string, Uint8Array>,
  log: Pick<Log, 'warn'> | undefined
): Promise<number> {
  let mended = 0
  for (const { prefix, what, isReadable, instead } of kinds)
    for await (const [key, value] of records.iterator({ gte: prefix, lt: `${prefix}\u{10ffff}` })) {
      if (isReadable(value)) continue
      await (instead === undefined ? records.del(key) : records.put(key, instead))
      log?.warn('a record of the network cannot be read and was set right', { record: key, what })
      mended++
    }
  return mended
}
