import { answerText, contentWords, promptText } from '../data/index.ts'
import type { Row } from '../data/index.ts'
import { InvalidError } from '../primitives/errors.ts'

// Whose rows an answer may owe to, by words alone: the players with a row that shares the rarest words with question
// and answer. To be among them earns nothing, what siblings measure does; so the rule need not be fair, only find the
// players who matter among its few, the same ones on every machine, and stand still whoever floods a version with rows.

/** Words of one row that count, the first ones; and of a question with its answer, the rarest ones. */
const rowWords = 128
const askedWords = 64
/** Rows of one player that a word leads to, the first ones: more rows with the same word make nobody likelier. */
const rowsByWord = 8
/** Characters of a prompt and of an answer that are read, the last and the first ones. */
const readLength = 8_000

interface WordEntry {
  readonly id: number
  /** How many players use the word. */
  players: number
  /** The player who was added last, and how many of their rows are in `rows`. */
  last: number
  count: number
  readonly rows: number[]
}

const wordsOf = ({ messages }: Row): string[] => {
  const row = { messages }
  return [...new Set([...contentWords(answerText(row)), ...contentWords(promptText(row))])]
}

/** The rows of a version by their words. */
export class CandidateIndex {
  readonly #words = new Map<string, WordEntry>()
  readonly #rows: { readonly player: number; readonly words: Uint32Array }[] = []
  #players = 0

  /** Players come in their order. @throws InvalidError `candidates.players` */
  add(player: number, row: Row): void {
    if (player < this.#players - 1)
      throw new InvalidError('candidates.players', 'rows are indexed in the order of their players')
    this.#players = player + 1
    const at = this.#rows.length
    const ids = wordsOf(row)
      .slice(0, rowWords)
      .map(word => {
        const entry = this.#words.get(word) ?? { id: this.#words.size, players: 0, last: -1, count: 0, rows: [] }
        this.#words.set(word, entry)
        if (entry.last !== player) {
          entry.players++
          entry.last = player
          entry.count = 0
        }
        if (entry.count++ < rowsByWord) entry.rows.push(at)
        return entry.id
      })
    this.#rows.push({ player, words: Uint32Array.from(ids) })
  }

  /**
   * How much a word says: 1 for what every player uses, one more each time half as many do. Rows do not count, players
   * do: nobody makes a word common by repeating it.
   */
  #weight({ players }: WordEntry): number {
    return 32 - Math.clz32(Math.floor((16 * this.#players) / players)) - 4
  }

  /**
   * The players whose rows are about a question and its answer: by their one row that shares most of the words, rare
   * ones counting more; ties to the lower index.
   * @param always players who are among them whatever the words say
   * @returns at most `most` indices, ascending
   */
  find(messages: Row['messages'], answer: string, most: number, always: readonly number[] = []): number[] {
    const asked = messages.map(({ role, content }) => ({ role, content: content.slice(-readLength) }))
    const row: Row = { messages: [...asked, { role: 'assistant', content: answer.slice(0, readLength) }] }
    const entries = wordsOf(row)
      .flatMap(word => this.#words.get(word) ?? [])
      .sort((a, b) => a.players - b.players || a.id - b.id)
      .slice(0, askedWords)
    const weights = new Map(entries.map(entry => [entry.id, this.#weight(entry)]))
    const best = new Map<number, number>()
    for (const at of new Set(entries.flatMap(({ rows }) => rows))) {
      const found = this.#rows[at]
      if (found === undefined) continue
      let shared = 0
      for (const id of found.words) shared += weights.get(id) ?? 0
      if (shared > (best.get(found.player) ?? 0)) best.set(found.player, shared)
    }
    const about = [...best].sort(([a, x], [b, y]) => y - x || a - b).map(([player]) => player)
    return [...new Set([...always, ...about])].slice(0, most).sort((a, b) => a - b)
  }
}
