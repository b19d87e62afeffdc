import { z } from 'zod'
import type { Signed } from '../crypto/index.ts'
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

/** Of these votes the one that was signed with this reason. */
export const signedWith = <T extends Pick<Signed<'Vote'>, 'message'>>(
  votes: readonly T[],
  why: Because
): T | undefined => votes.find(({ message }) => message.salt === saltOf(why))

/**
 * [reject] What is told as the reason of one of these votes is what its validator signed.
 * @throws DataError `vote.reason`
 */
export function checkBecause(votes: readonly Pick<Signed<'Vote'>, 'message'>[], whys: readonly Because[]): void {
  if (whys.some(why => signedWith(votes, why) === undefined))
    throw new DataError('vote.reason', 'the reason beside the vote is not the one that was signed with it')
}
