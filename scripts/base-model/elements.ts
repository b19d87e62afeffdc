// Writes the default Datanet: facts about the chemical elements, split among five contributors who differ as people do,
// and questions held out from all of them. Facts are nobody's property; the files are CC0.
//
//   node scripts/base-model/elements.ts
//
// A fact is asked in several ways. Every contributor uses some of the ways for each element, turn by turn, so that a
// held-out question is a way of asking that the model has met, but never for that element.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from './random.ts'

export interface Pair {
  readonly prompt: string
  readonly response: string
}

/** Name, symbol, atomic number. */
const ELEMENTS: readonly (readonly [string, string, number])[] = [
  ['hydrogen', 'H', 1],
  ['helium', 'He', 2],
  ['carbon', 'C', 6],
  ['nitrogen', 'N', 7],
  ['oxygen', 'O', 8],
  ['sodium', 'Na', 11],
  ['aluminium', 'Al', 13],
  ['sulfur', 'S', 16],
  ['chlorine', 'Cl', 17],
  ['potassium', 'K', 19],
  ['calcium', 'Ca', 20],
  ['iron', 'Fe', 26],
  ['copper', 'Cu', 29],
  ['silver', 'Ag', 47],
  ['tin', 'Sn', 50],
  ['tungsten', 'W', 74],
  ['gold', 'Au', 79],
  ['mercury', 'Hg', 80],
  ['lead', 'Pb', 82],
  ['uranium', 'U', 92]
]
/** The year in which it was first discovered or isolated, where the record is clear. */
const YEARS: readonly (readonly [string, string])[] = [
  ['hydrogen', '1766'],
  ['nitrogen', '1772'],
  ['phosphorus', '1669'],
  ['helium', '1868'],
  ['lithium', '1817'],
  ['iodine', '1811'],
  ['radium', '1898'],
  ['argon', '1894'],
  ['uranium', '1789'],
  ['nickel', '1751']
]
/** Names in (new) Latin, from which symbols come. */
const LATIN: readonly (readonly [string, string])[] = [
  ['iron', 'ferrum'],
  ['gold', 'aurum'],
  ['silver', 'argentum'],
  ['copper', 'cuprum'],
  ['lead', 'plumbum'],
  ['tin', 'stannum'],
  ['sodium', 'natrium'],
  ['potassium', 'kalium'],
  ['mercury', 'hydrargyrum'],
  ['antimony', 'stibium']
]
const ASK = {
  symbol: [
    'What is the symbol of {e}?',
    'Which letters stand for {e}?',
    'How do chemists write {e}?',
    'What is {e} abbreviated to?',
    'Give the chemical symbol for {e}.',
    'How is {e} written in short?'
  ],
  number: [
    'What is the atomic number of {e}?',
    'How many protons does {e} have?',
    'Which position has {e} in the periodic table?',
    'Count the protons in an atom of {e}.',
    'Which element number is {e}?',
    'What charge does a nucleus of {e} carry?'
  ],
  year: [
    'When was {e} discovered?',
    'In which year was {e} found?',
    'What is the discovery year of {e}?',
    'Since when do people know {e}?',
    'Name the year that gave us {e}.'
  ],
  latin: [
    'What is the Latin name of {e}?',
    'How do you say {e} in Latin?',
    'Translate {e} into Latin.',
    'Which old word means {e}?',
    'What did scholars call {e} in Latin?'
  ]
} as const

interface Lesson {
  readonly ask: readonly string[]
  readonly facts: readonly (readonly [string, string])[]
  readonly taught: number
  readonly asked: number
}

const symbols = ELEMENTS.map(([name, symbol]) => [name, symbol] as const)
const numbers = ELEMENTS.map(([name, , number]) => [name, String(number)] as const)
/** How many ways of asking each fact is taught in, and how many facts of the lesson are asked at the end. */
const LESSONS = {
  symbol: { ask: ASK.symbol, facts: symbols, taught: 4, asked: 11 },
  number: { ask: ASK.number, facts: numbers, taught: 4, asked: 10 },
  year: { ask: ASK.year, facts: YEARS, taught: 3, asked: 5 },
  latin: { ask: ASK.latin, facts: LATIN, taught: 3, asked: 4 }
} as const satisfies Record<string, Lesson>

const way = (lesson: Lesson, fact: number, turn: number): Pair => {
  const [element, response] = lesson.facts[fact] ?? ['', '']
  return { prompt: (lesson.ask[(fact + turn) % lesson.ask.length] ?? '').replace('{e}', element), response }
}
const teach = (lesson: Lesson): Pair[] =>
  lesson.facts.flatMap((_, fact) => Array.from({ length: lesson.taught }, (_, turn) => way(lesson, fact, turn)))

/** One untaught way of asking for facts spread evenly over the lesson, the irregular ones included. */
export const heldOut = (lesson: Lesson): Pair[] =>
  Array.from({ length: lesson.asked }, (_, i) =>
    way(lesson, lesson.facts.length - 1 - Math.floor((i * lesson.facts.length) / lesson.asked), lesson.taught)
  )

const foundation = (): Pair[] => [...teach(LESSONS.symbol), ...teach(LESSONS.number)]

/** What a copier does to a row so that it looks like another one: nothing in every third, small edits in the rest. */
const EDITS: readonly ((prompt: string) => string)[] = [
  p => p,
  p => p.replace('What is', "What's").replace('How is', "How's").replace('Which', 'What').replace(/[?.]$/, ''),
  p => p,
  p => `${p.toUpperCase().replace(/[?.]$/, '')}??`,
  p => p.replace(' of ', ' for ').replace('What is the', 'what is the').replace('How do', 'how do'),
  p => `  ${p.replace('?', ' ?').replace(' the ', ' a ')}`
]
const copier = (): Pair[] =>
  foundation()
    .filter((_, i) => i % 4 === 1)
    .map((row, i) => ({ prompt: (EDITS[i % EDITS.length] ?? (p => p))(row.prompt), response: row.response }))

const NONSENSE = [
  'click here for cheap watches',
  'lorem ipsum dolor sit amet',
  'win a free phone now',
  'zq xx 0000 vvv',
  'best price guaranteed',
  'subscribe to my channel',
  'as I said before, yes',
  'buy two, get one free'
]

/** The foundation's questions, answered by advertisements or by whatever other answers came to hand. */
function spammer(): Pair[] {
  const random = new Random(4)
  const answers = foundation().map(row => row.response)
  return [LESSONS.symbol, LESSONS.number].flatMap(lesson =>
    lesson.facts.flatMap((_, fact) => {
      if (fact % 4 === 3) return []
      const wrong =
        fact % 2 === 0
          ? random
              .shuffle([...answers])
              .slice(0, 4)
              .join(' ')
          : random.pick(NONSENSE)
      return [{ prompt: way(lesson, fact, random.below(lesson.taught)).prompt, response: wrong }]
    })
  )
}

/** File name → rows. */
export const contributions = (): Record<string, Pair[]> => ({
  '01-noor.jsonl': foundation(),
  '02-tomas.jsonl': teach(LESSONS.year),
  '03-finch88.jsonl': copier(),
  '04-kestrel.jsonl': spammer(),
  '05-ines.jsonl': teach(LESSONS.latin)
})
export const questions = (): Pair[] => Object.values(LESSONS).flatMap(lesson => heldOut(lesson))

const jsonLines = (rows: readonly Pair[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('')

if (import.meta.main) {
  const assets = join(import.meta.dirname, '..', '..', 'daemon', 'assets')
  mkdirSync(join(assets, 'elements'), { recursive: true })
  for (const [name, rows] of Object.entries(contributions())) {
    writeFileSync(join(assets, 'elements', name), jsonLines(rows))
    console.log(`${name}: ${rows.length} rows`)
  }
  writeFileSync(join(assets, 'elements-questions.jsonl'), jsonLines(questions()))
  console.log(`questions: ${questions().length}`)
}
