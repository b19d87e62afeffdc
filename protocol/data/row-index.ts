import type { Hex } from '../primitives/hex.ts'
import { bandKeys, minHash, rowsPerBand, shingles, similarity } from './min-hash.ts'
import { answerKey, answerText, exactKey, promptText } from './normalise.ts'
import { contentWords, isRigid, sameWords } from './words.ts'
import type { Row } from './types.ts'

/** A row as it is compared; made once. */
export interface RowPrint {
  readonly exact: string
  readonly words: ReadonlySet<string>
  /** What near rows have in common to the letter: the answer, how many words, and the words that no slip touches. */
  readonly group: string
  readonly signature: Uint32Array
}

export function printRow(row: Row): RowPrint {
  const words = new Set(contentWords(promptText(row)))
  const group = [answerKey(answerText(row)), words.size, ...[...words].filter(isRigid).sort()].join('\u0000')
  return { exact: exactKey(row), words, group, signature: minHash(shingles(words)) }
}

/** Whose row it is: the contribution with its place in the order of authorship, and the row's index in its shard. */
export interface RowOwner { readonly contribution: Hex; readonly order: number; readonly row: number }

/** `asked`: the last search that came by, so that an entry found by several bands is looked at once. */
interface Entry { readonly print: RowPrint; readonly owner: RowOwner; asked: number }

/**
 * Own rows of accepted contributions, findable by likeness: exact ones by key, near ones by MinHash bands and then a
 * comparison of words. What near rows must share is part of each band's key, so that thousands of rows from one template
 * ("What is the symbol of …?") do not all meet in one bucket. Only ever grows.
 */
export class RowIndex {
  readonly #threshold: number
  readonly #rows: number
  readonly #exact = new Map<string, Entry>()
  readonly #bands = new Map<string, Entry[]>()
  #searches = 0

  /** @param threshold least MinHash similarity for a comparison, in thousandths */
  constructor(threshold: number) {
    this.#threshold = threshold
    this.#rows = rowsPerBand(threshold)
  }

  #keys(print: RowPrint): string[] {
    return bandKeys(print.signature, this.#rows).map((key, band) => `${band} ${key} ${print.group}`)
  }

  add(print: RowPrint, owner: RowOwner): void {
    const entry = { print, owner, asked: 0 }
    const known = this.#exact.get(print.exact)
    if (known === undefined || isEarlier(owner, known.owner)) this.#exact.set(print.exact, entry)
    for (const key of this.#keys(print)) {
      const bucket = this.#bands.get(key)
      if (bucket === undefined) this.#bands.set(key, [entry])
      else bucket.push(entry)
    }
  }

  /** The exact duplicate of earliest authorship before `order`. */
  exact(print: RowPrint, order: number): RowOwner | undefined {
    const found = this.#exact.get(print.exact)?.owner
    return found !== undefined && found.order < order ? found : undefined
  }

  /** The near duplicate of earliest authorship before `order`. */
  near(print: RowPrint, order: number): RowOwner | undefined {
    let best: RowOwner | undefined
    const search = ++this.#searches
    for (const key of this.#keys(print)) {
      for (const entry of this.#bands.get(key) ?? []) {
        if (entry.asked === search || entry.owner.order >= order) continue
        entry.asked = search
        if (best !== undefined && !isEarlier(entry.owner, best)) continue
        if (similarity(print.signature, entry.print.signature) >= this.#threshold && sameWords(print.words, entry.print.words)) best = entry.owner
      }
    }
    return best
  }
}

const isEarlier = (a: RowOwner, b: RowOwner): boolean => a.order < b.order || (a.order === b.order && a.row < b.row)
