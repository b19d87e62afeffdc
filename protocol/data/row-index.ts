import { keccak } from '../primitives/canonical.ts'
import type { Hex } from '../primitives/hex.ts'
import { minHash, shingles, similarity } from './min-hash.ts'
import { answerKey, answerText, exactKey, promptText } from './normalise.ts'
import { WordIndex } from './word-index.ts'
import { isEvident, withUse } from './word-uses.ts'
import type { WordUse } from './word-uses.ts'
import { slipsBetween } from './slips.ts'
import { contentWords, isRigid } from './words.ts'
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
  /** Hash of the answer. */
  readonly answer: string
  signature: Uint32Array | undefined
}

export function printRow(row: Row): RowPrint {
  const sequence = contentWords(promptText(row))
  const words = new Set(sequence)
  const answer = answerKey(answerText(row))
  const group = [answer, words.size, ...[...words].filter(isRigid).sort()].join('\u0000')
  return {
    exact: keccak(exactKey(row)),
    asked: sequence.join(' '),
    words,
    group: keccak(group),
    answer: keccak(answer).slice(2, 18),
    signature: undefined
  }
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

/** How a row is told from a copy of an earlier one with slips in it. */
export interface NearOptions {
  /** Rows of the judged file that have a word. */
  readonly inFile?: (word: string) => number
  /** Every word a letter away counts as a slip, whatever else is known of it. */
  readonly anySlip?: boolean
}

/** Words that a question has at least, for another to be held against it. */
const leastWithin = 2
/** Words of a row that are held against another's at once; of more, likeness is asked first. */
const fewWords = 256
const notInFile = (): number => 0

/**
 * Own rows of accepted contributions, findable by likeness. Two rows are near when their answers are equal, what they
 * ask has the same words, slips forgiven where they are evident (`isEvident`), and slips change so little that the
 * MinHash similarity stays over the threshold. Only ever grows.
 */
export class RowIndex {
  readonly #threshold: number
  readonly #exact = new Map<string, Entry>()
  readonly #near = new WordIndex<Entry>()
  readonly #uses = new Map<string, readonly WordUse[]>()
  /** Each row under its answer and one of its words, a rare one. */
  readonly #parts = new Map<string, Entry[]>()

  /** Pairs of rows whose words were held against one another. */
  compared = 0

  /** @param threshold least MinHash similarity of near rows, in thousandths */
  constructor(threshold: number) {
    this.#threshold = threshold
  }

  add(print: RowPrint, owner: RowOwner): void {
    this.take(print, owner)
    const { order, row } = owner
    for (const word of print.words)
      this.#uses.set(word, withUse(this.#uses.get(word) ?? [], { order, row, answer: print.answer }))
  }

  /** A row of an index that is kept elsewhere; which rows have its words is told apart (`know`). */
  take(print: RowPrint, owner: RowOwner): void {
    const entry = { print, owner }
    const known = this.#exact.get(print.exact)
    if (known === undefined || isEarlier(owner, known.owner)) this.#exact.set(print.exact, entry)
    this.#near.add(print.words, print.group, entry)
    let least: Entry[] | undefined
    for (const word of print.words) {
      const key = `${print.answer} ${word}`
      const list = this.#parts.get(key) ?? []
      if (list.length === 0) this.#parts.set(key, list)
      if (least === undefined || list.length < least.length) least = list
    }
    least?.push(entry)
  }

  know(word: string, uses: readonly WordUse[]): void {
    this.#uses.set(word, uses)
  }

  /** The exact duplicate of earliest authorship before `order`. */
  exact(print: RowPrint, order: number): RowOwner | undefined {
    const found = this.#exact.get(print.exact)?.owner
    return found !== undefined && found.order < order ? found : undefined
  }

  /** The near duplicate of earliest authorship before `order`. */
  near(
    print: RowPrint,
    order: number,
    { inFile = notInFile, anySlip = false }: NearOptions = {}
  ): RowOwner | undefined {
    const usesOf = (word: string): readonly WordUse[] => this.#uses.get(word) ?? []
    let best: RowOwner | undefined
    for (const { print: other, owner } of this.#near.candidates(print.words, print.group)) {
      if (owner.order >= order || (best !== undefined && !isEarlier(owner, best))) continue
      // Of long rows a signature is made once, and tells most apart that all their words would.
      if (print.words.size > fewWords && !this.#similar(print, other)) continue
      this.compared++
      const slips = slipsBetween(print.words, other.words)
      if (slips === undefined || !this.#similar(print, other)) continue
      if (anySlip || slips.every(slip => isEvident(slip, order, usesOf, inFile))) best = owner
    }
    return best
  }

  /**
   * The earliest row before `order` that gives the same answer and asks with these words, but fewer: what asks with
   * more may say the same at more length, or ask more. Nobody can tell by words alone, so this is for people.
   */
  within(print: RowPrint, order: number): RowOwner | undefined {
    let best: RowOwner | undefined
    for (const word of print.words)
      for (const { print: other, owner } of this.#parts.get(`${print.answer} ${word}`) ?? []) {
        if (owner.order >= order || (best !== undefined && !isEarlier(owner, best))) continue
        if (other.words.size >= leastWithin && other.words.isSubsetOf(print.words)) best = owner
      }
    return best
  }

  #similar(a: RowPrint, b: RowPrint): boolean {
    return this.#threshold <= 0 || similarity(signatureOf(a), signatureOf(b)) >= this.#threshold
  }
}

const isEarlier = (a: RowOwner, b: RowOwner): boolean => a.order < b.order || (a.order === b.order && a.row < b.row)
