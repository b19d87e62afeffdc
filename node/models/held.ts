import type { Hex } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'

/**
 * What is on disk and has an identity here: while anybody uses one, its id is the same object. What was used lately is
 * in memory, so many at most; of the others only those that somebody still has in hand.
 */
export interface Held<T> {
  /** From memory, or from the disk. */
  get(id: Hex): Promise<T | undefined>
  /** The one in memory, else this new one. */
  keep(id: Hex, made: () => T): T
  /** Not used any more: it leaves memory once nobody has it in hand. */
  drop(id: Hex): void
}

/** @param read from the disk; what it makes is complete */
export function createHeld<T extends object>(read: (id: Hex) => Promise<T | undefined>, most: number): Held<T> {
  const lately = createCache<Hex, T>({ max: most })
  /** Everything in memory; an entry goes with its object. */
  const all = new Map<Hex, WeakRef<T>>()
  const gone = new FinalizationRegistry<Hex>(id => {
    if (all.get(id)?.deref() === undefined) all.delete(id)
  })
  const reading = new Map<Hex, Promise<T | undefined>>()

  const inMemory = (id: Hex): T | undefined => lately.get(id) ?? all.get(id)?.deref()

  function keep(id: Hex, made: () => T): T {
    const known = inMemory(id)
    if (known !== undefined) return known
    const one = made()
    all.set(id, new WeakRef(one))
    gone.register(one, id)
    lately.set(id, one)
    return one
  }

  return {
    get(id) {
      const known = inMemory(id)
      if (known !== undefined) {
        lately.set(id, known)
        return Promise.resolve(known)
      }
      const running = reading.get(id)
      if (running !== undefined) return running
      const next = read(id)
        // One that was made meanwhile is the one.
        .then(found => (found === undefined ? inMemory(id) : keep(id, () => found)))
        .finally(() => reading.delete(id))
      reading.set(id, next)
      return next
    },
    keep,
    drop(id) {
      lately.delete(id)
    }
  }
}
