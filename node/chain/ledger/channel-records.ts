import { z } from 'zod'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'

const block = uint(64)

/** Blocks that changed a deposit and are remembered: more than a node waits for until it relies on one. */
export const mostDeposits = 257

export const channelRecord = z.strictObject({
  id: bytes32,
  client: address,
  worker: address,
  model: bytes32,
  deposit: amount,
  claimed: amount,
  /** What of it went into the pool of its model's Datanet. */
  data: amount,
  expiry: uint(64),
  closesAt: uint(64),
  closed: z.boolean(),
  /** Of its opening. */
  block,
  /** What the deposit came to at the last blocks that changed it, the opening's first. */
  deposits: z.array(z.strictObject({ block, deposit: amount })).max(mostDeposits)
})
export type ChannelRecord = z.infer<typeof channelRecord>

/** One claim of a channel whose model has a pool: all that it has paid out with it, and what of that the pool got. */
export const channelClaimRecord = z.strictObject({ claimed: amount, data: amount, block })
export type ChannelClaimRecord = z.infer<typeof channelClaimRecord>
