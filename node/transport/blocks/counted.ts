import { LimitError } from '../../../protocol/primitives/index.ts'
import type { Reads } from './reads.ts'

/** Blocks that a fetch may read: one for each kilobyte, beside those of a small file, or of a folder's entries. */
const bytesByRead = 1_024
const freeReads = { file: 1_024, folder: 65_536 } as const

/**
 * The same reads, so many of them: a few blocks make a tree without end where each names another hundreds of times, and
 * what it says of its size may be anything.
 */
export function countedReads(reads: Reads, what: keyof typeof freeReads, maxBytes: number): Reads {
  let left = freeReads[what] + Math.ceil(maxBytes / bytesByRead)
  return {
    ...reads,
    get(cid, options) {
      // [reject] A tree has no more blocks than its bytes need.
      if (--left < 0) throw new LimitError('files.too-large', 'a file has far more parts than its bytes need')
      return reads.get(cid, options)
    }
  }
}
