import { z } from 'zod'
import type { Message } from '../crypto/index.ts'
import { contentHash } from '../primitives/canonical.ts'
import { bytes32 } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import { DataError } from './errors.ts'

/** Characters of a reason. */
export const mostReason = 500

/**
 * Why a validator voted as it did, told beside its vote. A vote has no field for it; its salt is this one's hash, so
 * that the reason is committed and signed with the vote, and nobody else can put words beside it.
 */
export const because = z.strictObject({ reason: z.string().min(1).max(mostReason), nonce: bytes32 })
export type Because = z.infer<typeof because>

export const saltOf = (why: Because): Hex => contentHash(why)

/** [reject] What is told as a vote's reason is what its validator signed. @throws DataError `vote.reason` */
export function checkBecause({ salt }: Pick<Message<'Vote'>, 'salt'>, why: Because | undefined): void {
  if (why !== undefined && saltOf(why) !== salt)
    throw new DataError('vote.reason', 'the reason beside the vote is not the one that was signed with it')
}
