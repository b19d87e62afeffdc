import { z } from 'zod'
import { requireSigner, signedSchema } from '../crypto/index.ts'
import type { Network, Signed } from '../crypto/index.ts'
import { contentHash } from '../primitives/canonical.ts'
import { bytes32 } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { mostReason } from './because.ts'
import { DataError } from './errors.ts'
import { mostVotes } from './types.ts'
import type { DatanetRules } from './types.ts'
import { checkVoter, isQuorum } from './votes.ts'

// What was accepted leaves again: its contributor withdraws it, or validators take it down. Either stands for ever and
// adds to what is known, so that in whatever order it is heard everybody finds the same. Commitment, certificate and
// hashes stay: what left cannot be brought in again as somebody else's.

/** What content may be taken down for. */
export const takeDownCodes = {
  unlawful: 'it may not be given to others by law',
  'personal-data': 'it tells of somebody what that person did not give',
  licence: "it is not its contributor's to give under this licence",
  harmful: 'it was made to do harm',
  spam: 'it was never meant to teach anything'
} as const
export type TakeDownCode = keyof typeof takeDownCodes

/** Why a validator wants it gone, told beside its word, which signs the hash. */
export const grounds = z.strictObject({
  code: z.enum(Object.keys(takeDownCodes) as [TakeDownCode, ...TakeDownCode[]]),
  text: z.string().max(mostReason),
  nonce: bytes32
})
export type Grounds = z.infer<typeof grounds>
export const groundsHash = (why: Grounds): Hex => contentHash(why)

/** A validator's word for a take-down. */
export const takeDownWord = z.strictObject({ statement: signedSchema('TakeDown'), grounds })
export type TakeDownWord = z.infer<typeof takeDownWord>

/** What is known of the removal of one contribution. `down`: a quorum of one roster has asked for it. */
export const removalRecord = z.strictObject({
  withdrawal: signedSchema('Withdrawal').optional(),
  /** One for each validator of a roster. */
  words: z.array(takeDownWord).max(mostVotes * 4),
  down: z.boolean()
})
export type RemovalRecord = z.infer<typeof removalRecord>
export const noRemoval: RemovalRecord = { words: [], down: false }

/** Whether, and by whom, it has left: a take-down hides more than a withdrawal. */
export type Removed = 'withdrawn' | 'taken-down'
export const removedBy = (record: RemovalRecord | undefined): Removed | undefined =>
  record === undefined
    ? undefined
    : record.down
      ? 'taken-down'
      : record.withdrawal === undefined
        ? undefined
        : 'withdrawn'

export const removedInWords = {
  withdrawn: 'its contributor took it back: it is in no version that is anchored from now on',
  'taken-down': 'validators took it down: it is shown to nobody and in no version from now on'
} as const satisfies Record<Removed, string>

/** Whether its latest version holds nothing that is still there, and nothing waits for the next. */
export const isEmptied = ({
  accepted,
  left,
  latestVersion
}: {
  readonly accepted: number
  readonly left: number | null
  readonly latestVersion: number
}): boolean => accepted === 0 && (left ?? 0) > 0 && latestVersion > 0
/** Of a Datanet all of whose accepted contributions have left: what its latest version is still there for. */
export const emptiedInWords = (version: number): string =>
  `everything that was accepted has left: version ${version} stands for what was made of it, and for nothing new`
/** The chain takes no version of nothing, so that there is none to follow it yet. */
export const emptiedHelp =
  'The chain takes no empty version. Once something else is accepted, its host anchors that with ' +
  'tilth datanet anchor NAME, and what has left is not in it.'

/**
 * [reject] A withdrawal is signed by whom it names.
 * @throws InvalidError `signature.mismatch`
 */
export function checkWithdrawal(network: Network, statement: Signed<'Withdrawal'>): void {
  requireSigner(network, statement, statement.message.contributor)
}

/**
 * [reject] A word for a take-down is signed by whom it names, and its grounds are those that were signed.
 * @throws InvalidError `signature.mismatch` · DataError `removal.grounds`
 */
export function checkTakeDown(network: Network, { statement, grounds: why }: TakeDownWord): void {
  requireSigner(network, statement, statement.message.validator)
  if (groundsHash(why) !== statement.message.grounds)
    throw new DataError('removal.grounds', 'the grounds beside the word are not those that were signed with it')
}

/**
 * The same with a withdrawal heard.
 * @param contributor of the contribution, from the chain @throws DataError `removal.not-author`
 */
export function withdrawn(
  record: RemovalRecord,
  statement: Signed<'Withdrawal'>,
  contributor: Address
): RemovalRecord | undefined {
  // [reject] Only who brought it in takes it back: a contribution's id is the hash of who that is.
  if (statement.message.contributor !== contributor)
    throw new DataError('removal.not-author', 'a contribution is withdrawn by its contributor alone')
  return record.withdrawal === undefined ? { ...record, withdrawal: statement } : undefined
}

/**
 * The same with a validator's word heard; undefined where it was known.
 * @param roster the one that the word names @throws DataError `vote.not-validator`
 */
export function spokenAgainst(
  record: RemovalRecord,
  word: TakeDownWord,
  roster: DatanetRules['validators']
): RemovalRecord | undefined {
  const { validator, roster: number } = word.statement.message
  checkVoter(roster, validator)
  const isOf = ({ statement: { message } }: TakeDownWord): boolean => message.roster === number
  if (record.words.some(one => isOf(one) && one.statement.message.validator === validator)) return undefined
  if (record.words.length >= mostVotes * 4) return undefined
  const words = [...record.words, word]
  const sayers = words.filter(isOf).map(({ statement }) => statement.message.validator)
  // A quorum of one roster, as for everything that cannot be undone.
  return { ...record, words, down: record.down || isQuorum(roster, sayers) }
}
