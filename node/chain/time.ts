import type { Clock } from '../runtime/types.ts'
import type { Ledger } from './types.ts'

interface TimeParts {
  readonly chain: { readonly ledger: Pick<Ledger, 'head'> }
  readonly clock: Pick<Clock, 'now'>
}

/**
 * The chain's time in seconds, whatever this node's own clock says: that of the last block it has read, and what has
 * passed since. Of a chain that makes no blocks it is behind after a restart.
 */
export function createChainTime({ chain, clock }: TimeParts): () => bigint {
  let seen = { timestamp: 0n, at: clock.now() }
  return () => {
    const head = chain.ledger.head()?.timestamp ?? 0n
    if (head > seen.timestamp) seen = { timestamp: head, at: clock.now() }
    return seen.timestamp + BigInt(Math.floor((clock.now() - seen.at) / 1000))
  }
}

/**
 * The chain's time in seconds, as far as this node knows without asking: that of the last block it has read and what
 * has passed since, or its own clock's where that is later. A chain without transactions makes no blocks, and an RPC
 * that is away stops no clock.
 */
export function createLedgerTime(parts: TimeParts): () => bigint {
  const ofChain = createChainTime(parts)
  return () => {
    const passed = ofChain()
    const own = BigInt(Math.floor(parts.clock.now() / 1000))
    return own > passed ? own : passed
  }
}
