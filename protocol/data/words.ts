import { foldText } from './normalise.ts'

// What a prompt asks about, as words. Two prompts are near when they hold the same words after this, so every rule here
// must take away only what leaves the question the same. Words that turn a question (not, no, who, when, where, why,
// how, before, after) stay.

const contractions: readonly (readonly [RegExp, string])[] = [
  [/\bcan(?:'t|not)\b/gu, 'can not'],
  [/\bwon't\b/gu, 'will not'],
  [/\bshan't\b/gu, 'shall not'],
  [/n't\b/gu, ' not'],
  [/\b(what|who|where|when|why|how|that)s\b/gu, '$1'],
  // 'm, 're, 've, 'll, 'd stand for words that are left out below; 's too, or it is a possessive.
  [/'(?:m|re|ve|ll|d|s)\b/gu, ''],
  [/s'(?=\P{L}|$)/gu, 's']
]

const stopWords = new Set(
  (
    'a an the this that these those of for in on at to from by with as about into and or is are was were be been ' +
    'being am do does did has have had will would shall should can could may might must i you we it its me my your ' +
    'our us what which there here please kindly just tell'
  ).split(' ')
)

/**
 * Words that are put into a question and ask nothing more: what a row says with one of them is what it says without.
 * Only such are here as cannot turn a question whatever it is about; of all others a row that has one more is its
 * author's own.
 */
const fillers = new Set(
  (
    'exactly precisely actually really truly basically simply essentially literally honestly frankly indeed ' +
    'certainly surely definitely absolutely obviously anyway anyhow somehow'
  ).split(' ')
)
/**
 * What stands around a question and asks nothing: a greeting, words that lead in, thanks. Only where it is set off from
 * the question, at its beginning or end: who asks about such words has them within.
 */
const around = [
  /^(?:hello|hi|hey|good (?:morning|day|evening))(?: (?:there|all|everybody|everyone))?[,.!]+\s+(?=\S)/u,
  /^(?:i (?:would like|want|need|wish)|i'd like) to (?:know|ask)(?: this| you)?\s*[:,]?\s+(?=\S)/u,
  /^(?:(?:can|could|would|will) you (?:please |kindly )?tell me|do you (?:happen to )?know)\s*[:,]?\s+(?=\S)/u,
  /^my question is\s*[:,]?\s+(?=\S)/u,
  /(?<=\S\s*[.,!?;]\s*)(?:many )?(?:thanks|thank you)(?: (?:very much|in advance|a lot|you))*[.!?\s]*$/u,
  /(?<=\S\s*)[,;]\s*by the way(?=[,;.?!\s]*$)|^by the way[,:]\s+(?=\S)/u
] as const

/** Digits decide what is asked, also when they look like a plural or a slip. */
const hasDigit = /\p{N}/u

/** Plurals of plain kinds; both sides are folded alike, so a wrong stem does no harm but to meet another word's. */
function singular(word: string): string {
  if (word.length < 4 || hasDigit.test(word) || /(?:ss|us|is)$/u.test(word)) return word
  if (/(?:ches|shes|xes|sses|zes)$/u.test(word)) return word.slice(0, -2)
  if (/[^aeiou]ies$/u.test(word) && word.length > 4) return `${word.slice(0, -3)}y`
  return word.endsWith('s') ? word.slice(0, -1) : word
}

/**
 * The words of a text that carry what it asks, in its order: folded, contractions written out, plurals and possessives
 * as singulars, stop words left out. Numbers keep their sign, point and unit. A text of stop words or symbols only is
 * its own single word, so that nothing is equal to it by being empty.
 */
export function contentWords(text: string): string[] {
  let folded = around.reduce((rest, part) => rest.replace(part, ''), foldText(text))
  // Thousands are written with commas or without.
  folded = folded.replace(/(?<=\p{N}),(?=\p{N}{3}(?!\p{N}))/gu, '')
  for (const [pattern, replacement] of contractions) folded = folded.replace(pattern, replacement)
  const words = folded.match(/[-+]?\p{N}+(?:\.\p{N}+)*[\p{L}%]*|[\p{L}\p{M}][\p{L}\p{M}\p{N}]*[+#]*|[\p{S}]+/gu) ?? []
  const asking = words.filter(word => !stopWords.has(word))
  // A text of fillers only asks about them.
  const said = asking.filter(word => !fillers.has(word))
  const content = (said.length > 0 ? said : asking).map(singular)
  return content.length > 0 ? content : [folded]
}

/**
 * Letters of a word that is found by itself less each letter; a longer one by its ends. Scripts without spaces have
 * such words: a sentence is one.
 */
export const mostSlipLetters = 40

/** Words that no slip touches: short ones, and all with digits. */
export const isRigid = (word: string): boolean => word.length < 4 || hasDigit.test(word)

/**
 * One letter wrong, missing, too many, or two neighbours swapped, in a word long enough that this is a slip and not
 * another word.
 */
export function isSlip(a: string, b: string): boolean {
  const longest = Math.max(a.length, b.length)
  if (longest < 5 || Math.abs(a.length - b.length) > 1) return false
  if (hasDigit.test(a) || hasDigit.test(b)) return false
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  const restA = a.slice(start, a.length - end)
  const restB = b.slice(start, b.length - end)
  if (restA.length <= 1 && restB.length <= 1) return true
  return restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0]
}
