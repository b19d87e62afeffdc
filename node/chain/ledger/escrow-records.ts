import { z } from 'zod'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'

export const escrowRecord = z.strictObject({
  id: bytes32,
  job: bytes32,
  builder: address,
  worker: address,
  amount,
  deadline: uint(64),
  /** Of the worker, once it has taken the award. */
  deposit: amount,
  state: z.enum(['funded', 'taken', 'delivered', 'refused', 'released', 'refunded', 'burnt']),
  /** Of one that was released to nobody: all of it went back to its builder. */
  unpaid: z.literal(true).optional(),
  block: uint(64)
})
export type EscrowRecord = z.infer<typeof escrowRecord>
