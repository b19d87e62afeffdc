import type { Address } from '../primitives/hex.ts'
import type { CosignedReceipt } from './types.ts'

/** Receipts say whole seconds, so less than this in all says nothing of a pace. */
const leastSeconds = 5n

/**
 * Tokens a second of each worker, over receipts that both have signed: all tokens over all seconds, since the part of a
 * second that one receipt leaves out another one counts too much. The times are the workers' words, so this is for
 * whoever has not measured them.
 */
export function pacesOf(receipts: Iterable<CosignedReceipt>): Map<Address, number> {
  const sums = new Map<Address, { tokens: bigint; seconds: bigint }>()
  for (const { worker, receipt } of receipts) {
    const { outputTokens, startedAt, finishedAt } = receipt.message
    const { tokens, seconds } = sums.get(worker as Address) ?? { tokens: 0n, seconds: 0n }
    sums.set(worker as Address, { tokens: tokens + BigInt(outputTokens), seconds: seconds + finishedAt - startedAt })
  }
  const paces = new Map<Address, number>()
  for (const [worker, { tokens, seconds }] of sums)
    if (tokens > 0n && seconds >= leastSeconds) paces.set(worker, Number(tokens) / Number(seconds))
  return paces
}
