import { InvalidError } from '../../../protocol/primitives/index.ts'
import { Random } from '../../engine/index.ts'
import type { Contributor, DataKind, Kind, Logs, Pair, Question, World } from '../types.ts'
import { heldOutForm, mostTopics, queryForms, topicsOf, type Topic } from './sources.ts'

/** Who is in a world: contributors of a kind, with so many topics each. */
export interface Part {
  readonly kind: Kind
  readonly topics: number
  /** How many contributors of this kind; of `many-names` how many names its one person has, who share its topics. */
  readonly count?: number
  readonly epoch?: number
}

export interface WorldPlan {
  readonly name: string
  readonly data: DataKind
  readonly seed: number
  /** In the order in which those of one epoch commit. */
  readonly cast: readonly Part[]
  /** Of the topics that are asked about, one in so many has a held-out question (default 2). */
  readonly heldOutEvery?: number
  /** Of the contributors with topics of their own, the first so many are asked about (default all). */
  readonly asked?: number
}

/** When a kind arrives unless its part says otherwise. */
const arrival: Readonly<Record<Kind, number>> = {
  foundation: 1,
  copier: 2,
  complementary: 2,
  irrelevant: 2,
  late: 3,
  paraphraser: 3,
  wrong: 3,
  'many-names': 4
}
/** Kinds that bring topics nobody brought before, and whether clients ask about them. */
const own: Readonly<Partial<Record<Kind, { asked: boolean }>>> = {
  foundation: { asked: true },
  complementary: { asked: true },
  irrelevant: { asked: false },
  'many-names': { asked: true }
}

/** A topic's rows, one for each way of asking. */
const rowsBy = (topics: readonly Topic[], forms: readonly number[], answer: (topic: Topic) => string): Pair[] =>
  topics.flatMap(topic => forms.map(form => ({ prompt: topic.ask(form), response: answer(topic) })))
const right = (topic: Topic): string => topic.answer

/** The same question with words around it, as somebody writes who wants it to look like another. */
export const reworded = (prompt: string): string =>
  `I would like to know this: ${prompt.charAt(0).toLowerCase()}${prompt.slice(1)} Thanks in advance.`
/** One word that says nothing. */
export const withFiller = (prompt: string): string => prompt.replace(/[?.]$/, ', exactly?')

/** What each kind that lives on others' topics makes of them. */
const derived: Readonly<Partial<Record<Kind, (topics: readonly Topic[]) => Pair[]>>> = {
  late: topics => rowsBy(topics, [2], right),
  copier: topics =>
    rowsBy(topics, [0], right).map((pair, i) => (i % 2 === 0 ? pair : { ...pair, prompt: withFiller(pair.prompt) })),
  paraphraser: topics => rowsBy(topics, [0], right).map(pair => ({ ...pair, prompt: reworded(pair.prompt) })),
  wrong: topics => rowsBy(topics, [2], topic => topic.wrong)
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

interface Cast extends Omit<Contributor, 'topics'> {
  readonly topics: readonly Topic[]
}

function castOf({ cast, data, seed, name }: WorldPlan): Cast[] {
  const needed = sum(cast.map(part => (own[part.kind] === undefined ? 0 : part.topics * owners(part))))
  if (needed > mostTopics[data])
    throw new InvalidError(
      'lab.world',
      `${name} needs ${needed} topics of ${data}, of which there are ${mostTopics[data]}`
    )
  const topics = topicsOf(data, seed, needed)
  const first = cast.findIndex(({ kind }) => kind === 'foundation')
  const foundation = topics.slice(0, cast[first]?.topics ?? 0)
  let at = 0
  return cast.flatMap((part): Cast[] => {
    const { kind, count = 1 } = part
    const make = derived[kind]
    const epoch = part.epoch ?? arrival[kind]
    if (make !== undefined) {
      // Wrong answers are to what the foundation knows last, so that others who live on it have the rest.
      const of = kind === 'wrong' ? foundation.slice(-part.topics) : foundation.slice(0, part.topics)
      return names(kind, count).map(name => ({ name, kind, epoch, rows: make(of), topics: of }))
    }
    const each = kind === 'many-names' ? Math.ceil(part.topics / count) : part.topics
    const mine = topics.slice(at, (at += part.topics * owners(part)))
    return names(kind, count).map((name, i) => {
      const of = mine.slice(i * each, (i + 1) * each)
      return { name, kind, epoch, rows: rowsBy(of, [0, 1], right), topics: of }
    })
  })
}

/** How many times a part's topics are needed. */
const owners = ({ kind, count = 1 }: Part): number => (kind === 'many-names' ? 1 : count)
const names = (kind: Kind, count: number): string[] =>
  Array.from({ length: count }, (_, i) => (count === 1 ? kind : `${kind}-${i + 1}`))

const askedBy = (topics: readonly Topic[], form: number): Question[] =>
  topics.map(topic => ({ prompt: topic.ask(form), response: topic.answer, topic: topic.id }))

/**
 * Clients' questions with what each brings: all alike; a few much asked (Zipf); and one in which half of the money is
 * of friends of whoever is wrong, who ask in its very words, and a fifth of the rest asks one thing over and over.
 */
function logsOf(honest: readonly Question[], friends: readonly Question[], seed: number): Logs {
  const popularity = new Random(seed, 2).shuffled(honest.map((_, i) => 1 / (i + 1)))
  const none = friends.map(() => 0)
  const often = honest.length / 4
  const adversarial = honest.map((_, i) => (i === 0 ? 1 + often : 1))
  return {
    uniform: [...honest.map(() => 1), ...none],
    popular: [...popularity, ...none],
    adversarial: [...adversarial, ...friends.map(() => sum(adversarial) / friends.length)]
  }
}

/** @throws InvalidError `lab.world` when there are not so many topics */
export function worldOf(plan: WorldPlan): World {
  const cast = castOf(plan)
  const known = cast.filter(({ kind }) => own[kind]?.asked === true).slice(0, plan.asked)
  const topics = known.flatMap(({ topics }) => topics)
  const honest = queryForms.flatMap(form => askedBy(topics, form))
  const friends = cast.flatMap(({ kind, topics }) => (kind === 'wrong' ? askedBy(topics, 2) : []))
  return {
    name: plan.name,
    data: plan.data,
    seed: plan.seed,
    contributors: cast
      .map(({ topics, ...contributor }): Contributor => ({ ...contributor, topics: topics.map(({ id }) => id) }))
      .sort((a, b) => a.epoch - b.epoch),
    heldOut: askedBy(
      topics.filter((_, i) => i % (plan.heldOutEvery ?? 2) === 0),
      heldOutForm
    ),
    questions: [...honest, ...friends],
    logs: logsOf(honest, friends, plan.seed)
  }
}
