import { InvalidError } from '../primitives/errors.ts'
import { zeroHash } from '../primitives/hex.ts'
import { parseShard } from './lines.ts'
import { promptText } from './normalise.ts'
import { RowIndex, printRow } from './row-index.ts'
import type { RowPrint } from './row-index.ts'
import { contentWords, mostSlipLetters } from './words.ts'
import type { Row } from './types.ts'

/**
 * Words that the questions of a held-out file ask about, each counted once in a question, and letters of these: a
 * validator keeps the file of every Datanet that names it in memory, findable by each letter of each word.
 */
export const mostHeldOutWords = 100_000
const mostHeldOutLetters = 1_000_000

/** Questions by what they ask, to the letter and nearly. */
class Questions {
  readonly #asked = new Map<string, number>()
  readonly #near = new RowIndex(0)
  words = 0

  add(question: Row, row: number): void {
    const print = printRow(question)
    this.words += print.words.size
    if (!this.#asked.has(print.asked)) this.#asked.set(print.asked, row)
    this.#near.add(print, { contribution: zeroHash, order: 0, row })
  }

  asked(print: RowPrint): number | undefined {
    return this.#asked.get(print.asked)
  }

  near(print: RowPrint): number | undefined {
    return this.#near.near(print, 1, { anySlip: true })?.row
  }
}

const questionsOf = (rows: readonly Row[]): Questions => {
  const questions = new Questions()
  for (const [row, question] of rows.entries()) questions.add(question, row)
  return questions
}

/**
 * A Datanet's held-out questions, findable by likeness. A row leaks one when it asks the same in the same order,
 * whatever
 * it answers (a wrong answer to it is no better), or with the same words in any order, slips included, when it also
 * gives
 * the answer.
 */
export class HeldOut {
  readonly rows: readonly Row[]
  readonly #questions: Questions
  readonly #hidden: Questions | undefined

  /** @param hidden sealed ones that only validators can read: that one is leaked is told, and not which */
  constructor(rows: readonly Row[], hidden: readonly Row[] = [], known?: Questions) {
    this.rows = rows
    this.#questions = known ?? questionsOf(rows)
    this.#hidden = hidden.length === 0 ? undefined : questionsOf(hidden)
  }

  /** Words of the questions that everybody can read. */
  get words(): number {
    return this.#questions.words
  }

  /** The same questions, which are not gone through again, with sealed ones beside them. */
  beside(hidden: readonly Row[]): HeldOut {
    return new HeldOut(this.rows, hidden, this.#questions)
  }

  /** Index of the question that a row leaks. */
  leaks(print: RowPrint): number | 'hidden' | undefined {
    const asked = this.#questions.asked(print)
    if (asked !== undefined) return asked
    if (this.#hidden?.asked(print) !== undefined) return 'hidden'
    return this.#questions.near(print) ?? (this.#hidden?.near(print) === undefined ? undefined : 'hidden')
  }
}

/** The questions of a held-out file. @throws InvalidError `held-out.invalid` that names the first wrong line */
export function parseHeldOut(bytes: Uint8Array): Row[] {
  const steps = parseSteps(bytes)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

/** A held-out file, findable by likeness. Pauses after each question. @throws as parseHeldOut */
export function* heldOutSteps(bytes: Uint8Array): Generator<void, HeldOut> {
  const rows = yield* parseSteps(bytes)
  const questions = new Questions()
  for (const [row, question] of rows.entries()) {
    questions.add(question, row)
    yield
  }
  return new HeldOut(rows, [], questions)
}

function* parseSteps(bytes: Uint8Array): Generator<void, Row[]> {
  const lines = parseShard(bytes)
  const wrong = lines.find(line => 'code' in line)
  if (wrong !== undefined && 'code' in wrong) {
    throw new InvalidError('held-out.invalid', `line ${wrong.line} of the held-out questions is wrong: ${wrong.code}`, {
      help: 'Each line is {"prompt","response"} or {"messages":[…]}.',
      details: { line: wrong.line, code: wrong.code }
    })
  }
  if (lines.length === 0)
    throw new InvalidError('held-out.invalid', 'there are no held-out questions', {
      help: 'Give at least one question with its answer.'
    })
  const rows = lines.flatMap(line => ('row' in line ? [line.row] : []))
  let [words, letters] = [0, 0]
  for (const [i, row] of rows.entries()) {
    for (const word of new Set(contentWords(promptText(row)))) {
      words++
      letters += Math.min(word.length, mostSlipLetters)
    }
    // [reject] All of a file is kept by every validator it names, for as long as it sits.
    if (words > mostHeldOutWords || letters > mostHeldOutLetters)
      throw new InvalidError('held-out.invalid', 'the held-out questions have too many words', {
        help:
          `Give fewer questions: ${mostHeldOutWords} words and ${mostHeldOutLetters} letters at most, ` +
          'words like "the" not counted. A version is judged by 256 of them.',
        details: { line: lines[i]?.line ?? i + 1 }
      })
    yield
  }
  return rows
}
