import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import { bytes32, signature } from '../primitives/hex.ts'
import { heldOutPoint, mostHeldOut } from './curve.ts'
import { awardDocument, tuneJobDocument } from './types.ts'

/** Topic `tilth/jobs/1`. All of it is signed by its author and means the same whoever forwards it. */
export const jobMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('job'), job: tuneJobDocument }),
  z.strictObject({ kind: z.literal('bid'), bid: signedSchema('Bid') }),
  z.strictObject({ kind: z.literal('award'), award: awardDocument }),
  z.strictObject({ kind: z.literal('delivery'), delivery: signedSchema('Delivery') }),
  z.strictObject({ kind: z.literal('closed'), closed: signedSchema('JobClosed') })
])
export type JobMessage = z.infer<typeof jobMessage>

/** What a worker is doing with an award; repeated as a sign of life. */
export const workStage = z.enum(['queued', 'fetching', 'training', 'publishing'])
export type WorkStage = z.infer<typeof workStage>

/**
 * Frames of `/tilth/jobs/progress/1`, which the worker opens to the builder for one award and opens again whenever it
 * broke. Worker: attach, then signs of life and progress, then the delivery, once it stands on chain, or why it gave
 * up; after `superseded`, where it has delivered nothing, its consent to the refund (a `Release` of 0).
 */
export const workerReport = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('attach'), award: bytes32 }),
  z.strictObject({ kind: z.literal('alive'), stage: workStage }),
  z.strictObject({
    kind: z.literal('progress'),
    step: z.int().min(0),
    steps: z.int().min(0),
    tokensPerSecond: z.number().min(0),
    secondsLeft: z.number().min(0),
    /** Which sibling of the lot. */
    adapter: z.int().min(0).max(4096).optional(),
    /** Losses of the steps since the last report. */
    losses: z.array(z.number()).max(4096),
    /** Learning rate of the last of them. */
    lr: z.number().min(0).optional(),
    /** Losses on held-out questions, by the step after which they were measured, that were not reported yet. */
    heldOut: z.array(heldOutPoint).max(mostHeldOut).optional()
  }),
  z.strictObject({ kind: z.literal('delivery'), delivery: signedSchema('Delivery') }),
  z.strictObject({ kind: z.literal('failed'), code: z.string().max(60) }),
  z.strictObject({ kind: z.literal('consent'), signature })
])
export type WorkerReport = z.infer<typeof workerReport>

/**
 * The builder's side: where the award stands for it. `paused`: the training waits at its checkpoint until `current`,
 * and signs of life go on. `delivered` says the delivery is on its disk; `closed` that the money is released.
 */
export const awardStatus = z.strictObject({
  kind: z.literal('status'),
  state: z.enum(['current', 'paused', 'delivered', 'closed', 'superseded'])
})
export type AwardStatus = z.infer<typeof awardStatus>
