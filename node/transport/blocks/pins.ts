import * as dagPb from '@ipld/dag-pb'
import type { Helia } from 'helia'
import { base32 } from 'multiformats/bases/base32'
import type { CID } from 'multiformats/cid'
import { joinBytes } from '../../../protocol/primitives/index.ts'
import { storeError } from '../../store/index.ts'

type Walker = NonNullable<NonNullable<Parameters<Helia['pins']['add']>[1]>['walker']>
type Read = (cid: CID) => Promise<Uint8Array>

/** A block's name, whatever codec it is asked for by. */
export const blockName = (cid: CID): string => base32.encode(cid.multihash.bytes)

/** Every block below a root, once, each node before what hangs on it; leaves are read only where `leaves` says so. */
export async function* blocksBelow(root: CID, read: Read, leaves: boolean): AsyncGenerator<[CID, Uint8Array]> {
  const seen = new Set<string>()
  const stack = [root]
  for (let cid = stack.pop(); cid !== undefined; cid = stack.pop()) {
    const name = blockName(cid)
    if (seen.has(name)) continue
    seen.add(name)
    const isNode = cid.code === dagPb.code
    const bytes = isNode || leaves ? await read(cid) : new Uint8Array()
    yield [cid, bytes]
    if (isNode)
      stack.push(
        ...dagPb
          .decode(bytes)
          .Links.map(({ Hash }) => Hash)
          .reverse()
      )
  }
}

/** What is kept because somebody here wants it, by root. */
export interface Pins {
  has(root: CID): Promise<boolean>
  /**
   * To be called by who has just read or made all of it: its tree is walked, and what hangs on it is not read once
   * more, which took as long as fetching it.
   * @throws NotFoundError, the store's, where a node of the tree is not here, with nothing marked as kept
   */
  add(root: CID): Promise<void>
  /** Whoever wants a block for the sake of another root still has it. */
  remove(root: CID): Promise<void>
  /** Whether a block is kept for the sake of any root. */
  hasBlock(cid: CID): Promise<boolean>
  roots(): AsyncIterable<CID>
  /** What is pinned now, less what anybody asks for, pins or unpins from now on. One at a time. */
  watch(): Promise<WatchedPins>
}

/** By the names of their blocks. */
export interface WatchedPins {
  /** All that was pinned when the watch began, or was since. */
  readonly all: ReadonlyMap<string, CID>
  /** Of what was pinned then, what nobody has asked for. */
  readonly left: ReadonlyMap<string, CID>
  end(): void
}

/**
 * Helia's pins, walked so that a block that stands twice in a tree counts once: Helia adds it once and takes it off as
 * often as it stands there, and would let go of blocks that another root still wants.
 * @param local reads what is on this disk, and throws where it is not
 */
export function createPins(helia: Pick<Helia, 'pins'>, local: Read, directory: string): Pins {
  const walker: Walker = () => ({
    async *walk(root: CID) {
      // Of a node of a walk the pins look at its CID, and at nothing else.
      for await (const [cid, bytes] of blocksBelow(root, local, false))
        yield { block: { cid, bytes }, depth: 0, path: [] } as never
    }
  })
  let watched: { readonly all: Map<string, CID>; readonly left: Map<string, CID> } | undefined
  const pins: Pins = {
    async has(root) {
      watched?.left.delete(blockName(root))
      try {
        await helia.pins.get(root)
        return true
      } catch (error) {
        if (error instanceof Error && error.name === 'NotFoundError') return false
        throw storeError(error, directory)
      }
    },
    async add(root) {
      watched?.all.set(blockName(root), root)
      if (await pins.has(root)) return
      // [reject] All of a tree came with its content: a root that says less of itself than hangs on it would have
      // blocks fetched that nobody may have, for ever and beyond every bound.
      for await (const _ of blocksBelow(root, local, false)) continue
      try {
        for await (const _ of helia.pins.add(root, { walker })) {
          /* a pin is set when its walk is done */
        }
      } catch (error) {
        // Two who fetched the same at once: the other one's walk was done in between.
        if (!(error instanceof Error && error.name === 'AlreadyPinnedError')) throw error
      }
    },
    async remove(root) {
      if (!(await pins.has(root))) return
      for await (const _ of helia.pins.rm(root, { walker })) {
        /* undone when its walk is done */
      }
    },
    hasBlock: cid => helia.pins.isPinned(cid),
    async *roots() {
      for await (const { cid } of helia.pins.ls()) yield cid
    },
    async watch() {
      const one = { all: new Map<string, CID>(), left: new Map<string, CID>() }
      watched = one
      for await (const cid of pins.roots()) {
        one.all.set(blockName(cid), cid)
        one.left.set(blockName(cid), cid)
      }
      return {
        ...one,
        end() {
          if (watched === one) watched = undefined
        }
      }
    }
  }
  return pins
}

export async function whole(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const part of parts) chunks.push(part)
  return joinBytes(chunks)
}
