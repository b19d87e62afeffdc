const whole = 10_000n

/** Basis points, sum 10000. */
export interface FeeSplit {
  readonly worker: number
  readonly builder: number
  readonly data: number
}

/**
 * How PaymentChannels divides one claim: worker and builder rounded down, what rounding leaves goes to the data share,
 * or
 * to the worker where the model has no Datanet. A channel that is claimed in several steps may give the data share a
 * few
 * smallest units more than one claim of the sum would: so epochs share out what the pool got, never what this predicts.
 */
export function splitFee(
  amount: bigint,
  split: FeeSplit,
  hasDatanet: boolean
): { worker: bigint; builder: bigint; data: bigint } {
  const part = (points: number): bigint => (amount * BigInt(points)) / whole
  const builder = part(split.builder)
  const worker = hasDatanet ? part(split.worker) : amount - builder
  return { worker, builder, data: amount - worker - builder }
}
