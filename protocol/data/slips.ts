import { isRigid, isSlip, mostSlipLetters } from './words.ts'

// A row may have tens of thousands of words, whose author chose them: nothing here may take the square of their number,
// or of a word's letters.

/** A word that only one of two rows has, and the one that only the other has in its place. */
export interface Slip {
  readonly mine: string
  readonly theirs: string
}

/**
 * A word and itself less each letter: two words one slip apart share one of these (Garbe's symmetric delete). A word in
 * which nobody slips has only itself.
 */
export function variants(word: string): Set<string> {
  const out = new Set([word])
  if (word.length > mostSlipLetters) return out
  for (let i = 0; i < word.length; i++) out.add(less(word, i))
  return out
}

const less = (word: string, i: number): string => word.slice(0, i) + word.slice(i + 1)

/**
 * What has to be a slip if two texts' words are to be equal as sets: each word that only one has, with the first one
 * left that only the other has and that is a letter away; undefined where they differ by more.
 */
export function slipsBetween(mine: ReadonlySet<string>, theirs: ReadonlySet<string>): Slip[] | undefined {
  if (mine.size !== theirs.size) return undefined
  const onlyMine: string[] = []
  for (const word of mine) if (!theirs.has(word)) onlyMine.push(word)
  if (onlyMine.length === 0) return []
  const onlyTheirs: string[] = []
  for (const word of theirs) if (!mine.has(word)) onlyTheirs.push(word)
  const left = onlyMine.length > fewWords ? new Neighbours(onlyTheirs) : new Few(onlyTheirs)
  const slips: Slip[] = []
  for (const word of onlyMine) {
    const other = left.take(word)
    if (other === undefined) return undefined
    slips.push({ mine: word, theirs: other })
  }
  return slips
}

/** So few are compared one by one. */
const fewWords = 8

class Few {
  readonly #words: string[]
  constructor(words: readonly string[]) {
    this.#words = [...words]
  }
  take(word: string): string | undefined {
    const at = this.#words.findIndex(other => isSlip(word, other))
    return at === -1 ? undefined : this.#words.splice(at, 1)[0]
  }
}

/** Places of words that are all a slip away from one another, in their order; those before `next` are taken. */
interface Kin {
  readonly places: number[]
  next: number
}

/**
 * Words by what is a slip away from them: another letter in a place, a letter too many or missing, two neighbours
 * swapped. Each is found by an equal key, so that whatever is found is one, however many share it.
 */
class Neighbours {
  readonly #words: readonly string[]
  readonly #at = new Map<string, number>()
  /** By a place, and all letters but the one in it. */
  readonly #other = new Map<string, Kin>()
  /** By the word less a letter. */
  readonly #longer = new Map<string, Kin>()
  readonly #taken = new Set<number>()

  constructor(words: readonly string[]) {
    this.#words = words
    for (const [at, word] of words.entries()) {
      if (!slips(word)) continue
      this.#at.set(word, at)
      for (let i = 0; i < word.length; i++) put(this.#other, hole(word, i), at)
      for (const shorter of variants(word)) if (shorter !== word) put(this.#longer, shorter, at)
    }
  }

  take(word: string): string | undefined {
    if (!slips(word)) return undefined
    let first = this.#first(this.#longer.get(word), word)
    const consider = (at: number | undefined): void => {
      if (at !== undefined && (first === undefined || at < first)) first = at
    }
    for (let i = 0; i < word.length; i++) {
      consider(this.#first(this.#other.get(hole(word, i)), word))
      consider(this.#free(less(word, i), word))
      if (i > 0) consider(this.#free(swapped(word, i), word))
    }
    if (first === undefined) return undefined
    this.#taken.add(first)
    return this.#words[first]
  }

  /** Of words that are all a letter away from this one, the first that is left. */
  #first(kin: Kin | undefined, word: string): number | undefined {
    if (kin === undefined) return undefined
    const { places } = kin
    while (kin.next < places.length && this.#taken.has(places[kin.next] ?? 0)) kin.next++
    const at = places[kin.next]
    // They are as long as one another: what is too short of them to be a slip of this word all are.
    return at !== undefined && isSlip(word, this.#words[at] ?? '') ? at : undefined
  }

  #free(other: string, word: string): number | undefined {
    const at = this.#at.get(other)
    return at !== undefined && !this.#taken.has(at) && isSlip(word, other) ? at : undefined
  }
}

const slips = (word: string): boolean => !isRigid(word) && word.length <= mostSlipLetters
const hole = (word: string, i: number): string => `${i} ${less(word, i)}`
const swapped = (word: string, i: number): string =>
  word.slice(0, i - 1) + word.charAt(i) + word.charAt(i - 1) + word.slice(i + 1)

function put(map: Map<string, Kin>, key: string, at: number): void {
  const kin = map.get(key)
  if (kin === undefined) map.set(key, { places: [at], next: 0 })
  else kin.places.push(at)
}
