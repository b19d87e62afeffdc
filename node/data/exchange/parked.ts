import type { DataMessage } from '../../../protocol/data/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

/** Messages in all, for one subject, and characters of JSON in all: a certificate may have 100 KiB. */
const most = 4096
const mostEach = 512
const mostCharacters = 8 << 20

/**
 * Messages that came before what they are about: gossip is quicker than the chain. Kept for a while in memory, a
 * bounded
 * number; what is dropped comes again when notes are compared.
 */
export interface Parked {
  park(about: Hex, message: DataMessage): void
  /** What waited for it, in the order it came. */
  take(about: Hex): DataMessage[]
}

export function createParked(): Parked {
  const waiting = new Map<Hex, { message: DataMessage; characters: number }[]>()
  let size = 0
  let characters = 0
  const parked: Parked = {
    park(about, message) {
      if ((waiting.get(about)?.length ?? 0) >= mostEach) return
      const item = { message, characters: canonicalJson(message).length }
      // The oldest subject goes first: what is real is known within seconds.
      for (const oldest of waiting.keys()) {
        if (size < most && characters + item.characters <= mostCharacters) break
        parked.take(oldest)
      }
      const list = waiting.get(about) ?? [] // it may have been the oldest itself
      list.push(item)
      waiting.set(about, list)
      size++
      characters += item.characters
    },
    take(about) {
      const list = waiting.get(about) ?? []
      waiting.delete(about)
      size -= list.length
      for (const item of list) characters -= item.characters
      return list.map(({ message }) => message)
    }
  }
  return parked
}
