import { variants } from './slips.ts'
import { isRigid, isSlip } from './words.ts'

/** Words a letter away that are looked at for one of a search. */
const mostLikes = 1_024
/** Words of a search whose entries are gathered, once one has led somewhere; of the rest whether anybody has them. */
const enoughWords = 256
const fewLikes = 32

/**
 * Entries by their words, found over slips. Two rows whose words are equal up to slips have in particular one's rarest
 * word in common with the other, up to a slip: so a search looks only at the entries of its own rarest word. Banding
 * alone would not do: rows from one template share most of their shingles, and meet in every bucket.
 */
export class WordIndex<E> {
  readonly #entries = new Map<string, E[]>()
  readonly #words = new Map<string, string[]>()
  readonly #known = new Set<string>()
  /** Words that searches have looked at or for, all together. */
  looks = 0

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

  /** Words that this one may be a slip of, itself included; undefined where more than so many would be looked at. */
  #like(word: string, most: number): Set<string> | undefined {
    const out = new Set([word])
    if (isRigid(word)) return out
    let looked = 0
    for (const variant of variants(word)) {
      const others = this.#words.get(variant) ?? []
      looked += others.length
      this.looks += 1 + others.length
      if (looked > most) return undefined
      for (const other of others) if (isSlip(word, other)) out.add(other)
    }
    return out
  }

  #entriesLike(word: string, group: string, most = Number.POSITIVE_INFINITY): Set<E> | undefined {
    const likes = this.#like(word, most)
    if (likes === undefined) return undefined
    const found = new Set<E>()
    for (const like of likes) for (const entry of this.#entries.get(`${like}\u0000${group}`) ?? []) found.add(entry)
    return found
  }

  /** Whether an entry of the group may have the word, up to a slip. */
  #mayHave(word: string, group: string): boolean {
    this.looks++
    if (this.#entries.has(`${word}\u0000${group}`)) return true
    const likes = this.#like(word, fewLikes)
    if (likes === undefined) return true
    for (const like of likes) if (this.#entries.has(`${like}\u0000${group}`)) return true
    return false
  }

  /**
   * Entries of the group among which is every one whose words equal these up to slips: those of any one word, so of one
   * that few have.
   */
  candidates(words: Iterable<string>, group: string): E[] {
    let best: Set<E> | undefined
    let crowded: string | undefined
    let looked = 0
    for (const word of words) {
      if (looked >= enoughWords && best !== undefined) {
        if (!this.#mayHave(word, group)) return []
        continue
      }
      looked++
      const found = this.#entriesLike(word, group, mostLikes)
      if (found === undefined) crowded ??= word
      else if (best === undefined || found.size < best.size) best = found
      if (best?.size === 0) return []
    }
    return [...(best ?? (crowded === undefined ? [] : (this.#entriesLike(crowded, group) ?? [])))]
  }
}
