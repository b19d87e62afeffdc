import type { Slip } from './slips.ts'

/** A row that has a word: its place in the order of authorship, and its answer. */
export interface WordUse {
  readonly order: number
  readonly row: number
  /** Hash of the answer. */
  readonly answer: string
}

/** Uses of a word that are kept: the first ones by authorship, so that every peer keeps the same. */
export const mostUses = 64
/** How many rows have the right word for each of the file's that has the slip, and how many answers they give. */
export const usesPerSlip = 8
const answersOfWord = 3

const isEarlier = (a: WordUse, b: WordUse): boolean => a.order < b.order || (a.order === b.order && a.row < b.row)

/** The first uses of a word with one more, in order; in whatever order they are learnt of, the same remain. */
export function withUse(uses: readonly WordUse[], use: WordUse): WordUse[] {
  const at = uses.findIndex(other => isEarlier(use, other))
  const place = at === -1 ? uses.length : at
  return place >= mostUses ? [...uses] : [...uses.slice(0, place), use, ...uses.slice(place)].slice(0, mostUses)
}

/**
 * Whether a word of a later row is the slip of one that an earlier row has in its place, and not another word. Names of
 * things are often a letter apart (drugs, chemicals, places), and two questions about them are two questions. So a slip
 * counts as one only if all of this holds:
 *
 * - nobody has written the word: no accepted row of earlier authorship has it;
 * - the other is a word of the language and no thing's name: rows with it give at least three different answers;
 * - copying went this way: for each row of the file with the slip at least eight accepted ones have the right word.
 *
 * @param usesOf accepted rows that have a word
 * @param inFile rows of the judged file that have a word
 */
export function isEvident(
  { mine, theirs }: Slip,
  order: number,
  usesOf: (word: string) => readonly WordUse[],
  inFile: (word: string) => number
): boolean {
  const before = (word: string): WordUse[] => usesOf(word).filter(use => use.order < order)
  const right = before(theirs)
  return (
    before(mine).length === 0 &&
    right.length >= usesPerSlip * Math.max(1, inFile(mine)) &&
    new Set(right.map(({ answer }) => answer)).size >= answersOfWord
  )
}
