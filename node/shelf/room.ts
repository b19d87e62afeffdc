import { full, noDisk } from './errors.ts'
import { spareDisk } from './limits.ts'
import type { ShelfEntry } from './types.ts'

/** What is on the shelf, as far as room matters. */
export interface Item extends Omit<ShelfEntry, 'leases' | 'usedAt'> {
  leases: number
  usedAt: number
}

export interface RoomDeps {
  readonly quota: number
  readonly items: ReadonlyMap<string, Item>
  /** Leased, or waited for by who gets it next. */
  readonly inUse: (item: Item) => boolean
  /** Bytes free on the disk. */
  readonly free: () => Promise<number>
  /** Takes an item off the shelf: out of `items` at once, off the disk when it resolves. */
  readonly evict: (item: Item) => Promise<void>
}

/** Room that is spoken for. */
export interface Reservation {
  /** When the item is on the shelf, or will not come. */
  end(): void
}

/**
 * Bytes under the quota: what stands on the shelf and what is on its way together never exceed it. Who asks for room
 * gets it before the first byte, at the cost of what nobody holds: fetched things before those that this node made,
 * which others may have from nobody else; and of each the one used longest ago.
 */
export interface Room {
  /** @throws LimitError `shelf.full`, `shelf.disk` */
  reserve(cid: string, bytes: number): Promise<Reservation>
  readonly bytes: number
  readonly held: number
}

export function createRoom({ quota, items, inUse, free, evict }: RoomDeps): Room {
  let reserved = 0
  let turn: Promise<unknown> = Promise.resolve()

  const total = (which: (item: Item) => boolean): number =>
    [...items.values()].reduce((sum, item) => sum + (which(item) ? item.bytes : 0), 0)
  const standing = (): number => total(() => true)
  const held = (): number => total(inUse)
  const victim = (): Item | undefined =>
    [...items.values()]
      .filter(item => !inUse(item))
      .sort((a, b) => Number(a.own) - Number(b.own) || a.usedAt - b.usedAt)[0]

  async function make(cid: string, bytes: number): Promise<Reservation> {
    // [reject] What could not fit if everything else went throws nothing out.
    if (held() + reserved + bytes > quota) throw full(cid, bytes, quota, held() + reserved)
    while (standing() + reserved + bytes > quota) {
      const goes = victim()
      // Leases were taken meanwhile.
      if (goes === undefined) throw full(cid, bytes, quota, held() + reserved)
      await evict(goes)
    }
    // Blocks come first and the folder is written from them: for a while the disk holds both.
    const available = await free()
    if (2 * bytes + spareDisk > available) throw noDisk(cid, bytes, available)
    reserved += bytes
    let ended = false
    return {
      end() {
        if (!ended) reserved -= bytes
        ended = true
      }
    }
  }

  return {
    reserve(cid, bytes) {
      const mine = turn.then(() => make(cid, bytes))
      turn = mine.catch(() => undefined)
      return mine
    },
    get bytes() {
      return standing() + reserved
    },
    get held() {
      return held() + reserved
    }
  }
}
