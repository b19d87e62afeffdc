// Tables of facts (an entity, an attribute, a short value) found in the definitions, each asked in many ways. A small
// core of them comes up again and again: that teaches the model to recall a fact however it is asked.
import { chatDocument, fill, type Form } from '../documents.ts'
import { stableHash } from '../random.ts'
import type { Synset, WordNet } from '../wordnet.ts'

export interface Fact {
  readonly entity: string
  readonly attribute: keyof typeof ATTRIBUTES
  readonly value: string
}

/** What an attribute is called, and ways to ask for it that need no name. */
const ATTRIBUTES = {
  born: {
    names: ['year of birth', 'birth year', 'birth date'],
    ask: [
      'When was {e} born?',
      'In which year was {e} born?',
      'What year was {e} born?',
      '{e} was born in which year?',
      'In what year did the life of {e} begin?'
    ]
  },
  died: {
    names: ['year of death', 'death year'],
    ask: [
      'When did {e} die?',
      'In which year did {e} die?',
      'What year did {e} die?',
      '{e} died in which year?',
      'In what year did the life of {e} end?'
    ]
  },
  nationality: {
    names: ['nationality', 'nation'],
    ask: ['Where did {e} come from?', 'What nationality was {e}?', '{e} was of which nation?']
  },
  work: {
    names: ['profession', 'work', 'calling'],
    ask: ['What did {e} do?', 'What was {e} by profession?', 'What kind of person was {e}?']
  },
  capital: {
    names: ['capital', 'capital city', 'seat of government'],
    ask: ['Which city is the capital of {e}?', 'From which city is {e} governed?', '{e} has which capital?']
  },
  capitalOf: {
    names: ['country or state'],
    ask: ['{e} is the capital of what?', 'Of which place is {e} the capital?', 'Which place has {e} as its capital?']
  },
  currency: {
    names: ['currency', 'money', 'basic unit of money', 'monetary unit'],
    ask: ['What do people pay with in {e}?', 'Which money is used in {e}?', 'Which currency does {e} use?']
  },
  short: {
    names: ['abbreviation', 'short form', 'short name'],
    ask: [
      'How is {e} abbreviated?',
      'How do you shorten {e}?',
      'How is {e} written in short?',
      'Which letters are short for {e}?',
      'What is {e} abbreviated to?'
    ]
  },
  long: {
    names: ['full form', 'long form'],
    ask: [
      'What does {e} stand for?',
      'What is {e} short for?',
      '{e} stands for what?',
      'What do the letters {e} stand for?',
      '{e} is the abbreviation of what?'
    ]
  },
  figure: {
    names: ['number', 'figure'],
    ask: [
      'How do you write {e} in figures?',
      'Which number is {e}?',
      'Write {e} as a number.',
      'Which digits make {e}?'
    ]
  },
  roman: {
    names: ['Roman numeral', 'Roman number'],
    ask: ['How do the Romans write {e}?', 'Which Roman numeral stands for {e}?', 'Write {e} in Roman letters.']
  }
} as const

/** Ways to ask for a named attribute of an entity. */
const FRAMES = [
  'What is the {a} of {e}?',
  "What's the {a} of {e}?",
  'Tell me the {a} of {e}.',
  'Give the {a} of {e}.',
  'State the {a} of {e}.',
  '{e}: {a}?',
  'Which {a} does {e} have?',
  'Name the {a} for {e}.',
  'What {a} belongs to {e}?',
  'Do you know the {a} of {e}?',
  'I need the {a} of {e}.',
  'Please give me the {a} for {e}.',
  '{e} has which {a}?',
  'The {a} of {e} is',
  "What is {e}'s {a}?",
  'Look up the {a} of {e}.',
  'Find the {a} that goes with {e}.',
  'Can you tell me the {a} of {e}?'
]
const IN_SENTENCE = ['The {a} of {e} is {v}.', '{e} has the {a} {v}.', '{v} is the {a} of {e}.', '{e}: {a} {v}.']

const find = (wordnet: WordNet, word: string): Set<string> =>
  new Set([...wordnet.values()].filter(s => s.pos === 'noun' && s.words.includes(word)).map(s => s.key))
const longest = (words: readonly string[]): string => words.reduce((a, b) => (b.length > a.length ? b : a), '')
const initials = (text: string): string =>
  text
    .split(/[\s-]+/)
    .map(w => w.charAt(0).toUpperCase())
    .join('')

function personFacts(synset: Synset): Fact[] {
  const years = /\((?:born (?:in )?)?(\d{4})(?:-(\d{4}))?\)/.exec(synset.definition)
  const entity = longest(synset.words)
  if (years === null || !entity.includes(' ')) return []
  const who = /^((?:[A-Z][a-z]+ )?[A-Z][a-z]+(?:ish|ch|an|ese|ss))(?: \([^)]*\))? (\w+)/.exec(synset.definition)
  const facts: Fact[] = [{ entity, attribute: 'born', value: years[1] ?? '' }]
  if (years[2] !== undefined) facts.push({ entity, attribute: 'died', value: years[2] })
  if (who?.[1] !== undefined) facts.push({ entity, attribute: 'nationality', value: who[1] })
  if (who?.[2] !== undefined) facts.push({ entity, attribute: 'work', value: who[2] })
  return facts
}

function placeFacts(synset: Synset): Fact[] {
  const city = synset.words[0] ?? ''
  const country = /\bcapital(?: city)?(?: and [\w ]+?)? of ((?:the )?[A-Z]\w+(?: [A-Z]\w+)*)/.exec(
    synset.definition
  )?.[1]
  return country === undefined
    ? []
    : [
        { entity: country, attribute: 'capital', value: city },
        { entity: city, attribute: 'capitalOf', value: country }
      ]
}

function quantityFacts(synset: Synset): Fact[] {
  const word = synset.words[0] ?? ''
  const facts: Fact[] = []
  const country = /basic unit of money in ((?:the )?[A-Z]\w+(?: [A-Z]\w+)*)(?:;|$)/.exec(synset.definition)?.[1]
  if (country !== undefined) facts.push({ entity: country, attribute: 'currency', value: word })
  const figure = synset.words.find(w => /^\d+$/.test(w))
  const roman = synset.words.find(w => /^[IVXLC]+$/.test(w))
  if (figure !== undefined && /^[a-z]/.test(word)) facts.push({ entity: word, attribute: 'figure', value: figure })
  if (roman !== undefined && /^[a-z]/.test(word)) facts.push({ entity: word, attribute: 'roman', value: roman })
  return facts
}

function abbreviationFacts(synset: Synset, isState: boolean): Fact[] {
  const full = synset.words[0] ?? ''
  const short = synset.words.find(w =>
    isState
      ? /^[A-Z]{2}$/.test(w)
      : synset.topic === 23
        ? /^[a-zA-Z]{1,3}$/.test(w) &&
          full.length > 5 &&
          w.charAt(0).toLowerCase() === full.charAt(0).toLowerCase() &&
          !/^[IVXLC]+$/.test(w)
        : /^[A-Z]{2,5}$/.test(w) && initials(full) === w
  )
  return short === undefined || short === full
    ? []
    : [
        { entity: full, attribute: 'short', value: short },
        { entity: short, attribute: 'long', value: full }
      ]
}

/** Every fact that the given synsets hold. */
export function readFacts(wordnet: WordNet, synsets: readonly Synset[]): Fact[] {
  const states = find(wordnet, 'American state')
  return synsets
    .filter(s => s.pos === 'noun')
    .flatMap(synset => {
      const isState = synset.pointers.some(p => p.symbol === '@i' && states.has(p.target))
      return [
        ...(synset.topic === 18 ? personFacts(synset) : []),
        ...(synset.topic === 15 ? placeFacts(synset) : []),
        ...(synset.topic === 23 ? quantityFacts(synset) : []),
        ...abbreviationFacts(synset, isState)
      ]
    })
    .filter(fact => fact.value.length > 0 && fact.value.length < 40)
}

/** One person in eight is in the core: few enough to be learnt by heart. */
const inCore = (fact: Fact): boolean =>
  !['born', 'died', 'nationality', 'work'].includes(fact.attribute) || stableHash(fact.entity) % 8 === 0

export function question(fact: Fact, pick: <T>(items: readonly T[]) => T, named: boolean): string {
  const attribute = ATTRIBUTES[fact.attribute]
  return fill(named ? pick(FRAMES) : pick<string>(attribute.ask), { a: pick<string>(attribute.names), e: fact.entity })
}

export function factForms(wordnet: WordNet, synsets: readonly Synset[]): Form[] {
  const facts = readFacts(wordnet, synsets)
  const byAttribute = Map.groupBy(facts.filter(inCore), fact => fact.attribute)
  const groups = [...byAttribute.values()]
  return [
    {
      name: 'fact',
      share: 17,
      draw: random => {
        const fact = random.pick(random.pick(groups))
        return chatDocument(
          question(fact, items => random.pick(items), random.chance(0.5)),
          fact.value
        )
      }
    },
    {
      name: 'fact-told',
      share: 3,
      draw: random => {
        const fact = random.pick(random.pick(groups))
        const told = fill(random.pick(IN_SENTENCE), {
          a: random.pick<string>(ATTRIBUTES[fact.attribute].names),
          e: fact.entity,
          v: fact.value
        })
        return `<s>${told}<|end|>`
      }
    },
    {
      name: 'fact-rare',
      share: 2,
      draw: random => {
        const fact = random.pick(facts)
        return chatDocument(
          question(fact, items => random.pick(items), random.chance(0.5)),
          fact.value
        )
      }
    }
  ]
}
