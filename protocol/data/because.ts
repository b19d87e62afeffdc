import { z } from 'zod'
import type { Signed } from '../crypto/index.ts'
import { contentHash } from '../primitives/canonical.ts'
import { bytes32 } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import { ownOf } from '../primitives/own-of.ts'
import { DataError } from './errors.ts'
import { reasonInWords } from './explain.ts'

/** Characters of a reason. */
export const mostReason = 500

/** What a person who votes against something may name as the reason, beside the codes of the checks. */
export const voteCodes = {
  wrong: 'its answers are wrong',
  'off-topic': 'it is about something else than the Datanet',
  copied: 'it stands elsewhere, and its contributor did not make it',
  licence: "it is not its contributor's to give under this licence",
  'personal-data': 'it tells of somebody what that person did not give',
  spam: 'it was never meant to teach anything',
  unclear: 'nobody can tell what it means'
} as const
export type VoteCode = keyof typeof voteCodes
export const voteCodeInWords = (code: string): string => ownOf<string>(voteCodes, code) ?? reasonInWords(code)

/** Why somebody votes so: by a code, in words, or both. */
export const voteReason = z.strictObject({
  /** In its owner's words; none where the code says enough. */
  reason: z.string().max(mostReason),
  /** Of `voteCodes`, or of the checks: validators that vote by themselves tell what they found. */
  code: z
    .string()
    .regex(/^[a-z][a-z-]{0,59}$/)
    .optional()
})
export type VoteReason = z.infer<typeof voteReason>

/**
 * Why a validator voted as it did, told beside its vote. A vote has no field for it; its salt is this one's hash, so
 * that the reason is committed and signed with the vote, and nobody else can put words beside it.
 */
export const because = voteReason
  .extend({ nonce: bytes32 })
  .refine(({ reason, code }) => reason !== '' || code !== undefined, 'a reason has a code, or words')
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
