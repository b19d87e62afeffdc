// Short answers from the relations between synsets: kinds, parts, opposites, synonyms, yes and no.
import { chatDocument, fill, withArticle, type Form } from '../documents.ts'
import { weighted } from '../random.ts'
import type { Synset, WordNet } from '../wordnet.ts'
import { commonness, headword } from './definitions.ts'

const ASK = {
  kind: [
    'What kind of thing is {x}?',
    'What is {x} a kind of?',
    'What type of thing is {x}?',
    '{x} is a kind of what?',
    'Name the category of {w}.',
    'Which category does {w} belong to?',
    'To which class does {w} belong?',
    'What sort of thing is {w}?',
    'Which group includes {w}?'
  ],
  part: [
    'What is {x} part of?',
    'What does {w} belong to?',
    '{x} is part of what?',
    'Name something that {w} is a part of.',
    'Which whole has {w} as a part?'
  ],
  place: [
    'Where is {w}?',
    'In which place is {w}?',
    'Where can {w} be found?',
    'Where does {w} lie?',
    'Name the place where {w} is.',
    'Which place contains {w}?'
  ],
  opposite: [
    'What is the opposite of {w}?',
    'Which word is the opposite of {w}?',
    'Give the opposite of {w}.',
    'Name the antonym of {w}.',
    "What's the contrary of {w}?"
  ],
  synonym: [
    'Give another word for {w}.',
    'What is another word for {w}?',
    'Name a synonym of {w}.',
    'Which word means the same as {w}?',
    "What's another name for {w}?",
    'By which other name is {w} known?'
  ],
  speech: [
    'What part of speech is {w}?',
    'Which part of speech is "{w}"?',
    'Is {w} a noun, a verb, an adjective or an adverb?',
    'Name the word class of {w}.'
  ],
  is: ['Is {x} {k}?', 'Is {x} {k}?', 'Would you call {x} {k}?', 'True or false: {x} is {k}.', 'Does {w} count as {k}?']
} as const

const follow = (wordnet: WordNet, synset: Synset, symbols: readonly string[]): Synset[] =>
  synset.pointers.filter(p => symbols.includes(p.symbol)).flatMap(p => wordnet.get(p.target) ?? [])

/** A form, if there is anything to draw for it. */
const when = (items: readonly unknown[], form: Form): Form[] => (items.length > 0 ? [form] : [])

/** The chain of kinds above a synset, nearest first. */
function kindsAbove(wordnet: WordNet, synset: Synset): Synset[] {
  const chain: Synset[] = []
  for (
    let at = follow(wordnet, synset, ['@', '@i'])[0];
    at !== undefined && chain.length < 12;
    at = follow(wordnet, at, ['@', '@i'])[0]
  )
    chain.push(at)
  return chain
}

/** `usable` is asked of every synset that an answer names, so that nothing withheld comes in by a relation. */
export function relationForms(
  wordnet: WordNet,
  synsets: readonly Synset[],
  usable: (synset: Synset) => boolean
): Form[] {
  const ends = (synset: Synset, symbols: readonly string[]): Synset[] => follow(wordnet, synset, symbols).filter(usable)
  const oneStep = (
    name: string,
    share: number,
    templates: readonly string[],
    symbols: readonly string[],
    topic: (n: number) => boolean
  ): Form[] => {
    const subjects = synsets.filter(s => ends(s, symbols).length > 0 && topic(s.topic))
    const subject = weighted(subjects, commonness)
    return when(subjects, {
      name,
      share,
      draw: random => {
        const synset = subject(random)
        const w = headword(synset, random)
        return chatDocument(
          fill(random.pick(templates), { w, x: withArticle(w) }),
          ends(synset, symbols)[0]?.words[0] ?? ''
        )
      }
    })
  }
  const kinds = synsets.filter(s => s.pos === 'noun' && ends(s, ['@', '@i']).length > 0)
  const nouns = weighted(kinds, commonness)
  const synonyms = synsets.filter(s => s.words.length > 1)
  const several = weighted(synonyms, commonness)
  const opposed = synsets.flatMap(s =>
    s.pointers
      .filter(p => p.symbol === '!')
      .flatMap(p => {
        const [from, to, target] = [s.words[p.from - 1], wordnet.get(p.target)?.words[p.to - 1], wordnet.get(p.target)]
        return from !== undefined && to !== undefined && target !== undefined && usable(target)
          ? [{ from, to, uses: s.uses }]
          : []
      })
  )
  const opposites = weighted(opposed, pair => 1 + Math.log2(1 + pair.uses))
  const classes = new Map<string, Set<string>>()
  for (const s of wordnet.values()) for (const w of s.words) classes.set(w, (classes.get(w) ?? new Set()).add(s.pos))
  const unambiguous = synsets.filter(s => classes.get(s.words[0] ?? '')?.size === 1)
  const oneClass = weighted(unambiguous, commonness)

  return [
    ...oneStep('kind', 8, ASK.kind, ['@', '@i'], topic => topic < 29),
    ...oneStep('part', 2, ASK.part, ['#p'], topic => topic !== 15),
    ...oneStep('place', 2, ASK.place, ['#p'], topic => topic === 15),
    ...when(opposed, {
      name: 'opposite',
      share: 2,
      draw: random => {
        const pair = opposites(random)
        return chatDocument(fill(random.pick(ASK.opposite), { w: pair.from }), pair.to)
      }
    }),
    ...when(synonyms, {
      name: 'synonym',
      share: 3,
      draw: random => {
        const words = random.shuffle([...several(random).words])
        return chatDocument(fill(random.pick(ASK.synonym), { w: words[0] ?? '' }), words[1] ?? '')
      }
    }),
    ...when(unambiguous, {
      name: 'part-of-speech',
      share: 1,
      draw: random => {
        const synset = oneClass(random)
        return chatDocument(fill(random.pick(ASK.speech), { w: synset.words[0] ?? '' }), synset.pos)
      }
    }),
    ...when(kinds, {
      name: 'yes-or-no',
      share: 3,
      draw: random => {
        const synset = nouns(random)
        const above = kindsAbove(wordnet, synset).filter(usable)
        const yes = random.chance(0.5)
        const kind = yes ? random.pick(above) : random.pick(kindsAbove(wordnet, nouns(random)).filter(usable))
        const word = headword(synset, random)
        const answer = yes || above.includes(kind) ? 'Yes' : 'No'
        return chatDocument(
          fill(random.pick(ASK.is), { x: withArticle(word), w: word, k: withArticle(kind.words[0] ?? '') }),
          answer
        )
      }
    })
  ]
}
