import type { Removed, TakeDownCode } from '../../protocol/data/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'

// What became of contributions after their votes.

/**
 * What a quorum decided, and what each validator of its roster had said; `accept` null: it
 * abstained, or its vote was not heard. Jurors stand among them for being there: what they said is what it came to.
 */
export interface DecisionView {
  readonly contribution: Hex
  readonly contributor: Address
  readonly accepted: boolean
  /** A jury has decided it once more, for good: who said otherwise before was wrong. */
  readonly judged: boolean
  readonly validators: readonly {
    readonly validator: Address
    readonly accept: boolean | null
    /** It voted, also for neither side, or committed to a vote that a quorum did not need to hear. */
    readonly present: boolean
  }[]
}

/** Words for a take-down, by the rosters that spoke. */
export interface RemovalView {
  readonly contribution: Hex
  readonly removed: Removed | null
  readonly words: readonly {
    readonly validator: Address
    readonly roster: number
    readonly code: TakeDownCode
    readonly text: string
  }[]
}

/** What is in an anchored version and has left meanwhile. */
export interface LeftView {
  readonly contribution: Hex
  readonly contributor: Address
  readonly removed: Removed
  readonly rows: number
}
