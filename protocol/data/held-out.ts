import { InvalidError } from '../primitives/errors.ts'
import { zeroHash } from '../primitives/hex.ts'
import { parseShard } from './lines.ts'
import { RowIndex, printRow } from './row-index.ts'
import type { RowPrint } from './row-index.ts'
import type { Row } from './types.ts'

/**
 * A Datanet's held-out questions, findable by likeness. A row leaks one when it asks the same in the same order,
 * whatever
 * it answers (a wrong answer to it is no better), or with the same words in any order, slips included, when it also
 * gives
 * the answer.
 */
export class HeldOut {
  readonly rows: readonly Row[]
  readonly #asked = new Map<string, number>()
  readonly #near = new RowIndex(0)

  /** @param hidden sealed ones that only validators can read: that one is leaked is told, and not which */
  constructor(rows: readonly Row[], hidden: readonly Row[] = []) {
    this.rows = rows
    for (const [row, question] of [...rows, ...hidden].entries()) {
      const print = printRow(question)
      if (!this.#asked.has(print.asked)) this.#asked.set(print.asked, row)
      this.#near.add(print, { contribution: zeroHash, order: 0, row })
    }
  }

  /** Index of the question that a row leaks. */
  leaks(print: RowPrint): number | 'hidden' | undefined {
    const found = this.#asked.get(print.asked) ?? this.#near.near(print, 1, { anySlip: true })?.row
    return found !== undefined && found >= this.rows.length ? 'hidden' : found
  }
}

/** The questions of a held-out file. @throws InvalidError `held-out.invalid` that names the first wrong line */
export function parseHeldOut(bytes: Uint8Array): Row[] {
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
  return lines.flatMap(line => ('row' in line ? [line.row] : []))
}
