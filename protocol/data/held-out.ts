import { InvalidError } from '../primitives/errors.ts'
import { parseShard } from './lines.ts'
import { answerKey, answerText, promptText } from './normalise.ts'
import { contentWords, sameWords } from './words.ts'
import type { Row } from './types.ts'

interface Question { readonly index: number; readonly set: ReadonlySet<string>; readonly answer: string }

/**
 * A Datanet's held-out questions, findable by likeness. A row leaks one when it asks the same in the same order, whatever
 * it answers (a wrong answer to it is no better), or with the same words in any order, slips included, when it also gives
 * the answer.
 */
export class HeldOut {
  readonly rows: readonly Row[]
  readonly #bySequence = new Map<string, number>()
  readonly #byAnswer = new Map<string, Question[]>()

  constructor(rows: readonly Row[]) {
    this.rows = rows
    for (const [index, row] of rows.entries()) {
      const words = contentWords(promptText(row))
      const question = { index, set: new Set(words), answer: answerKey(answerText(row)) }
      const key = words.join(' ')
      if (!this.#bySequence.has(key)) this.#bySequence.set(key, index)
      const same = this.#byAnswer.get(question.answer)
      if (same === undefined) this.#byAnswer.set(question.answer, [question])
      else same.push(question)
    }
  }

  /** Index of the question that the row leaks. */
  leaks(row: Row): number | undefined {
    const words = contentWords(promptText(row))
    const sequence = this.#bySequence.get(words.join(' '))
    if (sequence !== undefined) return sequence
    const set = new Set(words)
    return this.#byAnswer.get(answerKey(answerText(row)))?.find(question => sameWords(set, question.set))?.index
  }
}

/** The questions of a held-out file. @throws InvalidError `held-out.invalid` that names the first wrong line */
export function parseHeldOut(bytes: Uint8Array): Row[] {
  const lines = parseShard(bytes)
  const wrong = lines.find(line => 'code' in line)
  if (wrong !== undefined && 'code' in wrong) {
    throw new InvalidError('held-out.invalid', `line ${wrong.line} of the held-out questions is wrong: ${wrong.code}`, { help: 'Each line is {"prompt","response"} or {"messages":[…]}.', details: { line: wrong.line, code: wrong.code } })
  }
  if (lines.length === 0) throw new InvalidError('held-out.invalid', 'there are no held-out questions', { help: 'Give at least one question with its answer.' })
  return lines.flatMap(line => ('row' in line ? [line.row] : []))
}
