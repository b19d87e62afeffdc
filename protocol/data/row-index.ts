import { keccak } from '../primitives/canonical.ts'
import type { Hex } from '../primitives/hex.ts'
import { minHash, shingles, similarity } from './min-hash.ts'
import { answerKey, answerText, exactKey, promptText } from './normalise.ts'
import { WordIndex } from './word-index.ts'
import { contentWords, isRigid, sameWords } from './words.ts'
import type { Row } from './types.ts'

/** A row as it is compared; made once. */
export interface RowPrint {
  /** Hash of the row as it is compared to the letter. */
  readonly exact: Hex
  /** What is asked, in its order. */
  readonly asked: string
  readonly words: ReadonlySet<string>
  /** Hash of what near rows share to the letter: the answer, how many words, and the words that no slip touches. */
  readonly group: Hex
  signature: Uint32Array | undefined
}

export function printRow(row: Row): RowPrint {
  const sequence = contentWords(promptText(row))
  const words = new Set(sequence)
  const group = [answerKey(answerText(row)), words.size, ...[...words].filter(isRigid).sort()].join('\u0000')
  return { exact: keccak(exactKey(row)), asked: sequence.join(' '), words, group: keccak(group), signature: undefined }
}

const signatureOf = (print: RowPrint): Uint32Array => (print.signature ??= minHash(shingles(print.words)))

/** Whose row it is: the contribution with its place in the order of authorship, and the row's index in its shard. */
export interface RowOwner {
  readonly contribution: Hex
  readonly order: number
  readonly row: number
}

interface Entry {
  readonly print: RowPrint
  readonly owner: RowOwner
}

/**
 * Own rows of accepted contributions, findable by likeness. Two rows are near when their answers are equal, what they
 * ask
 * has the same words up to slips, and slips change so little that the MinHash similarity stays over the threshold. Only
 * ever
 * grows.
 */
export class RowIndex {
  readonly #threshold: number
  readonly #exact = new Map<string, Entry>()
  readonly #near = new WordIndex<Entry>()

  /** @param threshold least MinHash similarity of near rows, in thousandths */
  constructor(threshold: number) {
    this.#threshold = threshold
  }

  add(print: RowPrint, owner: RowOwner): void {
    const entry = { print, owner }
    const known = this.#exact.get(print.exact)
    if (known === undefined || isEarlier(owner, known.owner)) this.#exact.set(print.exact, entry)
    this.#near.add(print.words, print.group, entry)
  }

  /** The exact duplicate of earliest authorship before `order`. */
  exact(print: RowPrint, order: number): RowOwner | undefined {
    const found = this.#exact.get(print.exact)?.owner
    return found !== undefined && found.order < order ? found : undefined
  }

  /** The near duplicate of earliest authorship before `order`. */
  near(print: RowPrint, order: number): RowOwner | undefined {
    let best: RowOwner | undefined
    for (const { print: other, owner } of this.#near.candidates(print.words, print.group)) {
      if (owner.order >= order || (best !== undefined && !isEarlier(owner, best))) continue
      if (sameWords(print.words, other.words) && this.#similar(print, other)) best = owner
    }
    return best
  }

  #similar(a: RowPrint, b: RowPrint): boolean {
    return similarity(signatureOf(a), signatureOf(b)) >= this.#threshold
  }
}

const isEarlier = (a: RowOwner, b: RowOwner): boolean => a.order < b.order || (a.order === b.order && a.row < b.row)
