/**
 * Marks on one letter. Unicode puts them in an order that takes the square of their number, so a text of hundreds of
 * thousands would keep a tokenizer for minutes; no script has more than a few (UAX 15 speaks of thirty).
 */
export const mostMarks = 1_024

/** Marks, and the two letters that compatibility makes marks of. */
const marks = /[\p{M}\uff9e\uff9f]+/gu

/** Whether no letter of a text has more marks than a tokenizer can be asked to order. */
export function hasFewMarks(text: string): boolean {
  // No text of fewer bytes has so many, and most are read no further.
  if (text.length <= mostMarks) return true
  for (const [run] of text.matchAll(marks)) if (run.length > mostMarks && isMore(run)) return false
  return true
}

/** Some marks are written as two units of UTF-16. */
const isMore = (run: string): boolean => run.length > 2 * mostMarks || Array.from(run).length > mostMarks
