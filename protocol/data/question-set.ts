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

/** Who of the writers is somebody, by the chain and by what the version itself holds. */
export interface Standing {
  /** Those that sat on the roster which their batch asked. */
  readonly seated: ReadonlySet<Address>
  /** Rows of each contributor in the version that is judged. */
  readonly rows: ReadonlyMap<Address, number>
}

/** Questions of one set: as many as a model is measured on, so that what follows of them is measured. */
export const mostSetQuestions = 256

/** Parts of a set of which one writer has one at most, and the founder's file one at least, as far as it reaches. */
const parts = 3

/**
 * The questions that judge a version: a function of what was opened, in the order in which it was accepted, of who its
 * writers are, and of the founder's file. A question that repeats an earlier one, or one of that file, which everybody
 * can read, is left out. The set is as large as it can be within what is measured where nobody has written more than a
 * third and the founder's file fills up what others leave: so a further batch never makes it smaller, and it is never
 * smaller than that file, which keeps a third of the set however many have written. Of each writer the first ones are
 * taken, in turns, in the order of their first batch.
 *
 * Accounts are free, so a third for each would be no limit. A question counts as its writer's own where that one sits,
 * or else for each row that it has in the version. All others are a newcomer's, as if one had written them all, in the
 * order in which they were accepted: they come after everybody else's own, and no more of them than leave with a third
 * the seat that has most of its own, if it has written them too, and all who do not sit together, since rows can be
 * spread over accounts as well. So nobody has more than a third by any number of fresh accounts, nor more questions in
 * a set than by its own name; who does not sit has a third or as many as its rows, whatever names they stand under; and
 * between newcomers names make no difference at all.
 * @param standing without it every account is a writer of its own, as in Datanets whose rules say nothing of it
 */
export function questionSet(
  founder: readonly Row[],
  batches: readonly OpenedBatch[],
  standing?: Standing
): readonly HeldOutQuestion[] {
  const { own, newcomers } = newQuestions(founder, batches, standing)
  if (own.size === 0 && newcomers.length === 0) return founder
  const writers = [...own].slice(0, mostSetQuestions)
  const counts = writers.map(([, rows]) => rows.length)
  const taken = takenOf(writers, standing)
  const size = sizeOf(counts, { count: newcomers.length, taken }, founder.length)
  const third = Math.floor(size / parts)
  const sealed = [...inTurns(writers, third), ...newcomers.slice(0, Math.max(0, third - taken))]
  sealed.splice(size - Math.min(third, founder.length))
  return [...sealed, ...inSteps(founder, size - sealed.length)]
}

/** What newcomers do not have of a third: what the seat with most has of its own, or all who do not sit together. */
function takenOf(writers: readonly (readonly [Address, readonly Row[]])[], standing: Standing | undefined): number {
  let [seat, others] = [0, 0]
  for (const [writer, rows] of writers)
    if (standing?.seated.has(writer) === false) others += rows.length
    else seat = Math.max(seat, rows.length)
  return Math.max(seat, others)
}

/** The largest set that the founder's file fills up where of each writer a third is taken at most. */
function sizeOf(
  counts: readonly number[],
  newcomers: { readonly count: number; readonly taken: number },
  founders: number
): number {
  for (let size = mostSetQuestions; size > 0; size--) {
    const most = Math.floor(size / parts)
    const own = counts.reduce((sum, count) => sum + Math.min(count, most), 0)
    if (own + Math.min(newcomers.count, Math.max(0, most - newcomers.taken)) + founders >= size) return size
  }
  return 0
}

function inTurns(writers: readonly (readonly [Address, readonly HeldOutQuestion[]])[], most: number) {
  const sealed: HeldOutQuestion[] = []
  for (let i = 0; i < most; i++)
    for (const [, rows] of writers) {
      const row = rows[i]
      if (row !== undefined) sealed.push(row)
    }
  return sealed
}

/** What nobody has asked before, by whose it counts as, in the order in which it was accepted. */
function newQuestions(founder: readonly Row[], batches: readonly OpenedBatch[], standing: Standing | undefined) {
  const own = new Map<Address, HeldOutQuestion[]>()
  const newcomers: HeldOutQuestion[] = []
  const asked = new Set(batches.length === 0 ? [] : founder.map(row => printRow(row).asked))
  for (const { writer, rows } of batches) {
    const isOwn = standing === undefined || standing.seated.has(writer)
    const most = isOwn ? Number.POSITIVE_INFINITY : (standing.rows.get(writer) ?? 0)
    for (const row of rows) {
      const print = printRow(row)
      if (asked.has(print.asked)) continue
      asked.add(print.asked)
      const known = own.get(writer)
      if ((known?.length ?? 0) >= most) newcomers.push({ ...row, writer })
      else if (known === undefined) own.set(writer, [{ ...row, writer }])
      else known.push({ ...row, writer })
    }
  }
  return { own, newcomers }
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
