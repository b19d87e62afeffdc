import type { PayoutsDeps } from '../types.ts'

/**
 * The chain's time in seconds, as far as this node knows without asking: that of the last block it has read and what
 * has passed since, or its own clock's where that is later. An RPC that is away stops no clock.
 */
export function createChainTime({ chain, clock }: Pick<PayoutsDeps, 'chain' | 'clock'>): () => bigint {
  let seen = { timestamp: 0n, at: clock.now() }
  return () => {
    const head = chain.ledger.head()?.timestamp ?? 0n
    if (head > seen.timestamp) seen = { timestamp: head, at: clock.now() }
    const passed = seen.timestamp + BigInt(Math.floor((clock.now() - seen.at) / 1000))
    const own = BigInt(Math.floor(clock.now() / 1000))
    return own > passed ? own : passed
  }
}
