import { answerText, exactKey, lastQuestion, promptText } from './normalise.ts'
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
/** Characters of a question that are read, the last ones. */
const readLength = 8_000
/** A few words that are shared say the more the shorter the row is, but not without end. */
const lengthFloor = 8

const encoder = new TextEncoder()
/** A row as it stands before a question. */
const written = (row: Row): string => `${promptText(row)}\n${answerText(row)}`

/** The rows of a version by their words. Rows are known by the order in which they were added. */
export class RetrievalIndex {
  readonly #byWord = new Map<string, { rows: number; readonly first: number[] }>()
  readonly #rows: { readonly at: number; readonly words: number; readonly key: string }[] = []
  #added = 0

  add(row: Row): void {
    const at = this.#added++
    if (encoder.encode(written(row)).length > mostContextBytes) return
    const words = new Set([...contentWords(promptText(row)), ...contentWords(answerText(row))].slice(0, rowWords))
    for (const word of words) {
      const entry = this.#byWord.get(word) ?? { rows: 0, first: [] }
      this.#byWord.set(word, entry)
      if (entry.rows++ < rowsByWord) entry.first.push(this.#rows.length)
    }
    this.#rows.push({ at, words: words.size, key: exactKey(row) })
  }

  /**
   * The rows that share the most with what is asked, rare words counting more and short rows too; ties to the earlier
   * one, and of rows that say the same the earliest. In whole numbers, so that every machine finds the same.
   * @returns at most `most` rows by their order of coming, the best first; none where no word is shared
   */
  find(messages: readonly ChatMessage[], most: number): number[] {
    const asked = (lastQuestion({ messages: [...messages] }) ?? '').slice(-readLength)
    const shared = new Map<number, number>()
    for (const word of new Set(contentWords(asked).slice(0, askedWords))) {
      const entry = this.#byWord.get(word)
      if (entry === undefined) continue
      // 1 for what every row has, one more each time half as many have it.
      const weight = 32 - Math.clz32(Math.floor(this.#rows.length / entry.rows))
      for (const row of entry.first) shared.set(row, (shared.get(row) ?? 0) + weight)
    }
    const scored = [...shared].map(([row, weight]) => ({
      row,
      score: Math.floor((weight * 4_096) / (lengthFloor + (this.#rows[row]?.words ?? 0)))
    }))
    scored.sort((a, b) => b.score - a.score || a.row - b.row)
    const found: number[] = []
    const said = new Set<string>()
    for (const { row } of scored) {
      if (found.length === most) break
      const known = this.#rows[row]
      if (known === undefined || said.has(known.key)) continue
      said.add(known.key)
      found.push(known.at)
    }
    return found
  }
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
