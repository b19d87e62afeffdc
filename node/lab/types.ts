/** How much a run looks at; `tiny` is for tests. */
export const modes = ['quick', 'full', 'tiny'] as const
export type Mode = (typeof modes)[number]

/** What a contributor does: the eight kinds that a rule of pay has to tell apart. */
export const kinds = [
  'foundation',
  'complementary',
  'late',
  'copier',
  'paraphraser',
  'wrong',
  'irrelevant',
  'many-names'
] as const
export type Kind = (typeof kinds)[number]

export const dataKinds = ['facts', 'format', 'classes'] as const
export type DataKind = (typeof dataKinds)[number]

export const queryLogs = ['uniform', 'popular', 'adversarial'] as const
export type QueryLog = (typeof queryLogs)[number]

/**
 * What is right of an answer, for the truth: that it is the right one; how much of it is right, sentence by sentence;
 * or how likely the right one was (its log-likelihood).
 */
export type Judged = 'match' | 'parts' | 'likelihood'

/** A question and its answer, as contributors' files have them. */
export interface Pair {
  readonly prompt: string
  readonly response: string
}

/** One account of one contributor. */
export interface Contributor {
  readonly name: string
  readonly kind: Kind
  /** When it arrives: 1 to 4. Who stands earlier in a world's list committed earlier. */
  readonly epoch: number
  readonly rows: readonly Pair[]
  /** What its rows are about. */
  readonly topics: readonly number[]
}

/** A question that clients ask, and the answer that is right. */
export interface Question extends Pair {
  /** What it is about: the topic's number, the same in held-out questions. */
  readonly topic: number
}

/** What of an epoch's data fees a question brings, by log, in any unit; each log is as long as the questions. */
export type Logs = Readonly<Record<QueryLog, readonly number[]>>

/** Contributors, held-out questions, and what clients ask; everything follows from the seed. */
export interface World {
  readonly name: string
  readonly data: DataKind
  readonly seed: number
  readonly contributors: readonly Contributor[]
  readonly heldOut: readonly Question[]
  readonly questions: readonly Question[]
  readonly logs: Logs
}

/** A world as the network takes it: whose rows a version has, after its checks. */
export interface Accepted {
  /** Names of those with rows of their own, in the order of authorship; bit i of a coalition is player i. */
  readonly players: readonly string[]
  readonly epochs: readonly number[]
  readonly rows: readonly Pair[]
  /** The player who owns each row. */
  readonly owners: readonly number[]
  /** Contributors of whom nothing was taken, and why. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
}
