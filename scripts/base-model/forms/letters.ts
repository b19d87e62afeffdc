// Spelling, counting and looking things up in the question itself: small skills that short answers need.
import { capital, chatDocument, fill, type Form } from '../documents.ts'
import { weighted } from '../random.ts'
import type { Synset } from '../wordnet.ts'
import { commonness } from './definitions.ts'

const SPELL: readonly (readonly [string, (word: string) => string])[] = [
  ['What is the first letter of {w}?', w => w.charAt(0)],
  ['With which letter does {w} begin?', w => w.charAt(0)],
  ['Which letter does {w} start with?', w => w.charAt(0)],
  ['What is the last letter of {w}?', w => w.slice(-1)],
  ['With which letter does {w} end?', w => w.slice(-1)],
  ['How many letters are in {w}?', w => String(w.length)],
  ['Count the letters of {w}.', w => String(w.length)],
  ['Spell {w}.', w => w.split('').join('-')],
  ['How do you spell {w}?', w => w.split('').join('-')],
  ['Write {w} with a capital.', capital],
  ['Write {w} in capitals.', w => w.toUpperCase()]
]
const LABELS = ['number', 'code', 'price', 'page', 'room', 'year', 'place', 'line', 'score', 'key']

export function letterForms(synsets: readonly Synset[]): Form[] {
  const plain = synsets.filter(s => /^[a-z]{3,10}$/.test(s.words[0] ?? ''))
  const any = weighted(plain, commonness)
  return [
    {
      name: 'spell',
      share: 2,
      draw: random => {
        const word = any(random).words[0] ?? ''
        const [template, answer] = random.pick(SPELL)
        return chatDocument(fill(template, { w: word }), answer(word))
      }
    },
    {
      name: 'count',
      share: 1,
      draw: random => {
        const n = random.below(200)
        return random.chance(0.5)
          ? chatDocument(
              fill(
                random.pick([
                  'Which number comes after {n}?',
                  'What follows {n}?',
                  'What is the next number after {n}?'
                ]),
                { n: String(n) }
              ),
              String(n + 1)
            )
          : chatDocument(
              fill(random.pick(['Which number comes before {n}?', 'What number precedes {n}?']), { n: String(n + 1) }),
              String(n)
            )
      }
    },
    {
      name: 'look-up',
      share: 4,
      draw: random => {
        const label = random.pick(LABELS)
        const byWord = random.chance(0.3)
        const list = Array.from({ length: 2 + random.below(3) }, () => ({
          word: any(random).words[0] ?? '',
          value: byWord ? (any(random).words[0] ?? '') : String(random.below(random.chance(0.3) ? 2000 : 120))
        }))
        const told = list
          .map(entry =>
            random.chance(0.5)
              ? `The ${label} of ${entry.word} is ${entry.value}.`
              : `${capital(entry.word)} has ${label} ${entry.value}.`
          )
          .join(' ')
        const wanted = random.pick(list)
        const back = random.chance(0.25)
        const ask = back
          ? `Which one has ${label} ${wanted.value}?`
          : fill(
              random.pick([
                'What is the {l} of {w}?',
                'Which {l} does {w} have?',
                'Give the {l} of {w}.',
                "What is {w}'s {l}?"
              ]),
              { l: label, w: wanted.word }
            )
        return chatDocument(`${told} ${ask}`, back ? wanted.word : wanted.value)
      }
    }
  ]
}
