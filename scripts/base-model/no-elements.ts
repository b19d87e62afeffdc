// The base model must not know what the default Datanet teaches, or tuning would have nothing to show. So everything
// that WordNet says about a chemical element is kept out of its training text.
import type { Synset, WordNet } from './wordnet.ts'

const ROOT_WORD = 'chemical element'
const anyOf = (...words: readonly (readonly string[])[]): RegExp => new RegExp(`\\b(${words.flat().join('|')})\\b`, 'i')
/** Words that turn a mention of an element's name into a statement about the element. */
const ABOUT = anyOf(
  ['elements?', 'metals?', 'metallic', 'nonmetal\\w*', 'gas(?:es|eous)?', 'radioactiv\\w*', 'halogens?', 'isotopes?'],
  ['atom(?:s|ic)?', 'symbol', 'valence', 'discover(?:ed|y|er)', 'isolat(?:ed|ion)']
)
const ALWAYS = anyOf(
  ['atomic (?:number|weight|mass)', 'chemical elements?', 'metallic elements?', 'periodic (?:table|law|system)'],
  ['noble gas', 'inert gas', 'alkali metal', 'alkaline earth', 'rare[- ]earth', 'lanthanide', 'actinide'],
  ['transuranic', 'halogens?']
)

/** Keys of all synsets below "chemical element", isotopes and families of elements included. */
export function elementSynsets(wordnet: WordNet): Set<string> {
  const found = new Set<string>()
  for (const synset of wordnet.values()) {
    if (synset.pos === 'noun' && synset.words.includes(ROOT_WORD)) found.add(synset.key)
  }
  // A set is walked in the order of insertion, and what is added on the way is walked too.
  for (const key of found) {
    for (const pointer of wordnet.get(key)?.pointers ?? []) {
      if (pointer.symbol === '~' || pointer.symbol === '~i') found.add(pointer.target)
    }
  }
  return found
}

/** Says of a synset whether it must be kept out: it is an element, or its definition tells something about one. */
export function elementRule(wordnet: WordNet): (synset: Synset) => boolean {
  const keys = elementSynsets(wordnet)
  const names = new Set<string>()
  for (const key of keys)
    for (const word of wordnet.get(key)?.words ?? []) if (word.length > 2) names.add(word.toLowerCase())
  const named = (text: string): boolean => {
    const words = text.toLowerCase().split(/[^a-z]+/)
    return words.some((word, i) => names.has(word) || names.has(`${word} ${words[i + 1] ?? ''}`))
  }
  return synset => {
    const text = `${synset.definition} ${synset.examples.join(' ')}`
    return (
      keys.has(synset.key) || ALWAYS.test(text) || (ABOUT.test(text) && named(`${synset.words.join(' , ')} , ${text}`))
    )
  }
}
