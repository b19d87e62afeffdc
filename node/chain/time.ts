import type { Clock } from '../runtime/types.ts'
import type { Ledger } from './types.ts'

/**
 * The chain's time in seconds, as far as this node knows without asking: that of the last block it has read and what
 * has passed since, or its own clock's where that is later. A chain without transactions makes no blocks, and an RPC
 * that is away stops no clock.
 */
export function createLedgerTime({
  chain,
  clock
}: {
  readonly chain: { readonly ledger: Pick<Ledger, 'head'> }
  readonly clock: Pick<Clock, 'now'>
}): () => bigint {
  let seen = { timestamp: 0n, at: clock.now() }
  return () => {
    const head = chain.ledger.head()?.timestamp ?? 0n
    if (head > seen.timestamp) seen = { timestamp: head, at: clock.now() }
    const passed = seen.timestamp + BigInt(Math.floor((clock.now() - seen.at) / 1000))
    const own = BigInt(Math.floor(clock.now() / 1000))
    return own > passed ? own : passed
  }
}
