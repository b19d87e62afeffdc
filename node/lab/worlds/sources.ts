import { Random } from '../../engine/index.ts'
import type { DataKind } from '../types.ts'
import { feelings, goods, labels, places, subjects } from './words.ts'

/** Something to know: how it can be asked, what is right, and an answer that is not. */
export interface Topic {
  readonly id: number
  /** A way of asking; numbers below `forms`, each a sentence of its own. */
  ask(form: number): string
  readonly answer: string
  readonly wrong: string
}

/** Ways of asking: contributors use the first three, held-out questions one, clients three others. */
export const heldOutForm = 4
export const queryForms = [3, 5, 6] as const

type Forms = readonly [string, string, string, string, string, string, string]

const sells: Forms = [
  'What does the # guild sell?',
  'Which goods come from the # guild?',
  'What is sold by the # guild?',
  'Name what the # guild trades.',
  'What can one buy from the # guild?',
  'The # guild sells what?',
  'Say which goods the # guild sells.'
]
const describes: Forms = [
  'Describe the # guild.',
  'Write the entry of the # guild.',
  'What does the book say of the # guild?',
  'Give the record of the # guild.',
  'How is the # guild described?',
  'Show the entry on the # guild.',
  'What is written of the # guild?'
]
const classifies: Forms = [
  'Class of this note: the soup was #.',
  'Class of this note: our guide was #.',
  'Class of this note: my room was #.',
  'Class of this note: the market was #.',
  'Class of this note: her dress was #.',
  'Class of this note: the ferry was #.',
  'Class of this note: his answer was #.'
]

const other = <T>(random: Random, of: readonly T[], not: T): T => {
  const rest = of.filter(one => one !== not)
  return rest[Math.floor(random.uniform() * rest.length)] ?? not
}
const pick = <T>(random: Random, of: readonly T[]): T => of[Math.floor(random.uniform() * of.length)] as T

const topic = (id: number, forms: Forms, word: string, answer: string, wrong: string): Topic => ({
  id,
  ask: form => (forms[form] ?? forms[0]).replace('#', word),
  answer,
  wrong
})

/** Subjects of one word, and where those are not enough, of two. */
function namesOf(random: Random, count: number): readonly string[] {
  const single = random.shuffled(subjects)
  if (count <= single.length) return single.slice(0, count)
  const double = random.shuffled(places.flatMap(place => subjects.map(subject => `${place} ${subject}`)))
  return [...single, ...double].slice(0, count)
}

/** One word about one subject: nothing tells it but the rows about it. */
function facts(random: Random, count: number): Topic[] {
  return namesOf(random, count).map((subject, id) => {
    const answer = pick(random, goods)
    return topic(id, sells, subject, answer, other(random, goods, answer))
  })
}

/** A long answer in a fixed form, with three facts in it: how it looks is known to all, what it says to few. */
function format(random: Random, count: number): Topic[] {
  const entry = (good: string, place: string, rival: string): string =>
    `Trade: ${good}. Seat: the ${place}. Rival: the ${rival} guild.`
  return random
    .shuffled(subjects)
    .slice(0, count)
    .map((subject, id) => {
      const [good, place, rival] = [pick(random, goods), pick(random, places), other(random, subjects, subject)]
      const [noGood, noPlace] = [other(random, goods, good), other(random, places, place)]
      return topic(
        id,
        describes,
        subject,
        entry(good, place, rival),
        entry(noGood, noPlace, other(random, subjects, rival))
      )
    })
}

/** One of three labels by one word of the sentence: what the labels are, every row tells. */
function classes(random: Random, count: number): Topic[] {
  return random
    .shuffled(feelings)
    .slice(0, count)
    .map((feeling, id) => {
      const answer = pick(random, labels)
      return topic(id, classifies, feeling, answer, other(random, labels, answer))
    })
}

const makers = { facts, format, classes } satisfies Record<DataKind, (random: Random, count: number) => Topic[]>

/** Most topics of a world. */
export const mostTopics = {
  facts: subjects.length * (places.length + 1),
  format: subjects.length,
  classes: feelings.length
} satisfies Record<DataKind, number>

/** So many topics, each with another subject. */
export const topicsOf = (data: DataKind, seed: number, count: number): Topic[] =>
  makers[data](new Random(seed, dataStream), count)

const dataStream = 1
