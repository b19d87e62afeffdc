// A form is a stranger's: what it may be bounds what it takes to follow it.

/** Characters of a form's text. */
export const mostFormCharacters = 32_768
/** Values that its schemas name, one within another, and how deep. */
export const mostShapes = 2_000
export const mostDepth = 32
/** Properties of one object, values of one list of them, ways that one value may be. */
export const mostProperties = 256
export const mostLiterals = 500
export const mostWays = 64
/** Characters of a string, entries of a list, that a schema may ask for at least or allow at most. */
export const mostLength = 65_536
export const mostEntries = 4_096
/** Keywords of one schema that are passed over, where what cannot be followed is. */
export const mostPassed = 500
/** Tools that one answer may choose among. */
export const mostCalls = 128
/** Ways in which what is written so far may go on, that are followed at once; of more the first. */
export const mostThreads = 128
/** Digits of the parts of a number: what is written is read back as it stands. */
export const mostDigits = { whole: 15, fraction: 15, exponent: 2 } as const
