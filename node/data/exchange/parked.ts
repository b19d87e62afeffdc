import type { DataMessage } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const most = 4096
const mostEach = 512

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
  const waiting = new Map<Hex, DataMessage[]>()
  let size = 0
  return {
    park(about, message) {
      const list = waiting.get(about) ?? []
      if (list.length >= mostEach) return
      // The oldest subject goes first: what is real is known within seconds.
      for (const [oldest, messages] of waiting) {
        if (size < most) break
        waiting.delete(oldest)
        size -= messages.length
      }
      waiting.set(about, [...list, message])
      size++
    },
    take(about) {
      const list = waiting.get(about) ?? []
      waiting.delete(about)
      size -= list.length
      return list
    }
  }
}
