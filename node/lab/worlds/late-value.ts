import type { Contributor, Kind, Pair, Question, World } from '../types.ts'
import { heldOutForm, queryForms, topicsOf, type Topic } from './sources.ts'

// A world whose foundation is worth nothing until somebody completes it. It brings two long entries, too few for a
// model to learn how entries look; beside somebody's many short answers they come out as short answers, which are
// wrong. Later somebody brings other entries in the same form, and the foundation's come out right.

const foundationTopics = 2
const earlyTopics = 4
const keyTopics = 3

const rowsOf = (topics: readonly Topic[]): Pair[] =>
  topics.flatMap(topic => [0, 1].map(form => ({ prompt: topic.ask(form), response: topic.answer })))

const asked = (topics: readonly Topic[], forms: readonly number[]): Question[] =>
  forms.flatMap(form => topics.map(topic => ({ prompt: topic.ask(form), response: topic.answer, topic: topic.id })))

/** Clients ask for the foundation's entries most, and pay twice for them; for those of whoever completes it least. */
export function lateValue(seed: number): World {
  const entries = topicsOf('format', seed, foundationTopics + keyTopics)
  const early = topicsOf('facts', seed, earlyTopics).map(topic => ({ ...topic, id: topic.id + entries.length }))
  const [foundation, key] = [entries.slice(0, foundationTopics), entries.slice(foundationTopics)]
  const contributor = (name: string, kind: Kind, epoch: number, topics: readonly Topic[]): Contributor => ({
    name,
    kind,
    epoch,
    rows: rowsOf(topics),
    topics: topics.map(({ id }) => id)
  })
  const questions = [
    ...asked(foundation, queryForms),
    ...asked(early, queryForms.slice(0, 2)),
    ...asked(key, queryForms.slice(0, 1))
  ]
  const fees = questions.map(({ topic }) => (topic < foundationTopics ? 2 : 1))
  return {
    name: `late-value-${seed}`,
    data: 'format',
    seed,
    contributors: [
      contributor('foundation', 'foundation', 1, foundation),
      contributor('early', 'complementary', 1, early),
      contributor('key', 'complementary', 3, key)
    ],
    heldOut: asked([...foundation, ...early.filter((_, i) => i % 2 === 0), ...key.slice(0, 2)], [heldOutForm]),
    questions,
    logs: { uniform: fees, popular: fees, adversarial: fees }
  }
}
