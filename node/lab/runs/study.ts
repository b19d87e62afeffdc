import { answerKey } from '../../../protocol/data/index.ts'
import { coalitionsOf, hasPlayer } from '../../../protocol/jobs/index.ts'
import { contentHash } from '../../../protocol/primitives/index.ts'
import { askedWithout } from '../rules/present.ts'
import type { Evidence } from '../rules/types.ts'
import { halfPairs } from '../truth/coalitions.ts'
import type { Truth, TruthSeed } from '../truth/truth.ts'
import { truthOf } from '../truth/truth.ts'
import type { Accepted, Judged, QueryLog, World } from '../types.ts'
import { acceptedOf } from '../worlds/accepted.ts'
import type { Bench, Said } from './bench.ts'
import type { Sibling } from './lots.ts'

/** Up to so many players truth and rule are measured of all coalitions. */
export const mostExact = 6

export interface StudyPlan {
  readonly world: World
  readonly judged: Judged
  /** Whether every epoch's version is looked at, or the last one alone. */
  readonly everyEpoch: boolean
  /**
   * Training seeds of the rule's siblings, and of the truth's. Without those, truth is how the world was made: a right
   * answer is whose topic it is, which holds where nobody else knows anything of it.
   */
  readonly ruleSeeds: readonly number[]
  readonly truthSeeds: readonly number[]
  /** Beyond `mostExact` players: how many siblings the rule has, and how many each seed of the truth. */
  readonly siblings: number
  readonly truthSiblings: number
  readonly gradients: boolean
}

/** A world with what has to be trained for it. */
export interface Study {
  readonly plan: StudyPlan
  readonly accepted: Accepted
  readonly rule: readonly bigint[]
  readonly truth: readonly bigint[]
}

const hashOf = (world: World, what: string): `0x${string}` => contentHash({ world: world.name, seed: world.seed, what })

export function studyOf(plan: StudyPlan): Study {
  const accepted = acceptedOf(plan.world)
  const players = accepted.players.length
  const exact = players <= mostExact
  const all = Array.from({ length: exact ? 2 ** players : 0 }, (_, mask) => BigInt(mask))
  const { world, siblings, truthSiblings } = plan
  return {
    plan,
    accepted,
    rule: exact ? all : coalitionsOf(hashOf(world, 'rule'), players, siblings + 2),
    truth: exact ? all : halfPairs(world.seed, players, truthSiblings)
  }
}

export const siblingOf = ({ rows, owners }: Accepted, coalition: bigint, seed: number): Sibling => ({
  seed,
  rows: rows.filter((_, i) => hasPlayer(coalition, owners[i] ?? 0))
})

/** Everything that a study needs trained. */
export function siblingsOf({ plan, accepted, rule, truth }: Study): Sibling[] {
  const of = (seeds: readonly number[], coalitions: readonly bigint[]): Sibling[] =>
    seeds.flatMap(seed => coalitions.map(coalition => siblingOf(accepted, coalition, seed)))
  return [...of(plan.ruleSeeds, rule), ...of(plan.truthSeeds, truth)]
}

/** Players who have come by an epoch, as a coalition. */
export const arrivedBy = ({ epochs }: Accepted, epoch: number): bigint =>
  epochs.reduce((mask, at, i) => (at <= epoch ? mask | (1n << BigInt(i)) : mask), 0n)

const isRight = (said: string, pair: { readonly response: string }): boolean =>
  answerKey(said) === answerKey(pair.response)

/** What of an answer is right: 1 for all of it. */
function rightness(said: string, { response }: { readonly response: string }, judged: Judged): number {
  if (judged === 'match') return isRight(said, { response }) ? 1 : 0
  const sentences = (text: string): string[] => text.split(/(?<=[.])\s+/u).map(answerKey)
  const [own, right] = [new Set(sentences(said)), sentences(response)]
  return right.filter(one => own.has(one)).length / right.length
}

/**
 * Truth of a version, by siblings that the rule never saw: how right their own answers are, or the log-likelihood of
 * the right answer. Players who have not come yet are in no coalition.
 */
export async function truthFor(study: Study, bench: Bench, arrived: bigint): Promise<Truth> {
  const { plan, accepted } = study
  const { questions } = plan.world
  const { judged } = plan
  const { coalitions, members, players } = versionOf(accepted, study.truth, arrived)
  const tokens = judged === 'likelihood' ? await bench.tokensOf(questions) : []
  const seeds: TruthSeed[] = []
  for (const seed of plan.truthSeeds) {
    const siblings = coalitions.map(coalition => siblingOf(accepted, coalition, seed))
    if (judged === 'likelihood') {
      const asked = questions.map(({ prompt }, q) => ({ prompt, ids: tokens[q] ?? [] }))
      const chances = await bench.chances(siblings, asked)
      const worth = chances.map(answer =>
        answer.map(one => one.reduce((sum, p) => sum + Math.log(Math.max(p, 1e-30)), 0))
      )
      seeds.push({ seed, worth })
    } else {
      const said = await bench.answers(
        siblings,
        questions.map(({ prompt }) => prompt)
      )
      seeds.push({
        seed,
        worth: questions.map((question, q) => said.map(row => rightness(row[q]?.text ?? '', question, judged)))
      })
    }
  }
  return truthOf({ players, coalitions: members }, seeds)
}

/** Truth by construction: of each right answer, to whose topic it is. @param answers the deployed model's own */
export function constructedTruth({ plan, accepted }: Study, answers: readonly string[]): Truth {
  const { questions, contributors } = plan.world
  const values = questions.map((question, q) => {
    const right = isRight(answers[q] ?? '', question)
    const owners = new Set(contributors.flatMap(({ name, topics }) => (topics.includes(question.topic) ? [name] : [])))
    return accepted.players.map(player => (right && owners.has(player) ? 1 / owners.size : 0))
  })
  return { values, bySeed: [values] }
}

/** A version's own players, numbered anew, and those of the coalitions that hold nobody else. */
export function versionOf(
  { players }: Pick<Accepted, 'players'>,
  coalitions: readonly bigint[],
  arrived: bigint
): { coalitions: bigint[]; masks: bigint[]; members: boolean[][]; players: number; indices: number[] } {
  const indices = players.flatMap((_, i) => (hasPlayer(arrived, i) ? [i] : []))
  const inside = coalitions.filter(coalition => (coalition & ~arrived) === 0n)
  const members = inside.map(coalition => indices.map(i => hasPlayer(coalition, i)))
  const masks = members.map(row => row.reduce((mask, is, i) => (is ? mask | (1n << BigInt(i)) : mask), 0n))
  return { coalitions: inside, masks, members, players: indices.length, indices }
}

/** What rules may see of a version: siblings of one seed, the version's own answers, and a log of what was asked. */
export async function evidenceFor(
  study: Study,
  bench: Bench,
  { seed, arrived }: { seed: number; arrived: bigint }
): Promise<{ evidence: (log: QueryLog) => Evidence; right: number; heldOutRight: number }> {
  const { plan, accepted } = study
  const { questions, heldOut, logs } = plan.world
  const { coalitions, masks, players, indices } = versionOf(accepted, study.rule, arrived)
  const siblings = coalitions.map(coalition => siblingOf(accepted, coalition, seed))
  const deployed = siblingOf(accepted, arrived, seed)
  const promptsOf = (pairs: readonly { readonly prompt: string }[]): string[] => pairs.map(({ prompt }) => prompt)
  const [said = []] = await bench.answers([deployed], promptsOf(questions))
  const [heldOutSaid = []] = await bench.answers([deployed], promptsOf(heldOut))
  const asked = (pairs: readonly { readonly prompt: string }[], ids: readonly (readonly number[])[]) =>
    pairs.map(({ prompt }, i) => ({ prompt, ids: ids[i] ?? [] }))
  const idsOf = (all: readonly Said[]): (readonly number[])[] => all.map(({ ids }) => ids)
  const own = await bench.chances(siblings, asked(questions, idsOf(said)))
  const heldOutTrue = await bench.chances(siblings, asked(heldOut, await bench.tokensOf(heldOut)))
  const heldOutOwn = await bench.chances(siblings, asked(heldOut, idsOf(heldOutSaid)))
  const answers = said.map(({ text }) => text)
  // An answer without tokens has no gradient; what stands for it has one that is like nobody's.
  const pairs = questions.map(({ prompt }, i) => ({ prompt, response: answers[i] === '' ? '-' : (answers[i] ?? '-') }))
  const gradients = plan.gradients ? await bench.gradients(deployed, pairs) : null
  const rightOf = (texts: readonly Said[], pairs: World['questions']): number =>
    texts.filter(({ text }, i) => isRight(text, pairs[i] ?? { response: '' })).length
  const seen = {
    seed,
    players,
    rows: deployed.rows,
    owners: accepted.owners.flatMap(owner => (indices.includes(owner) ? [indices.indexOf(owner)] : [])),
    coalitions: masks,
    questions,
    fees: logs.uniform,
    calls: logs.uniform,
    answers,
    own,
    heldOut,
    heldOutAnswers: heldOutSaid.map(({ text }) => text),
    heldOutTrue,
    heldOutOwn,
    gradients
  }
  const counterfactual = await saidWithout(bench, siblings, promptsOf(questions), askedWithout(seen))
  return {
    right: rightOf(said, questions),
    heldOutRight: rightOf(heldOutSaid, heldOut),
    evidence: log => ({ ...seen, counterfactual, fees: logs[log], calls: logs[log] })
  }
}

/** How likely siblings find what one of them says, where it is asked. @param places of that one, by question */
async function saidWithout(
  bench: Bench,
  siblings: readonly Sibling[],
  prompts: readonly string[],
  places: readonly (number | undefined)[]
): Promise<Evidence['counterfactual']> {
  const found: Evidence['counterfactual'][number][] = prompts.map(() => null)
  for (const [place, questions] of Map.groupBy(places.keys(), q => places[q])) {
    const sibling = place === undefined ? undefined : siblings[place]
    if (sibling === undefined) continue
    const asked = questions.map(q => prompts[q] ?? '')
    const [said = []] = await bench.answers([sibling], asked)
    const chances = await bench.chances(
      siblings,
      asked.map((prompt, i) => ({ prompt, ids: said[i]?.ids ?? [] }))
    )
    for (const [i, q] of questions.entries()) if ((said[i]?.ids.length ?? 0) > 0) found[q] = chances[i] ?? null
  }
  return found
}
