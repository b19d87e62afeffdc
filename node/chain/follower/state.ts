import type { Header } from './source.ts'

/** What was found out about the RPC on the way, for its owner: counts since the start. */
export interface ProviderFindings {
  /** Blocks it allows at once, once it has refused more. */
  readonly rangeCap?: number
  /** Logs it gives at once without saying that there are more. */
  readonly resultCap?: number
  readonly refused: number
  /** Answers that held less than is there. */
  readonly short: number
  /** Answers that contradicted others: other blocks, a head that went back. */
  readonly inconsistent: number
  /** Events that must be there and that it has never shown. */
  readonly missing: number
  /** Of the last answer with logs. */
  readonly answerMs: number
}

/**
 * How the follower stands. `reading`: on its way to the head; `following`: there. `waiting`: something is in the way,
 * it tries again by itself. `diverged`: the chain left what was final here; it waits for the old chain to come back.
 */
export type FollowState = 'starting' | 'reading' | 'following' | 'waiting' | 'diverged'

export interface ChainState {
  readonly state: FollowState
  /** Why it waits. */
  readonly error?: Error
  /** Last block whose events are in the ledger; undefined before the first. */
  readonly block?: bigint
  readonly head?: Header
  readonly provider: ProviderFindings
}

export interface Tracker {
  current(): ChainState
  set(change: Partial<Omit<ChainState, 'provider'>>): void
  found(change: Partial<ProviderFindings>): void
  count(what: 'refused' | 'short' | 'inconsistent' | 'missing', by?: number): void
}

export function createTracker(onState: (state: ChainState) => void): Tracker {
  let state: ChainState = {
    state: 'starting',
    provider: { refused: 0, short: 0, inconsistent: 0, missing: 0, answerMs: 0 }
  }
  const found = (change: Partial<ProviderFindings>): void => {
    state = { ...state, provider: { ...state.provider, ...change } }
  }
  return {
    current: () => state,
    set(change) {
      const before = state
      const { error: _error, ...rest } = state
      state = { ...rest, ...change }
      if (state.state !== before.state) onState(state)
    },
    found,
    count(what, by = 1) {
      found({ [what]: state.provider[what] + by })
    }
  }
}
