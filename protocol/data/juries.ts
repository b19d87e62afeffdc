import { signerOf } from '../crypto/index.ts'
import type { Network, Signed } from '../crypto/index.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { DataError } from './errors.ts'
import type { Certificate, DatanetRules } from './types.ts'
import { isQuorum, saidBy } from './votes.ts'

// A decision that somebody challenged: a jury, larger than the roster and drawn by chance, decides once more. Who was
// drawn, what each says and what comes of it stands on chain (`Juries.sol`), so everybody finds the same, whatever else
// was heard before or is heard after. Its word is final.

/** How long after its commitment a decision can be challenged; the contract's `WINDOW`. */
export const challengeMs = 30 * 86_400_000
/** Bytes of a challenger's reason; the contract's `MAX_REASON`. */
export const mostChallengeReason = 1_000

/** A juror's vote as the chain tells it. */
export interface JurorVote {
  readonly juror: Address
  readonly accept: boolean
  readonly outcome: Hex
  readonly salt: Hex
  readonly signature: Hex
}

/** What a jury has decided, as the chain tells it. */
export interface JuryWord {
  readonly contribution: Hex
  readonly jury: readonly Address[]
  readonly votes: readonly JurorVote[]
  readonly accept: boolean
  /** Of an acceptance. */
  readonly outcome: Hex
  /** In which it was closed. */
  readonly block: bigint
}

/** Jurors count for one each. */
export const juryRoster = (jury: readonly Address[]): DatanetRules['validators'] =>
  jury.map(address => ({ address, weight: 1 }))

/** The votes of a jury's word, as the certificate that stands where the roster's would. */
export function juryCertificate({ accept, contribution, outcome, votes }: JuryWord): Certificate {
  const meant = votes
    .map(({ juror: validator, signature, ...said }): Signed<'Vote'> => ({
      type: 'Vote',
      message: { contribution, validator, ...said },
      signature
    }))
    .filter(({ message }) => saidBy(message) === accept && (!accept || message.outcome === outcome))
    .sort((a, b) => (a.message.validator < b.message.validator ? -1 : 1))
  return { contribution, accept, outcome: meant[0]?.message.outcome ?? outcome, votes: meant }
}

/**
 * Whether a certificate is a jury's: more than two thirds of it, on either side.
 * @throws DataError `certificate.votes`, `certificate.quorum` · InvalidError `signature.mismatch`
 */
export function checkJuryCertificate(network: Network, jury: readonly Address[], certificate: Certificate): void {
  const { accept, contribution, outcome, votes } = certificate
  const roster = juryRoster(jury)
  const seen = new Set<Address>()
  for (const vote of votes) {
    const { message } = vote
    // [reject] Every vote is a juror's, each once, on this contribution, and says what the certificate says.
    const isMeant =
      message.contribution === contribution &&
      saidBy(message) === accept &&
      (!accept || message.outcome === outcome) &&
      jury.includes(message.validator) &&
      !seen.has(message.validator)
    if (!isMeant)
      throw new DataError('certificate.votes', "a vote in the certificate is no juror's, or on something else")
    seen.add(message.validator)
    if (signerOf(network, vote) !== message.validator)
      throw new InvalidError('signature.mismatch', `a vote is not signed by ${message.validator}`)
  }
  // [reject] More than two thirds of the jury.
  if (!isQuorum(roster, seen))
    throw new DataError('certificate.quorum', `${seen.size} of ${jury.length} jurors are no quorum`)
}
