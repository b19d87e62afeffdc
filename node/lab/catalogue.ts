import type { StudyPlan } from './runs/study.ts'
import type { Mode, World } from './types.ts'
import { lateValue } from './worlds/late-value.ts'
import { worldOf, type WorldPlan } from './worlds/world.ts'

/** A part of a run: worlds with a truth, then seeds of the small worlds that are attacked. */
export interface Part {
  readonly worlds: readonly StudyPlan[]
  readonly attackSeeds: readonly number[]
}

const study = (plan: WorldPlan, more: Partial<Omit<StudyPlan, 'world'>> = {}): StudyPlan => ({
  world: worldOf(plan) satisfies World,
  judged: 'match',
  everyEpoch: false,
  ruleSeeds: [1],
  truthSeeds: [101],
  siblings: 16,
  truthSiblings: 32,
  gradients: true,
  ...more
})

const facts = (seed: number): WorldPlan => ({
  name: `facts-${seed}`,
  data: 'facts',
  seed,
  cast: [
    { kind: 'foundation', topics: 6 },
    { kind: 'complementary', topics: 3 },
    { kind: 'irrelevant', topics: 3 },
    { kind: 'late', topics: 3 },
    { kind: 'wrong', topics: 3 }
  ]
})
const format = (seed: number): WorldPlan => ({
  name: `format-${seed}`,
  data: 'format',
  seed,
  cast: [
    { kind: 'foundation', topics: 4 },
    { kind: 'complementary', topics: 2 },
    { kind: 'irrelevant', topics: 3 },
    { kind: 'wrong', topics: 2 }
  ]
})
const classes = (seed: number): WorldPlan => ({
  name: `classes-${seed}`,
  data: 'classes',
  seed,
  cast: [
    { kind: 'foundation', topics: 8 },
    { kind: 'complementary', topics: 4 },
    { kind: 'late', topics: 4 },
    { kind: 'wrong', topics: 3 }
  ]
})
/** Of long answers there are two truths, by the same siblings: what of them is right, and how likely they are. */
const bothWays = (plan: WorldPlan, more: Parameters<typeof study>[1] = {}): StudyPlan[] =>
  (['parts', 'likelihood'] as const).map(judged => study(plan, { ...more, judged }))

/** Sixteen accounts of all eight kinds. */
const many = (seed: number): WorldPlan => ({
  name: `sixteen-${seed}`,
  data: 'facts',
  seed,
  cast: [
    { kind: 'foundation', topics: 8 },
    { kind: 'copier', topics: 6 },
    { kind: 'complementary', topics: 4, count: 5 },
    { kind: 'irrelevant', topics: 3, count: 2 },
    { kind: 'late', topics: 4, count: 2 },
    { kind: 'paraphraser', topics: 4 },
    { kind: 'wrong', topics: 3, count: 2 },
    { kind: 'many-names', topics: 6, count: 3 }
  ]
})

/** One whose foundation is worth something only with who comes later, looked at in every epoch. */
const late = (seed: number): StudyPlan => ({
  world: lateValue(seed),
  judged: 'parts',
  everyEpoch: true,
  ruleSeeds: [1],
  truthSeeds: [101, 102],
  siblings: 16,
  truthSiblings: 32,
  gradients: true
})

/** So many alike, with two topics each, of whom the first half is asked about. */
const alike = (seed: number, count: number): WorldPlan => ({
  name: `alike-${count}`,
  data: 'facts',
  seed,
  cast: [{ kind: 'complementary', topics: 2, count }],
  asked: count / 2
})

/** The full run begins with the quick one, so that it goes on from there in the same folder. */
export function catalogueOf(mode: Mode): Part[] {
  const tiny = study(
    {
      name: 'tiny',
      data: 'facts',
      seed: 1,
      cast: [
        { kind: 'foundation', topics: 3 },
        { kind: 'complementary', topics: 2 }
      ]
    },
    { everyEpoch: true }
  )
  if (mode === 'tiny') return [{ worlds: [tiny], attackSeeds: [] }]
  const quick: Part = {
    worlds: [
      study(facts(11), { everyEpoch: true, truthSeeds: [101, 102] }),
      study(classes(12), { truthSeeds: [101, 102] }),
      ...bothWays(format(13), { truthSeeds: [101, 102] }),
      study(alike(16, 16), { truthSeeds: [] }),
      late(5),
      late(6)
    ],
    attackSeeds: [21]
  }
  if (mode === 'quick') return [quick]
  const seeds = { ruleSeeds: [1, 2], truthSeeds: [101, 102, 103] }
  return [
    quick,
    {
      worlds: [study(many(14)), study(alike(15, 48), { truthSeeds: [], siblings: 30 }), late(7), late(8)],
      attackSeeds: [22, 23]
    },
    ...[31, 32, 33].map(seed => ({
      worlds: [
        study(facts(seed), { ...seeds, everyEpoch: true }),
        study(classes(seed), seeds),
        ...bothWays(format(seed), seeds)
      ],
      attackSeeds: []
    })),
    {
      worlds: [
        study(many(34), { truthSeeds: [101, 102], truthSiblings: 64 }),
        study(alike(35, 100), { truthSeeds: [], siblings: 30 })
      ],
      attackSeeds: []
    }
  ]
}
