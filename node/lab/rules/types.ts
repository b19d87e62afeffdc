import type { Pair, Question } from '../types.ts'

/** [answer][coalition][token]: how likely each token was after those before it. */
export type Chances = readonly (readonly (readonly number[])[])[]

/** All that a rule may look at: one version of a Datanet, its siblings of one seed, and what they say. */
export interface Evidence {
  /** Seeds what a rule draws. */
  readonly seed: number
  readonly players: number
  readonly rows: readonly Pair[]
  readonly owners: readonly number[]
  /** Bit i is player i; the empty and the full one are among them. */
  readonly coalitions: readonly bigint[]
  readonly questions: readonly Question[]
  /** d(a): what each question's answer brings the data. */
  readonly fees: readonly number[]
  /** How often each was asked. */
  readonly calls: readonly number[]
  /** The model's own answers to the questions. */
  readonly answers: readonly string[]
  readonly own: Chances
  readonly heldOut: readonly Question[]
  /** The model's own answers to the held-out questions. */
  readonly heldOutAnswers: readonly string[]
  /** Of held-out questions: of the true answer, and of the model's own. */
  readonly heldOutTrue: Chances
  readonly heldOutOwn: Chances
  /**
   * Of each answer that is not believed to owe to whom it owes: how likely siblings find what would have been answered
   * without those. Null of the others.
   */
  readonly counterfactual: readonly (Chances[number] | null)[]
  /** Cosine of each answer's gradient and each row's, over the deployed adapter; null where they were not taken. */
  readonly gradients: readonly (readonly number[])[] | null
}

export interface Paid {
  /** Of the epoch's money, by player; what is missing to one is held. */
  readonly shares: readonly number[]
  /** What the rule says of each answer, [question][player]; null where it says nothing of answers. */
  readonly answers: readonly (readonly number[])[] | null
}

export const ruleNames = [
  'rows',
  'equal',
  'calls',
  'leave-one-out',
  'similarity',
  'gradients',
  'kernel-shap',
  'present',
  're-settled'
] as const
export type RuleName = (typeof ruleNames)[number]
