import { isRigid, isSlip } from './words.ts'

/** A word and itself less each letter: two words one slip apart share one of these (Garbe's symmetric delete). */
export function variants(word: string): Set<string> {
  const out = new Set([word])
  for (let i = 0; i < word.length; i++) out.add(word.slice(0, i) + word.slice(i + 1))
  return out
}

/**
 * Entries by their words, found over slips. Two rows whose words are equal up to slips have in particular one's rarest
 * word
 * in common with the other, up to a slip: so a search looks only at the entries of its own rarest word. Banding alone
 * would
 * not do: rows from one template share most of their shingles, and meet in every bucket.
 */
export class WordIndex<E> {
  readonly #entries = new Map<string, E[]>()
  readonly #words = new Map<string, string[]>()
  readonly #known = new Set<string>()

  /** @param group what rows must share to the letter to be compared at all */
  add(words: Iterable<string>, group: string, entry: E): void {
    for (const word of words) {
      const key = `${word}\u0000${group}`
      const list = this.#entries.get(key)
      if (list !== undefined) {
        list.push(entry)
        continue
      }
      this.#entries.set(key, [entry])
      if (isRigid(word) || this.#known.has(word)) continue
      this.#known.add(word)
      for (const variant of variants(word)) {
        const same = this.#words.get(variant)
        if (same === undefined) this.#words.set(variant, [word])
        else same.push(word)
      }
    }
  }

  #like(word: string): Set<string> {
    const out = new Set([word])
    if (!isRigid(word))
      for (const variant of variants(word))
        for (const other of this.#words.get(variant) ?? []) if (isSlip(word, other)) out.add(other)
    return out
  }

  /** Entries of the group among which is every one whose words equal these up to slips. */
  candidates(words: Iterable<string>, group: string): E[] {
    let best: E[][] | undefined
    let least = Number.POSITIVE_INFINITY
    for (const word of words) {
      const lists: E[][] = []
      let size = 0
      for (const like of this.#like(word)) {
        const list = this.#entries.get(`${like}\u0000${group}`)
        if (list !== undefined) {
          lists.push(list)
          size += list.length
        }
      }
      if (size < least) {
        best = lists
        least = size
      }
      if (least === 0) return []
    }
    return best?.flat() ?? []
  }
}
