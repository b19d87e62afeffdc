import { isSlip, mostSlipLetters } from './words.ts'

// A row may have tens of thousands of words, whose author chose them: nothing here may take the square of their number,
// or of a word's letters.

/** A word that only one of two rows has, and the one that only the other has in its place. */
export interface Slip {
  readonly mine: string
  readonly theirs: string
}

/** Letters at each end of a long word: one slip leaves one of both ends whole. */
const endLetters = mostSlipLetters / 2

/**
 * Keys of a word, of which two words one slip apart share one: itself and itself less each letter (Garbe's symmetric
 * delete), or of a long one its two ends.
 */
export function variants(word: string): Set<string> {
  const out = new Set([word])
  if (word.length <= mostSlipLetters) for (let i = 0; i < word.length; i++) out.add(less(word, i))
  // The longest of the short ones is also found from what has a letter more.
  if (word.length < mostSlipLetters) return out
  return out.add(`${word.slice(0, endLetters)}\u0002`).add(`\u0002${word.slice(-endLetters)}`)
}

const less = (word: string, i: number): string => word.slice(0, i) + word.slice(i + 1)

/** Words in which two texts differ where those are slips; more are other words. Fewer long ones: each costs more. */
const mostSlips = 64
const mostLongSlips = 4

/** Words that only the first has; undefined where they are more than slips are. */
function onlyIn(words: ReadonlySet<string>, others: ReadonlySet<string>): string[] | undefined {
  const only: string[] = []
  let long = 0
  for (const word of words) {
    if (others.has(word)) continue
    if (word.length > mostSlipLetters) long++
    if (only.push(word) > mostSlips || long > mostLongSlips) return undefined
  }
  return only
}

/**
 * What has to be a slip if two texts' words are to be equal as sets: each word that only one has, with the first one
 * left that only the other has and that is a letter away; undefined where they differ by more.
 */
export function slipsBetween(mine: ReadonlySet<string>, theirs: ReadonlySet<string>): Slip[] | undefined {
  if (mine.size !== theirs.size) return undefined
  const onlyMine = onlyIn(mine, theirs)
  if (onlyMine === undefined) return undefined
  if (onlyMine.length === 0) return []
  const left = onlyIn(theirs, mine)
  if (left === undefined) return undefined
  const slips: Slip[] = []
  for (const word of onlyMine) {
    const at = left.findIndex(other => isSlip(word, other))
    const [other] = at === -1 ? [] : left.splice(at, 1)
    if (other === undefined) return undefined
    slips.push({ mine: word, theirs: other })
  }
  return slips
}
