import type { Row } from './types.ts'

// When two texts are the same. Only what no reader would call a difference is taken away, and all of it with functions
// that give the same on every machine (no locales).

/** Characters that are there and are not seen: joiners, direction marks, soft hyphens, variation selectors. */
const unseen = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu

/** Same letters for the eye, one code for each: compatibility forms, unseen characters, runs of blanks. Keeps case. */
export function normaliseText(text: string): string {
  return text.normalize('NFKC').replace(unseen, '').replace(/\s+/gu, ' ').trim()
}

/** Case folding by way of upper case, so that ß and ss, ſ and s, ς and σ meet. */
export const foldCase = (text: string): string => text.toUpperCase().toLowerCase().replaceAll('ς', 'σ')

// Latin letters with marks lose them (café, cafe); other scripts keep theirs, where marks are vowels.
const latinMarks = /(\p{Script=Latin})[\u0300-\u036f]+/gu

// Letters of other alphabets that look Latin. Folded only in words that also hold Latin letters: nobody writes such
// words but to slip past a comparison.
const lookalikes: Readonly<Record<string, string>> = {
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  у: 'y',
  х: 'x',
  і: 'i',
  ј: 'j',
  ѕ: 's',
  һ: 'h',
  ԁ: 'd',
  к: 'k',
  м: 'm',
  т: 't',
  в: 'b',
  н: 'h',
  α: 'a',
  ε: 'e',
  ο: 'o',
  ρ: 'p',
  υ: 'u',
  χ: 'x',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  τ: 't',
  η: 'n',
  ɡ: 'g',
  ı: 'i'
}
const mixed = /\p{Script=Latin}/u
const foldLookalikes = (word: string): string =>
  mixed.test(word) ? word.replace(/./gsu, letter => lookalikes[letter] ?? letter) : word

/** Lower case, without Latin marks, one alphabet a word, curly quotes as straight ones: for comparing words. */
export function foldText(text: string): string {
  const plain = foldCase(normaliseText(text))
    .normalize('NFD')
    .replace(latinMarks, '$1')
    .normalize('NFC')
    .replace(/[\u2018\u2019\u02bc\u0060\u00b4\uff07]/gu, "'")
  return plain.replace(/[\p{L}\p{M}\p{N}']+/gu, foldLookalikes)
}

/** The words of a search, folded. */
export const searchWords = (text: string): string[] =>
  foldText(text)
    .split(' ')
    .filter(word => word !== '')

const quotes = `"' \u201c\u201d\u00ab\u00bb`
const closing = `${quotes}.!?\u2026\u3002`

/**
 * An answer as it is compared: case, quotes around it and the full stop at its end do not make another answer; a sign,
 * a decimal point or a symbol does.
 */
export function answerKey(text: string): string {
  const folded = foldText(text)
  // By hand: an expression for what stands at an end is tried again from each place of a run that stands elsewhere.
  let [start, end] = [0, folded.length]
  while (start < end && quotes.includes(folded.charAt(start))) start++
  while (end > start && closing.includes(folded.charAt(end - 1))) end--
  return folded.slice(start, end) || folded
}

/**
 * Exact match: whether an answer is the one that was expected, but for case, blanks, letters that only look different,
 * quotes around it and what ends its sentence.
 */
export const sameAnswer = (answer: string, expected: string): boolean => answerKey(answer) === answerKey(expected)

/** What is asked: all turns before the answer; instructions of a system turn count only when nothing else is there. */
export function promptText(row: Row): string {
  const before = row.messages.slice(0, -1)
  const asked = before.filter(({ role }) => role !== 'system')
  return (asked.length > 0 ? asked : before).map(({ content }) => content).join('\n')
}

export const answerText = (row: Row): string => row.messages.at(-1)?.content ?? ''

/** What a conversation asks last, without what stood before it; undefined where nobody asks. */
export const lastQuestion = ({ messages }: Pick<Row, 'messages'>): string | undefined =>
  messages.findLast(({ role }) => role === 'user')?.content

/** Two rows with one key are exact duplicates. */
export function exactKey(row: Row): string {
  return row.messages.map(({ role, content }) => `${role}\u0000${normaliseText(content)}`).join('\u0001')
}
