import { addressOfKey, digest, signStatement } from '../protocol/crypto/index.ts'
import type { Network, Signed } from '../protocol/crypto/index.ts'
import { commitmentOf } from '../protocol/data/commitment.ts'
import type { PermitWanted } from '../protocol/data/bond.ts'
import type { CommitmentTerms } from '../protocol/data/commitment.ts'
import type { Hex } from '../protocol/primitives/index.ts'

/** A shard that a daemon has stored for somebody to sign. */
export interface Prepared {
  readonly cid: string
  readonly rows: number
  readonly bytes: number
  readonly salt: Hex
  readonly terms: CommitmentTerms
  readonly permit?: PermitWanted | undefined
}

export interface SignedContribution {
  readonly commitment: Signed<'Commitment'>
  readonly reveal: Signed<'Reveal'>
  readonly permit?: Signed<'Permit'>
}

/**
 * All statements of a contribution, by a key that no daemon has: who was first and by which rules, what it is, and that
 * its bond may be locked.
 */
export function signContribution(
  network: Network,
  datanet: Hex,
  { cid, rows, bytes, salt, terms, permit }: Prepared,
  privateKey: Uint8Array
): SignedContribution {
  const contributor = addressOfKey(privateKey)
  const commitment = commitmentOf({ datanet, contributor, cid, rows, bytes, salt })
  const committed = { datanet, contributor, commitment, ...terms }
  const contribution = digest(network, 'Commitment', committed)
  return {
    commitment: signStatement(network, 'Commitment', committed, privateKey),
    reveal: signStatement(network, 'Reveal', { contribution, cid, rows, bytes, salt }, privateKey),
    ...(permit === undefined
      ? {}
      : { permit: signStatement({ ...network, registry: permit.token }, 'Permit', permit.message, privateKey) })
  }
}
