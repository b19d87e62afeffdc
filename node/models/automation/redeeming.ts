import type { WorkerPolicy } from '../deps.ts'

/** What a voucher adds over what was claimed, and until when it can be claimed (chain seconds). */
export interface Unclaimed {
  readonly due: bigint
  readonly expiry: bigint
  /** The client has asked to close. */
  readonly closing: boolean
}

/**
 * Whether a voucher is brought to the chain: above the sum that is worth its gas, and before its channel ends; when it
 * will be at the latest, otherwise (chain seconds).
 */
export function redeemAt(
  policy: Pick<WorkerPolicy, 'redeemAt'>,
  marginSeconds: bigint,
  { due, expiry, closing }: Unclaimed,
  now: bigint
): 'now' | bigint {
  const last = expiry - marginSeconds
  return closing || due >= policy.redeemAt || last <= now ? 'now' : last
}
