import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEvent } from './events.ts'

/**
 * Who follows the chain can go forward and back. Handlers run one at a time, in the chain's order; one that throws is
 * called again.
 */
export interface FollowHandlers {
  /** An event, in order. */
  event(event: ChainEvent): void | Promise<void>
  /**
   * All events up to and including this block were handed over: resume from `block + 1`, with this hash as `parent`.
   */
  reached?(block: bigint, hash: Hex): void | Promise<void>
  /**
   * The chain dropped everything after this block (a reorganisation, or a local chain that lost its last second): undo
   * it.
   */
  rewound?(block: bigint): void | Promise<void>
  /** A handler threw; it is called again after a while. */
  failed?(error: unknown, event: ChainEvent | undefined): void
  /** The RPC stopped answering (once per outage), or answers again. */
  health?(state: { up: boolean; error?: Error }): void
}

export interface Follower {
  stop(): Promise<void>
}
