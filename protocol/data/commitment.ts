import { z } from 'zod'
import { digest, requireSigner, signedSchema } from '../crypto/index.ts'
import type { Message, Network, Signed } from '../crypto/index.ts'
import { contentHash } from '../primitives/canonical.ts'
import { cidText } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import type { BondTerms } from './bond.ts'
import { DataError } from './errors.ts'
import { saltOfKeys, sealedKeys } from './sealed-keys.ts'
import type { SealedKeys } from './sealed-keys.ts'

/** A contributor's two statements together: what a peer gets to see when the shard is revealed. */
export const contributionStatements = z.strictObject({
  commitment: signedSchema('Commitment'),
  reveal: signedSchema('Reveal'),
  /** Of a private Datanet's: the key to the shard, sealed to those who vote. It goes when what it opens goes. */
  sealed: sealedKeys.optional()
})
export interface ContributionStatements {
  readonly commitment: Signed<'Commitment'>
  readonly reveal: Signed<'Reveal'>
  readonly sealed?: SealedKeys | undefined
}

/** What a contributor agrees to with a commitment: the rules it is made under, by hash, and by when it is brought. */
export interface CommitmentTerms extends BondTerms {
  readonly rules: Hex
  /** Chain seconds. */
  readonly deadline: bigint
}

/**
 * What a contributor commits to before anybody can see it. Author and Datanet are in it, so that nobody can commit
 * another's
 * hash as their own and reveal it with the other's content.
 */
export function commitmentOf(
  content: { datanet: Hex; contributor: Address } & Omit<Message<'Reveal'>, 'contribution'>
): Hex {
  const { datanet, contributor, cid, rows, bytes, salt } = content
  return contentHash({ datanet, contributor, cid, rows, bytes, salt })
}

/**
 * Whether the two statements are one author's and belong together.
 * @throws InvalidError `signature.mismatch` · DataError `commitment.mismatch`, `reveal.cid`, `reveal.sealed`
 */
export function checkStatements(network: Network, { commitment, reveal, sealed }: ContributionStatements): Hex {
  const { datanet, contributor } = commitment.message
  const id = digest(network, 'Commitment', commitment.message)
  // [reject] A contribution is committed and revealed by one account: its contributor.
  requireSigner(network, commitment, contributor)
  requireSigner(network, reveal, contributor)
  // [reject] A reveal belongs to its commitment, and opens it.
  const { contribution, ...content } = reveal.message
  if (contribution !== id || commitmentOf({ datanet, contributor, ...content }) !== commitment.message.commitment) {
    throw new DataError('commitment.mismatch', 'the reveal does not open the commitment')
  }
  // [reject] A shard is named by a CID.
  if (!cidText.safeParse(content.cid).success) throw new DataError('reveal.cid', 'the reveal names no CID')
  // [reject] Keys beside it are those that its contributor signed for.
  if (sealed !== undefined && saltOfKeys(sealed) !== content.salt)
    throw new DataError('reveal.sealed', 'the sealed keys are not those that were signed with the reveal')
  return id
}
