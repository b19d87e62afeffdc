import type { CID } from 'multiformats/cid'
import type { Clock, Log } from '../../runtime/index.ts'
import type { LendingBlocks } from './lent.ts'
import { blockName, blocksBelow, whole } from './pins.ts'
import type { Pins } from './pins.ts'

/**
 * How old a block must be before it may go: what was fetched a moment ago and is not pinned is on its way to somewhere
 * (a folder that will be lent, a second reader).
 */
const graceMs = 3_600_000
/** Blocks that running fetches and additions may have touched before a collection waits for them to end. */
const mostHeld = 1_000_000

export interface Collected {
  readonly removed: number
  readonly bytes: number
  readonly kept: number
}

/**
 * Removes blocks that nothing kept refers to: what hangs on no pinned root, is part of nothing under way, and is not
 * fresh. Pinned trees are walked anew each time rather than counted, so that a count gone wrong (a process that was
 * killed half-way) costs nobody a block.
 */
export interface Collector {
  /**
   * Whatever work touches is kept at least until it is done: everything that adds, fetches or pins goes through here.
   */
  holding<T>(work: () => Promise<T>): Promise<T>
  /**
   * One at a time; who asks meanwhile waits for the one under way. Undefined when it could not be known what to keep.
   */
  collect(): Promise<Collected | undefined>
}

export function createCollector(
  blocks: LendingBlocks,
  pins: Pick<Pins, 'roots'>,
  { clock, log, grace = graceMs }: { clock: Pick<Clock, 'now'>; log: Log; grace?: number }
): Collector {
  let working = 0
  let held = new Set<string>() // touched since anything under way began; at most mostHeld
  let overfull = false
  let touched: Set<string> | undefined // since this collection began
  const going = new Map<string, Promise<void>>() // being removed this moment
  let running: Promise<Collected | undefined> | undefined

  blocks.beforeTouch = async (cid: CID) => {
    const name = blockName(cid)
    touched?.add(name)
    if (working > 0) {
      if (held.size < mostHeld) held.add(name)
      else overfull = true
    }
    await going.get(name)
  }

  async function live(): Promise<Set<string> | undefined> {
    const names = new Set<string>()
    const read = (cid: CID): Promise<Uint8Array> => whole(blocks.get(cid))
    for await (const root of pins.roots()) {
      try {
        for await (const [cid] of blocksBelow(root, read, false)) names.add(blockName(cid))
      } catch (error) {
        // What hangs on a node that is not here cannot be told from what nobody wants.
        log.warn('a pinned file has lost a block, so nothing is removed; unpin it or fetch it again', {
          cid: root.toString(),
          error
        })
        return undefined
      }
    }
    return names
  }

  async function sweep(): Promise<Collected | undefined> {
    if (overfull) return undefined
    touched = new Set(held)
    try {
      const keep = await live()
      if (keep === undefined) return undefined
      let [removed, bytes, kept] = [0, 0, 0]
      for await (const { cid, size, writtenAt } of blocks.stored()) {
        const name = blockName(cid)
        // From here to the mark below nothing else runs: whoever touches the block later waits until it is gone.
        if (keep.has(name) || touched.has(name) || writtenAt > clock.now() - grace) {
          kept++
          continue
        }
        const gone = blocks.remove(cid)
        going.set(
          name,
          gone.catch(() => undefined)
        )
        try {
          await gone
          removed++
          bytes += size
        } finally {
          going.delete(name)
        }
      }
      return { removed, bytes, kept }
    } finally {
      touched = undefined
    }
  }

  return {
    async holding(work) {
      working++
      try {
        return await work()
      } finally {
        working--
        if (working === 0) {
          held = new Set()
          overfull = false
        }
      }
    },
    collect() {
      running ??= sweep().finally(() => {
        running = undefined
      })
      return running
    }
  }
}
