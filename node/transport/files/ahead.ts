import { decode } from '@ipld/dag-pb'
import type { CID } from 'multiformats/cid'
import { anySignal } from '../../../protocol/primitives/index.ts'
import type { Reads } from '../blocks/reads.ts'
import { whole } from '../blocks/pins.ts'

/** Entries of a folder whose first blocks are asked for at once. */
const mostAhead = 16

/**
 * The first blocks of a folder's entries come together: one after another, each would be a way there and back, and an
 * adapter has hardly more blocks than entries.
 * @param cid a folder whose own block is here
 */
export async function readAhead(blocks: Reads, cid: CID, signal: AbortSignal): Promise<{ end(): void }> {
  const stop = new AbortController()
  const either = anySignal([signal, stop.signal])
  const { Links: links } = decode(await whole(blocks.get(cid, { signal })))
  for (const { Hash: entry } of links.slice(0, mostAhead))
    // What does not come is asked for again by whoever reads it, and missed there.
    whole(blocks.get(entry, { signal: either })).catch(() => undefined)
  return {
    end() {
      stop.abort()
    }
  }
}
