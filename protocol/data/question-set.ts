import type { Address } from '../primitives/hex.ts'
import { printRow } from './row-index.ts'
import type { Row } from './types.ts'

/** A held-out question; without a writer it is the founder's, public from the first day. */
export interface HeldOutQuestion extends Row {
  readonly writer?: Address
}

/** A batch that was opened in time, with its questions; none where what it holds is no file of them. */
export interface OpenedBatch {
  readonly writer: Address
  readonly rows: readonly Row[]
}

/** Questions of one set: as many as a model is measured on, so that what follows of them is measured. */
export const mostSetQuestions = 256

/** Writers from whom on the founder's public questions are not needed any more. */
const leastWriters = 3

/** What the founder's file gives at most where others have written: a third of a full set. */
const mostFounders = Math.floor(mostSetQuestions / leastWriters)

/**
 * The questions that judge a version: a function of what was opened, in the order in which it was accepted, and of the
 * founder's file. A question that repeats an earlier one, or one of that file, which everybody can read, is left out.
 * Of each writer so many are taken, its first ones, that nobody has written more than a third. Where fewer than three
 * have written any, the founder's file fills up, and where nobody has it is all there is. Writers take turns, in the
 * order of their first batch.
 */
export function questionSet(founder: readonly Row[], batches: readonly OpenedBatch[]): readonly HeldOutQuestion[] {
  const byWriter = newQuestions(founder, batches)
  if (byWriter.size === 0) return founder
  const file = byWriter.size < leastWriters ? inSteps(founder, mostFounders) : []
  const writers = [...byWriter].slice(0, mostSetQuestions)
  const most = mostEach(
    writers.map(([, rows]) => rows.length),
    file.length
  )
  const sealed: HeldOutQuestion[] = []
  for (let i = 0; i < most; i++)
    for (const [writer, rows] of writers) {
      const row = rows[i]
      if (row !== undefined) sealed.push({ ...row, writer })
    }
  return [...sealed, ...file]
}

/** The most of each that leaves nobody with more than a third of all, and all within what is measured. */
function mostEach(counts: readonly number[], file: number): number {
  const largest = Math.max(0, ...counts)
  for (let most = largest; most > 0; most--) {
    const sealed = counts.reduce((sum, count) => sum + Math.min(count, most), 0)
    if (most * leastWriters <= sealed + file && sealed + file <= mostSetQuestions) return most
  }
  return 0
}

function newQuestions(founder: readonly Row[], batches: readonly OpenedBatch[]): Map<Address, Row[]> {
  const byWriter = new Map<Address, Row[]>()
  const asked = new Set(batches.length === 0 ? [] : founder.map(row => printRow(row).asked))
  for (const { writer, rows } of batches)
    for (const row of rows) {
      const print = printRow(row)
      if (asked.has(print.asked)) continue
      asked.add(print.asked)
      const known = byWriter.get(writer)
      if (known === undefined) byWriter.set(writer, [row])
      else known.push(row)
    }
  return byWriter
}

const inSteps = (rows: readonly Row[], most: number): readonly Row[] =>
  rows.length <= most ? rows : Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)] as Row)

/** How many of a set each writer has written, the most first; the founder's as null. */
export function writersOf(
  questions: readonly HeldOutQuestion[]
): { readonly writer: Address | null; readonly questions: number }[] {
  const counts = new Map<Address | null, number>()
  for (const { writer = null } of questions) counts.set(writer, (counts.get(writer) ?? 0) + 1)
  return [...counts].map(([writer, count]) => ({ writer, questions: count })).sort((a, b) => b.questions - a.questions)
}
