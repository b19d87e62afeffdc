import type { OneShotRule } from './rules/index.ts'
import type { RuleName } from './rules/types.ts'
import type { Ceiling } from './truth/truth.ts'
import type { Interval } from './truth/shares.ts'
import type { DataKind, Judged, Kind, Mode, QueryLog } from './types.ts'

// What a run finds, as it stands in its results.json.

export interface PlayerView {
  readonly name: string
  readonly kind: Kind
  readonly epoch: number
  readonly rows: number
}

/** One rule in one world under one log. */
export interface RuleResult {
  /** Mean of the seeds. */
  readonly shares: readonly number[]
  /** L1 to the truth; the range is that of each of the rule's seeds against each of the truth's. */
  readonly error: Interval
  /** Mean over answers of Spearman's correlation with the truth; null where the rule says nothing of answers. */
  readonly rankCorrelation: number | null
  /** How far a share moves when one contributor's questions are asked ten times as often for the same money. */
  readonly movedByCalls: number
}

export interface LogResult {
  readonly truth: readonly number[]
  readonly ceiling: Ceiling
  readonly rules: Partial<Readonly<Record<OneShotRule, RuleResult>>>
}

/** What an epoch paid at first and in the end, against what its data turned out to be worth. */
export interface EpochResult {
  readonly epoch: number
  readonly players: readonly string[]
  readonly oneShot: number
  readonly resettled: number
}

/** Wall time of a study, over all runs that it took; the only part of a result that does not follow from the seeds. */
export interface Seconds {
  readonly training: number
  readonly measuring: number
}

export interface WorldResult {
  readonly name: string
  readonly data: DataKind
  readonly judged: Judged
  readonly seed: number
  readonly players: readonly PlayerView[]
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
  /** Of all coalitions, or of as many as were drawn; or what follows from how the world was made. */
  readonly truthBy: 'all coalitions' | 'drawn coalitions' | 'construction'
  readonly truthSeeds: readonly number[]
  readonly ruleSeeds: readonly number[]
  readonly siblings: number
  readonly questions: number
  /** Of the deployed model's own answers, mean of the rule's seeds. */
  readonly right: number
  readonly logs: Partial<Readonly<Record<QueryLog, LogResult>>>
  readonly epochs: readonly EpochResult[]
  readonly seconds: Seconds
}

export interface AttackResult {
  readonly name: string
  readonly what: string
  /** What `taken` is a share of, in words. */
  readonly of: string
  /** Largest value of `taken` that was aimed at. */
  readonly target: number
  /** Accounts of the attacker that the checks refused. */
  readonly refused: readonly string[]
  readonly taken: Partial<Readonly<Record<OneShotRule, number>>>
  readonly seconds: Seconds
}

export interface CostResult {
  readonly world: string
  readonly players: number
  readonly siblings: number
  /** Tokens trained on for siblings, as a multiple of the deployed adapter's. */
  readonly times: number
}

export interface LabResult {
  readonly mode: Mode
  readonly base: { readonly name: string; readonly id: string; readonly parameters: number }
  readonly settings: Readonly<Record<string, unknown>>
  readonly rules: readonly RuleName[]
  readonly worlds: readonly WorldResult[]
  readonly attacks: readonly AttackResult[]
  readonly cost: readonly CostResult[]
  /** What was not reached when results were written: names of studies. */
  readonly missing: readonly string[]
  readonly trained: number
  readonly machine: string
}
