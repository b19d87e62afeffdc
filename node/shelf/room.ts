import { full, fullOfAsked, noDisk } from './errors.ts'
import { askedShare, spareDisk } from './limits.ts'
import type { ShelfEntry } from './types.ts'

/** What is on the shelf, as far as room matters. */
export interface Item extends Omit<ShelfEntry, 'leases' | 'usedAt'> {
  leases: number
  usedAt: number
  /** Others' questions brought it, and its owner has not wanted it since. */
  asked: boolean
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
  /** Lets go of something that is held for others' questions and idle. @returns whether there was such a thing */
  readonly giveBack: () => boolean
}

/** Room that is spoken for. */
export interface Reservation {
  /** When the item is on the shelf, or will not come. */
  end(): void
}

/**
 * Bytes under the quota: what stands on the shelf and what is on its way together never exceed it. Who asks for room
 * gets it before the first byte, at the cost of what nobody holds: fetched things before those that this node made,
 * which others may have from nobody else; and of each the one used longest ago. What others' questions bring stays
 * within its share, and throws out nothing that this node made; its owner's wants go before it.
 */
export interface Room {
  /** @throws LimitError `shelf.full`, `shelf.disk` */
  reserve(cid: string, bytes: number, asked?: boolean): Promise<Reservation>
  readonly bytes: number
  readonly held: number
}

export function createRoom({ quota, items, inUse, free, evict, giveBack }: RoomDeps): Room {
  const share = Math.floor(quota * askedShare)
  let reserved = 0
  let reservedAsked = 0
  let turn: Promise<unknown> = Promise.resolve()

  const total = (which: (item: Item) => boolean): number =>
    [...items.values()].reduce((sum, item) => sum + (which(item) ? item.bytes : 0), 0)
  const standing = (): number => total(() => true)
  const held = (): number => total(inUse)
  const victim = (may: (item: Item) => boolean): Item | undefined =>
    [...items.values()]
      .filter(item => !inUse(item) && may(item))
      .sort((a, b) => Number(a.own) - Number(b.own) || Number(b.asked) - Number(a.asked) || a.usedAt - b.usedAt)[0]

  /** Within the share of others' questions, at the cost of what questions brought. */
  async function makeShare(cid: string, bytes: number): Promise<void> {
    const isAsked = ({ asked }: Item): boolean => asked
    const kept = (): number => total(item => isAsked(item) && inUse(item)) + reservedAsked
    if (kept() + bytes > share) throw fullOfAsked(cid, bytes, share, kept())
    while (total(isAsked) + reservedAsked + bytes > share) {
      const goes = victim(isAsked)
      if (goes === undefined) throw fullOfAsked(cid, bytes, share, kept())
      await evict(goes)
    }
  }

  async function make(cid: string, bytes: number, asked: boolean): Promise<Reservation> {
    if (asked) await makeShare(cid, bytes)
    const stays = (item: Item): boolean => inUse(item) || (asked && item.own)
    const kept = (): number => total(stays) + reserved
    if (!asked) while (kept() + bytes > quota && giveBack()) continue
    // [reject] What could not fit if everything else went throws nothing out.
    if (kept() + bytes > quota) throw full(cid, bytes, quota, kept())
    while (standing() + reserved + bytes > quota) {
      const goes = victim(item => !stays(item))
      // Leases were taken meanwhile.
      if (goes === undefined) throw full(cid, bytes, quota, kept())
      await evict(goes)
    }
    // Blocks come first and the folder is written from them: for a while the disk holds both.
    const available = await free()
    if (2 * bytes + spareDisk > available) throw noDisk(cid, bytes, available)
    reserved += bytes
    if (asked) reservedAsked += bytes
    let ended = false
    return {
      end() {
        if (ended) return
        ended = true
        reserved -= bytes
        if (asked) reservedAsked -= bytes
      }
    }
  }

  return {
    reserve(cid, bytes, asked = false) {
      const mine = turn.then(() => make(cid, bytes, asked))
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
