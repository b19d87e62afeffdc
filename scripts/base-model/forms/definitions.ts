// Definitions as plain text and as answers: what teaches the model to speak.
import { capital, chatDocument, fill, sentence, textDocument, withArticle, type Form } from '../documents.ts'
import { weighted, type Random } from '../random.ts'
import type { Synset } from '../wordnet.ts'

const ASK = [
  'What is {x}?',
  'What is {x}?',
  'What is the meaning of {w}?',
  'What does {w} mean?',
  'Define {w}.',
  'Tell me about {x}.',
  'Explain {w}.',
  'Give a definition of {w}.',
  'How would you define {w}?',
  'What do people mean by {w}?',
  'Describe {x}.',
  'What does the word {w} mean?',
  'Please define {w}.',
  'What is meant by {w}?',
  'Can you explain {w}?',
  '{W}: what is it?'
]
const ASK_PERSON = [
  'Who is {w}?',
  'Who was {w}?',
  'Tell me about {w}.',
  'Who is the person called {w}?',
  'What is {w} known for?'
]
const ASK_WORD = [
  'Which word means "{d}"?',
  'What is the word for "{d}"?',
  'Name this: {d}.',
  'What do you call it: {d}?',
  'Which term fits: {d}?',
  'What is being described: {d}?',
  'Give the word that means "{d}".',
  'Find the word: {d}.'
]

/** A common synset comes up to about ten times as often as a rare one. */
export const commonness = (synset: Synset): number => 1 + Math.min(9, 1.5 * Math.log2(1 + synset.uses))

const isPerson = (synset: Synset): boolean => synset.topic === 18 && /^[A-Z]/.test(synset.words[0] ?? '')
const longest = (words: readonly string[]): string => words.reduce((a, b) => (b.length > a.length ? b : a), '')

/** The name a person is asked about by, the usual word otherwise. */
export const headword = (synset: Synset, random: Random): string =>
  isPerson(synset) ? longest(synset.words) : random.chance(0.75) ? (synset.words[0] ?? '') : random.pick(synset.words)

/** The definition up to `limit` characters, cut where a clause ends. */
export function shortDefinition(synset: Synset, limit: number): string {
  let text = synset.definition
  while (text.length > limit && text.includes(';')) text = text.slice(0, text.lastIndexOf(';'))
  return text.length <= limit ? text : text.slice(0, limit).replace(/[\s,(]+\S*$/, '')
}

export function definitionText(synset: Synset, random: Random): string {
  const word = headword(synset, random)
  const definition = shortDefinition(synset, 240)
  const parts: string[] = []
  if (synset.pos === 'verb' && random.chance(0.6)) parts.push(`To ${word} is to ${definition}.`)
  else if (synset.pos === 'noun' && /^(a|an|any|the|someone|something|one) /.test(definition) && random.chance(0.7))
    parts.push(`${capital(withArticle(word))} is ${definition}.`)
  else if (random.chance(0.5)) parts.push(`${capital(word)}: ${definition}.`)
  else parts.push(`The ${synset.pos} "${word}" means ${definition}.`)
  if (synset.examples.length > 0 && random.chance(0.5)) parts.push(sentence(random.pick(synset.examples)))
  return parts.join(' ')
}

export function definitionForms(synsets: readonly Synset[]): Form[] {
  const any = weighted(synsets, commonness)
  const withExamples = weighted(
    synsets.filter(s => s.examples.length > 0),
    commonness
  )
  return [
    { name: 'definition', share: 24, draw: random => textDocument(definitionText(any(random), random)) },
    { name: 'example', share: 5, draw: random => textDocument(withExamples(random).examples.map(sentence).join(' ')) },
    {
      name: 'ask-definition',
      share: 21,
      draw: random => {
        const synset = any(random)
        const word = headword(synset, random)
        const common = synset.pos === 'noun' && !word.includes(' ') && random.chance(0.6)
        const x = common ? withArticle(word) : synset.pos === 'verb' && random.chance(0.5) ? `to ${word}` : word
        const question = fill(random.pick(isPerson(synset) ? ASK_PERSON : ASK), { x, w: word, W: capital(word) })
        return chatDocument(question, sentence(shortDefinition(synset, 160)))
      }
    },
    {
      name: 'ask-word',
      share: 7,
      draw: random => {
        const synset = any(random)
        return chatDocument(fill(random.pick(ASK_WORD), { d: shortDefinition(synset, 110) }), headword(synset, random))
      }
    }
  ]
}
