import type { DatanetRules, RuleDifference, RulesChange } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/** Rules that are or were in force. */
export interface RulesView {
  /** From 1, which stand in the Datanet's id. */
  readonly number: number
  readonly rules: DatanetRules
  /** What is other than in those before. */
  readonly differences: readonly RuleDifference[]
  /** Why those before stayed in force: it changes what never changes. */
  readonly why: string | null
  /** Where they were put forward and set; null of the first ones. */
  readonly set: {
    readonly amendment: Hex
    readonly block: bigint
    readonly transaction: Hex
    readonly by: Address | null
    readonly roster: number
    readonly spoke: readonly Address[]
  } | null
}

/** Rules that were put forward and may still be set. */
export interface AmendmentView {
  readonly amendment: Hex
  readonly by: Address
  readonly number: number
  /** The rules themselves; null where their text is none. */
  readonly rules: DatanetRules | null
  readonly differences: readonly RuleDifference[]
  /** Why they would be none, whoever agrees to them. */
  readonly why: string | null
  /** Weights for and against, and of the whole roster. */
  readonly consent: number
  readonly against: number
  readonly total: number
  readonly spoke: readonly Address[]
  readonly text: string
}

export interface TermsView {
  readonly datanet: Hex
  /** Of the rules in force. */
  readonly number: number
  readonly host: Address
  readonly founder: Address
  readonly nextHost: Address | null
  /** Those that were set, the newest last: so many as one look shows. */
  readonly rules: readonly RulesView[]
  /** The newest that were put forward and may be set. */
  readonly next: readonly AmendmentView[]
}

/** News of what changed in a Datanet. */
export type TermsEvents = {
  /** Other rules were put forward, or are in force by that number from now on. */
  'data.rules': { datanet: Hex; number: number; amendment: Hex; step: 'proposed' | 'set' }
  /** The host has named who shall follow it (null: nobody any more), or handed over. */
  'data.host': { datanet: Hex; host: Address; next: Address | null }
}

/** What of a Datanet can change: its rules, by a quorum of its validators, and its host, by both hosts. */
export interface TermsService {
  /**
   * Its rules with those that came before, and who hosts it.
   * @param upTo the newest that is shown; that in force unless given @throws NotFoundError `datanet.unknown`
   */
  terms(datanet: Hex, upTo?: number): Promise<TermsView>
  /**
   * Rules in force when a block was over, or now.
   * @throws NotFoundError `datanet.unknown`
   */
  rulesAt(datanet: Hex, block?: bigint): Promise<DatanetRules>
  /**
   * Puts other rules forward: this node hosts the Datanet, or sits.
   * @throws InvalidError `rules.*`, `name.*` · ChainError
   */
  proposeRules(
    datanet: Hex,
    change: RulesChange
  ): Promise<{ readonly amendment: Hex; readonly differences: readonly RuleDifference[]; readonly transaction: Hex }>
  /**
   * This validator's word on rules that were put forward; `set` is their number, where it was the one that was missing.
   * @throws NotFoundError `rules.unknown` · InvalidError `rules.*` (nobody agrees here to what would be none) ·
   * ChainError
   */
  speakOnRules(
    datanet: Hex,
    amendment: Hex,
    consents: boolean
  ): Promise<{ readonly transaction: Hex; readonly set: number | null }>
  /** This node hosts it, and names who shall; nobody takes it back. @throws ChainError */
  nameHost(datanet: Hex, next: Address | undefined): Promise<{ readonly transaction: Hex }>
  /** This node was named, and hosts it from now on. @throws ChainError */
  acceptHost(datanet: Hex): Promise<{ readonly transaction: Hex }>
}
