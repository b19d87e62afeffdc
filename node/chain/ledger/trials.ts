import { z } from 'zod'
import { address, amount, bytes32, signature, uint } from '../../../protocol/primitives/index.ts'

const block = uint(64)
const small = z.int().min(0)

/** What a jury of chance's drawing is asked, and what became of it. Times are chain seconds. */
export const trialRecord = z.strictObject({
  contribution: bytes32,
  datanet: bytes32,
  challenger: address,
  reason: z.string(),
  /** What the roster had decided. */
  accepted: z.boolean(),
  outcome: bytes32,
  deposit: amount,
  drawFrom: uint(64),
  size: small,
  candidates: z.array(address),
  /** Nobody before the draw. */
  jury: z.array(address),
  commitEnds: uint(64),
  revealEnds: uint(64),
  committed: z.array(address),
  votes: z.array(z.strictObject({ juror: address, accept: z.boolean(), outcome: bytes32, salt: bytes32, signature })),
  absent: z.array(address),
  closed: z
    .strictObject({
      decided: z.enum(['nothing', 'rejected', 'accepted']),
      outcome: bytes32,
      returned: amount,
      burnt: amount,
      block
    })
    .nullable(),
  block
})
export type TrialRecord = z.infer<typeof trialRecord>
