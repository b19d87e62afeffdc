import { wholeFee } from '../primitives/index.ts'
import type { Address, Hex, Split } from '../primitives/index.ts'

// How PaymentChannels divides what is paid for a model, in its smallest unit: as the contract does, to the last one.

/** Models above the one that answers which its fees reach (PaymentChannels.MOST_UPSTREAM). */
export const mostUpstream = 4

const part = (amount: bigint, points: number, whole = wholeFee): bigint => (amount * BigInt(points)) / BigInt(whole)

/** How much of a fee each has. */
export interface FeeParts {
  readonly worker: bigint
  readonly builder: bigint
  readonly data: bigint
  readonly upstream: bigint
}

/** Shares are rounded down; what rounding leaves is the data's, or the worker's where there is no Datanet. */
export function feeParts(amount: bigint, split: Split, onData: boolean): FeeParts {
  const [builder, upstream] = [part(amount, split.builder), part(amount, split.upstream ?? 0)]
  const worker = onData ? part(amount, split.worker) : amount - builder - upstream
  return { worker, builder, upstream, data: amount - worker - builder - upstream }
}

/** What of a registration says how a fee goes on up. */
export interface Upstream {
  readonly model: Hex
  readonly builder: Address
  readonly datanet: Hex
  readonly split: Split
}

/** What a model above the one that answers has of its fees. */
export interface UpstreamPart {
  readonly model: Hex
  readonly builder: Address
  readonly datanet: Hex
  readonly toBuilder: bigint
  readonly toData: bigint
}

/**
 * What a model gets of those that were grown from it is divided as its own fees are, but for the part of its workers:
 * so much goes further up, so much to its data, and its builder has the rest.
 * @param line the models above the one that answers, the nearest first; those beyond `mostUpstream` get nothing
 */
export function upstreamParts(amount: bigint, line: readonly Upstream[]): UpstreamPart[] {
  const parts: UpstreamPart[] = []
  let coming = amount
  for (const { split, ...model } of line.slice(0, mostUpstream)) {
    if (coming === 0n) break
    const rest = wholeFee - split.worker
    const isLast = parts.length + 1 === mostUpstream || rest === 0
    const onward = isLast ? 0n : part(coming, split.upstream ?? 0, rest)
    const toData = rest === 0 ? 0n : part(coming, split.data, rest)
    parts.push({ ...model, toBuilder: coming - onward - toData, toData })
    coming = onward
  }
  return parts
}
