import { InvalidError } from '../primitives/index.ts'
import type { Address } from '../primitives/index.ts'
import { checkMeasured, weightsOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import { credited, mostCredited, standingOf } from './division.ts'
import type { Standing } from './division.ts'
import type { HeldOutDocument, Measured, ModelMeasure } from './types.ts'
import { isNear } from './weighing.ts'

// An answer is the model's own words: who corrupted it has caused it too. The held-out questions say how far a player's
// credit is borne out, by the same arithmetic on their true answers and on the model's own.

/** Held-out questions that a model is measured on: at most so many, in equal steps, the same ones on every node. */
export function spreadQuestions<T>(rows: readonly T[], most: number): readonly T[] {
  if (rows.length <= most) return rows
  return Array.from({ length: most }, (_, i) => rows[Math.floor((i * rows.length) / most)] as T)
}

/** What the held-out questions say of a model's players, in their order. */
export interface HeldOutValues extends Standing {
  readonly questions: number
  /** H_c: what a player's rows add to the true answers, summed over the questions, in 1e-6. */
  readonly truth: readonly bigint[]
  /** O_c: what they add to the model's own answers, positive parts only, summed, in 1e-6. */
  readonly own: readonly bigint[]
  /** What all rows together add to a true answer, a mean in 1e-6, rounded down; 0 where it is less. */
  readonly gain: bigint
  /** What the model with all rows makes of a true answer, a mean in 1e-6, rounded down. */
  readonly level: bigint
}

/** A model that something is measured of. */
export interface MeasuredModel {
  readonly measure: Measure
  readonly values: HeldOutValues
}

// Whoever writes a question knows its answer, and may have rows that give it. So a question says nothing of its own
// writer's rows: neither H, O nor b of theirs. And it says of the others no more than they bear out: it counts as far
// as what their rows add to its true answer, all together, goes to what its writer's rows add; a question that only its
// writer's rows answer, or that takes more from the others than it gives them, counts for nobody. So no question moves
// its writer's own values, and together the others' values never fall by it. (What it gives to one whose rows are
// worth less than nothing all the same, and takes from another, can: that is told by a question others answer.)

/** How much of a question counts: all of it, or a part. */
interface Counting {
  readonly of: bigint
  readonly outOf: bigint
}
const whole: Counting = { of: 1n, outOf: 1n }
const nothing: Counting = { of: 0n, outOf: 1n }

const writerIn = ({ players }: Measure, writer: Address | undefined): number | undefined => {
  const player = writer === undefined ? -1 : players.indexOf(writer)
  return player < 0 ? undefined : player
}

/** @param weights of its true answer, by player @param writer who of them has written it; undefined for anybody else */
function countingOf(weights: readonly bigint[], writer: number | undefined): (player: number) => Counting {
  if (writer === undefined) return () => whole
  const own = weights[writer] ?? 0n
  const others = weights.reduce((sum, weight) => sum + weight, 0n) - own
  const counted = others <= 0n ? nothing : own <= others ? whole : { of: others, outOf: own }
  return player => (player === writer ? nothing : counted)
}

/** Towards more: what others' values are together is not less for rounding. */
const roundedUp = (weight: bigint, { of, outOf }: Counting): bigint =>
  weight > 0n ? (weight * of + outOf - 1n) / outOf : (weight * of) / outOf

/** @throws InvalidError as weightsOf */
export function heldOutValues({ questions }: HeldOutDocument, measure: Measure): HeldOutValues {
  const truth = measure.players.map(() => 0n)
  const own = measure.players.map(() => 0n)
  const added: bigint[][] = []
  for (const question of questions) {
    const weights = weightsOf(measure, question.truth).players
    const counts = countingOf(weights, writerIn(measure, question.writer))
    const counted = weights.map((weight, i) => roundedUp(weight, counts(i)))
    added.push(counted)
    counted.forEach((weight, i) => {
      truth[i] = (truth[i] ?? 0n) + weight
    })
    weightsOf(measure, question.own).players.forEach((weight, i) => {
      const { of, outOf } = counts(i)
      own[i] = (own[i] ?? 0n) + (credited(weight) * of) / outOf
    })
  }
  const { full, empty } = measure.matrix
  const sumOf = (place: number): number => questions.reduce((sum, one) => sum + (one.truth.utilities[place] ?? 0), 0)
  const meanOf = (sum: number): bigint => (sum > 0 ? (BigInt(sum) * 100n) / BigInt(questions.length) : 0n)
  const [level, gain] = [meanOf(sumOf(full)), meanOf(sumOf(full) - sumOf(empty))]
  const most = measure.players.map((_, i) => mostCredited(added.map(weights => weights[i] ?? 0n)))
  return { questions: questions.length, truth, own, gain, level, ...standingOf(truth, own, most) }
}

/**
 * A document as anybody can check it without measuring.
 * @throws InvalidError `held-out.model` · as checkMeasured
 */
export function checkHeldOut({ model, questions }: HeldOutDocument, measure: ModelMeasure): void {
  // [reject] It is of this model.
  if (model !== measure.model) throw new InvalidError('held-out.model', 'the held-out values are of another model')
  // [reject] Each text is measured under all coalitions, with candidates that can be.
  for (const { truth, own } of questions) {
    checkMeasured(truth, measure)
    checkMeasured(own, measure)
  }
}

const isSame = (a: Measured, b: Measured): boolean =>
  a.candidates.join() === b.candidates.join() && isNear(a.utilities, b.utilities)

/** Whether two machines have measured the same, by the same writers: each utility but for one unit of its rounding. */
export const agreesHeldOut = (a: HeldOutDocument, b: HeldOutDocument): boolean =>
  a.model === b.model &&
  a.questions.length === b.questions.length &&
  a.questions.every((question, i) => {
    const other = b.questions[i]
    return (
      other !== undefined &&
      question.writer === other.writer &&
      isSame(question.truth, other.truth) &&
      isSame(question.own, other.own)
    )
  })
