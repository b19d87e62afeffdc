import type { Contributor, Pair, Question, World } from '../types.ts'
import { topicsOf } from './sources.ts'
import { reworded, withFiller, worldOf } from './world.ts'

/** Someone who wants more than the data is worth, in a small world of two who are honest. */
export interface Attack {
  readonly name: string
  readonly what: string
  /** What the attacker's share is a share of. */
  readonly of: 'gain' | 'copied' | 'all'
  /** Most that it may be. */
  readonly target: number
  readonly world: World
  /** The attacker's accounts. */
  readonly accounts: readonly string[]
}

/** Topics of the small world: a foundation and somebody with others. */
const foundationTopics = 6
const otherTopics = 4

/** The two, without anybody who attacks. */
export const peaceful = (seed: number): World =>
  worldOf({
    name: 'peace',
    data: 'facts',
    seed,
    cast: [
      { kind: 'foundation', topics: foundationTopics },
      { kind: 'complementary', topics: otherTopics }
    ]
  })

/** What of the fees goes to questions whose topics have a held-out question. */
export const heldOutShare = ({ questions, heldOut }: World): number => {
  const topics = new Set(heldOut.map(({ topic }) => topic))
  return questions.filter(({ topic }) => topics.has(topic)).length / questions.length
}

const dealt = (
  rows: readonly Pair[],
  names: readonly string[],
  kind: Contributor['kind'],
  epoch: number
): Contributor[] =>
  names.map((name, i) => ({ name, kind, epoch, rows: rows.filter((_, at) => at % names.length === i), topics: [] }))
const asked = (pairs: readonly Question[]): Pair[] => pairs.map(({ prompt, response }) => ({ prompt, response }))

/** Attacks on the small world of a seed. */
export function attacksOf(seed: number): Attack[] {
  const peace = peaceful(seed)
  const [foundation, other] = peace.contributors as readonly [Contributor, Contributor]
  const victims = foundation.rows.filter((_, i) => i % 2 === 0)
  const join = (name: string, attackers: readonly Contributor[]): World => ({
    ...peace,
    name,
    contributors: [...peace.contributors, ...attackers]
  })
  const one = (name: string, kind: Contributor['kind'], rows: readonly Pair[]): Pick<Attack, 'world' | 'accounts'> => ({
    world: join(name, [{ name: 'attacker', kind, epoch: 3, rows, topics: [] }]),
    accounts: ['attacker']
  })
  const three = ['attacker-1', 'attacker-2', 'attacker-3']
  const copies = victims.map((pair, i) => (i % 2 === 0 ? pair : { ...pair, prompt: withFiller(pair.prompt) }))
  const invented = topicsOf('facts', seed, foundationTopics + otherTopics + 4).slice(foundationTopics + otherTopics)
  return [
    {
      name: 'split',
      what: 'one contributor deals its rows over three accounts',
      of: 'gain',
      target: 0.05,
      world: {
        ...peace,
        name: 'split',
        contributors: [...dealt(foundation.rows, three, 'many-names', foundation.epoch), other]
      },
      accounts: three
    },
    {
      name: 'copies',
      what: 'rows of an earlier author, every second with one more word',
      of: 'copied',
      target: 0.05,
      ...one('copies', 'copier', copies)
    },
    {
      name: 'false names',
      what: 'the same copies under three names',
      of: 'copied',
      target: 0.05,
      world: join(
        'false-names',
        dealt(
          copies.map(pair => ({ ...pair, prompt: withFiller(pair.prompt) })),
          three,
          'many-names',
          3
        )
      ),
      accounts: three
    },
    {
      name: 'paraphrases',
      what: 'rows of an earlier author in other words',
      of: 'copied',
      target: 0.2,
      ...one(
        'paraphrases',
        'paraphraser',
        victims.map(pair => ({ ...pair, prompt: reworded(pair.prompt) }))
      )
    },
    {
      name: 'retold',
      what: 'rows of an earlier author, told anew in words of one’s own',
      of: 'copied',
      target: 0.2,
      ...one(
        'retold',
        'paraphraser',
        topicsOf('facts', seed, foundationTopics).map(topic => ({ prompt: topic.ask(2), response: topic.answer }))
      )
    },
    {
      name: 'held-out questions',
      what: 'held-out questions with their answers, in other words',
      of: 'copied',
      target: 0.2,
      ...one(
        'held-out',
        'paraphraser',
        asked(peace.heldOut).map(pair => ({ ...pair, prompt: reworded(pair.prompt) }))
      )
    },
    {
      name: 'invented facts',
      what: 'facts about things that nobody asks about',
      of: 'all',
      target: 0.02,
      ...one(
        'invented',
        'irrelevant',
        invented.flatMap(topic => [0, 1].map(form => ({ prompt: topic.ask(form), response: topic.answer })))
      )
    },
    {
      name: 'wrong facts',
      what: "wrong answers about the foundation's things",
      of: 'all',
      target: 0.02,
      ...one(
        'wrong',
        'wrong',
        topicsOf('facts', seed, foundationTopics)
          .slice(-3)
          .map(topic => ({ prompt: topic.ask(2), response: topic.wrong }))
      )
    }
  ]
}
