import type { ModelError } from '../graph/errors.ts'

// Regular expressions of adapter_config.json, which PEFT hands to Python's `re`. They are a stranger's: none may take
// for ever, and none may mean something else here than it does there.

/** Patterns of one file (a large model has some hundred modules), and of all of them, what repeats. */
const mostPatterns = 2_000
const mostRepeats = 16
/** Nothing repeats what repeats itself, and only twice in one. */
const plainPattern = /^[\w.\\|()[\]?:*+^$-]{1,200}$/
const repeatedGroup = /[)][*+?]/
const repeatsOf = (pattern: string): number => pattern.match(/[*+]/g)?.length ?? 0
/**
 * What both read alike after a backslash. `\Z` is the end of the text in Python and a letter here; so it is with every
 * letter that only one of them knows.
 */
const otherEscape = /\\(?:[^.\\|()[\]?*+^$:_dDwWsSbB-]|$)/
/** A bracket that comes first in a class is one of its characters in Python, and ends the class here. */
const otherClass = /\[\^?\]/

/** The expression for a pattern's source; undefined where it could take long, or both would not read it alike. */
function expressionOf(pattern: string, source: string): RegExp | undefined {
  const escaped = pattern.replaceAll(/\\./g, escape => (otherEscape.test(escape) ? escape : '_'))
  if (!plainPattern.test(pattern) || repeatedGroup.test(pattern) || repeatsOf(pattern) > 2) return undefined
  if (otherEscape.test(escaped) || otherClass.test(escaped)) return undefined
  try {
    return new RegExp(source)
  } catch {
    return undefined
  }
}

/** For the whole of a module's path; undefined where it is none that can be tried here. */
export const wholePath = (pattern: string): RegExp | undefined => expressionOf(pattern, `^(?:${pattern})$`)

/**
 * A pattern's key is a regular expression for the end of a module's path, from the beginning or a dot on, as PEFT reads
 * it; the first that fits decides.
 * @throws what `refuse` makes of a pattern
 */
export function patternReader(
  patterns: Readonly<Record<string, number>>,
  refuse: (pattern: string) => ModelError
): (path: string) => number | undefined {
  const entries = Object.entries(patterns)
  if (entries.length > mostPatterns) throw refuse(`number ${mostPatterns + 1}`)
  let repeats = 0
  const readers = entries.map(([pattern, value]) => {
    repeats += repeatsOf(pattern)
    const fits = expressionOf(pattern, `^(?:.*\\.)?(?:${pattern})$`)
    if (fits === undefined || repeats > mostRepeats) throw refuse(pattern)
    return { fits, value }
  })
  return path => readers.find(({ fits }) => fits.test(path))?.value
}
