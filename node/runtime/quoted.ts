/** A word of a command line as a shell takes it back: in help that is pasted, folders have blanks and quotes. */
export function quoted(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", String.raw`'\''`)}'` : `"${word}"`
}
