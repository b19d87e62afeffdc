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

/** Parts of a set of which one writer has one at most, and the founder's file one at least, as far as it reaches. */
const parts = 3

/**
 * The questions that judge a version: a function of what was opened, in the order in which it was accepted, and of the
 * founder's file. A question that repeats an earlier one, or one of that file, which everybody can read, is left out.
 * The set is as large as it can be within what is measured where nobody has written more than a third and the founder's
 * file fills up what others leave: so a further batch never makes it smaller, and it is never smaller than that file.
 * Accounts are free, so that file keeps a third of the set however many have written. Of each writer the first ones are
 * taken, in turns, in the order of their first batch.
 */
export function questionSet(founder: readonly Row[], batches: readonly OpenedBatch[]): readonly HeldOutQuestion[] {
  const byWriter = newQuestions(founder, batches)
  if (byWriter.size === 0) return founder
  const writers = [...byWriter].slice(0, mostSetQuestions)
  const counts = writers.map(([, rows]) => rows.length)
  const size = sizeOf(counts, founder.length)
  const third = Math.floor(size / parts)
  const sealed = inTurns(writers, third).slice(0, size - Math.min(third, founder.length))
  return [...sealed, ...inSteps(founder, size - sealed.length)]
}

/** The largest set that the founder's file fills up where of each writer a third is taken at most. */
function sizeOf(counts: readonly number[], founders: number): number {
  for (let size = mostSetQuestions; size > 0; size--) {
    const most = Math.floor(size / parts)
    if (counts.reduce((sum, count) => sum + Math.min(count, most), 0) + founders >= size) return size
  }
  return 0
}

function inTurns(writers: readonly (readonly [Address, readonly Row[]])[], most: number): HeldOutQuestion[] {
  const sealed: HeldOutQuestion[] = []
  for (let i = 0; i < most; i++)
    for (const [writer, rows] of writers) {
      const row = rows[i]
      if (row !== undefined) sealed.push({ ...row, writer })
    }
  return sealed
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
