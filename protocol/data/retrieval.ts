import { answerKey, answerText, lastQuestion, promptText } from './normalise.ts'
import type { ChatMessage, Row } from './types.ts'
import { contentWords } from './words.ts'

// Rows that are put before a question, by words alone: whoever reads the same version finds the same rows, so that what
// they have added to an answer can be measured by others. To be found earns nothing; what an answer owes to a row is
// measured with it and without.

/** Rows before one question, and bytes of one of them; longer rows are never put before a question. */
export const mostContextRows = 8
export const mostContextBytes = 1_024

/** Words of a row and of a question that count, the first ones; rows that one word leads to, the first ones. */
const rowWords = 128
const askedWords = 64
const rowsByWord = 4_096
/** A row that asks with words of an earlier one says the same where it has so many of them: one in two. */
const copyPart = 2
/** Characters of a question that are read, the last ones. */
const readLength = 8_000
/** A few words that are shared say the more the shorter the row is, but not without end. */
const lengthFloor = 8

const encoder = new TextEncoder()
/** A row as it stands before a question. */
const written = (row: Row): string => `${promptText(row)}\n${answerText(row)}`

interface Word {
  readonly id: number
  rows: number
  readonly first: number[]
  /** Rows that ask with it and say an earlier one again in fewer words, the first ones. */
  readonly again: Said[]
}
/** Which answer a row gives, and the words that it asks with, ascending. */
interface Said {
  readonly answer: number
  readonly asked: readonly number[]
}
interface Kept extends Said {
  readonly at: number
  readonly words: number
}

/**
 * The rows of a version by their words. Rows are known by the order in which they were added. Of rows that say the same
 * the earliest is there and no other: those that give the same answer and ask with no word that it does not ask with,
 * and at least half of its words. Later ones are as if they were not, so that nobody takes an earlier row's place, or
 * makes its words common, by saying it again more shortly; nor does who says one of those again more shortly still.
 * What asks with other words, too, may ask something else.
 */
export class RetrievalIndex {
  readonly #byWord = new Map<string, Word>()
  readonly #answers = new Map<string, number>()
  readonly #rows: Kept[] = []
  #added = 0

  /** @returns bytes of the row where it may be found; 0 where it is too long, or says an earlier one again */
  add(row: Row): number {
    const at = this.#added++
    const { length } = encoder.encode(written(row))
    if (length > mostContextBytes) return 0
    const asking = contentWords(promptText(row)).slice(0, rowWords)
    const said = answerKey(answerText(row))
    const known = this.#answers.get(said)
    if (known !== undefined && this.#repeats(known, new Set(asking))) return 0
    const answer = known ?? this.#answers.size
    this.#answers.set(said, answer)
    const words = new Set([...asking, ...contentWords(answerText(row))].slice(0, rowWords))
    for (const word of words) {
      const entry = this.#byWord.get(word) ?? { id: this.#byWord.size, rows: 0, first: [], again: [] }
      this.#byWord.set(word, entry)
      if (entry.rows++ < rowsByWord) entry.first.push(this.#rows.length)
    }
    const asked = [...new Set(asking)].flatMap(word => this.#byWord.get(word)?.id ?? []).sort((a, b) => a - b)
    this.#rows.push({ at, words: words.size, answer, asked })
    return length
  }

  /**
   * Whether an earlier row gives this answer and asks with these words, and with as many more at most: it is remembered
   * where that one asks with more.
   */
  #repeats(answer: number, asking: ReadonlySet<string>): boolean {
    const entries: Word[] = []
    for (const word of asking) {
      const entry = this.#byWord.get(word)
      if (entry === undefined) return false
      entries.push(entry)
    }
    const asked = entries.map(({ id }) => id).sort((a, b) => a - b)
    const isSaid = (row: Said | undefined): boolean =>
      row?.answer === answer && row.asked.length <= asked.length * copyPart && isWithin(asked, row.asked)
    const isSame = (row: Said | undefined): boolean => isSaid(row) && row?.asked.length === asked.length
    const fewest = (of: (word: Word) => number): Word | undefined =>
      entries.reduce<Word | undefined>((least, one) => (least && of(least) <= of(one) ? least : one), undefined)

    const first = (fewest(word => word.first.length)?.first ?? []).map(at => this.#rows[at]).filter(isSaid)
    const again = (fewest(word => word.again.length)?.again ?? []).filter(isSaid)
    if (first.length === 0 && again.length === 0) return false
    if (!first.some(isSame) && !again.some(isSame))
      for (const { again: known } of entries) if (known.length < rowsByWord) known.push({ answer, asked })
    return true
  }

  /**
   * The rows that share the most with what is asked, rare words counting more and short rows too; ties to the earlier
   * one. In whole numbers, so that every machine finds the same.
   * @param among whether a row is one of those that are looked through
   * @returns at most `most` rows by their order of coming, the best first; none where no word is shared
   */
  find(messages: readonly ChatMessage[], most: number, among: (at: number) => boolean = () => true): number[] {
    const asked = (lastQuestion({ messages: [...messages] }) ?? '').slice(-readLength)
    const shared = new Map<number, number>()
    for (const word of new Set(contentWords(asked).slice(0, askedWords))) {
      const entry = this.#byWord.get(word)
      if (entry === undefined) continue
      // 1 for what every row has, one more each time half as many have it.
      const weight = 32 - Math.clz32(Math.floor(this.#rows.length / entry.rows))
      for (const row of entry.first) shared.set(row, (shared.get(row) ?? 0) + weight)
    }
    const scored = [...shared].flatMap(([row, weight]) => {
      const { at, words } = this.#rows[row] ?? { at: -1, words: 0 }
      return at < 0 || !among(at) ? [] : [{ at, score: Math.floor((weight * 4_096) / (lengthFloor + words)) }]
    })
    scored.sort((a, b) => b.score - a.score || a.at - b.at)
    return scored.slice(0, most).map(({ at }) => at)
  }
}

/** Whether all numbers of one ascending list stand in another. */
function isWithin(some: readonly number[], all: readonly number[]): boolean {
  let at = 0
  for (const one of some) {
    while (at < all.length && (all[at] ?? 0) < one) at++
    if (all[at] !== one) return false
  }
  return true
}

/**
 * A conversation with rows before what it asks last, each as question and answer: in the same turn, because not every
 * model's template takes a system's. Without rows it is as it was.
 */
export function withContext(messages: readonly ChatMessage[], rows: readonly Row[]): ChatMessage[] {
  const last = messages.findLastIndex(({ role }) => role === 'user')
  if (rows.length === 0 || last < 0) return [...messages]
  const before = rows.map(row => `${written(row)}\n\n`).join('')
  return messages.map((message, i) => (i === last ? { ...message, content: before + message.content } : message))
}
