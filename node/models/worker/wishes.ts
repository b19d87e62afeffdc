import { NotFoundError, anySignal } from '../../../protocol/primitives/index.ts'

/** What an owner wants open: opened, and waiting for it. Bounded by the turns that they take. */
export interface Wishes<K> {
  /** The signal breaks off when it is withdrawn, or the node stops. */
  run<T>(key: K, work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** What is wanted until now. @returns breaks that off, and nothing that is wanted later */
  until(key: K): () => void
}

export function createWishes<K>(life: AbortSignal): Wishes<K> {
  const wishes = new Map<K, Set<AbortController>>()
  return {
    async run(key, work) {
      const wish = new AbortController()
      const all = wishes.get(key) ?? new Set<AbortController>()
      wishes.set(key, all.add(wish))
      try {
        return await work(anySignal([life, wish.signal]))
      } finally {
        all.delete(wish)
        if (all.size === 0) wishes.delete(key)
      }
    },
    until(key) {
      const all = [...(wishes.get(key) ?? [])]
      return () => {
        for (const wish of all) wish.abort(new NotFoundError('offer.none', 'it was withdrawn while it was opened'))
      }
    }
  }
}
