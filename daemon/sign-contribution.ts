import { addressOfKey, digest, signStatement } from '../protocol/crypto/index.ts'
import type { Network, Signed } from '../protocol/crypto/index.ts'
import type { SealedKeys } from '../protocol/data/index.ts'
import type { Hex } from '../protocol/primitives/index.ts'

/** A shard that a daemon has stored for somebody to sign. */
export interface Prepared {
  readonly cid: string
  readonly rows: number
  readonly bytes: number
  readonly salt: Hex
  readonly commitment: Hex
  /** Of a private Datanet's. */
  readonly sealed?: SealedKeys
}

/** Both statements of a contribution, by a key that no daemon has: who was first, then what it is. */
export function signContribution(
  network: Network,
  datanet: Hex,
  { cid, rows, bytes, salt, commitment, sealed }: Prepared,
  privateKey: Uint8Array
): { commitment: Signed<'Commitment'>; reveal: Signed<'Reveal'>; sealed?: SealedKeys } {
  const committed = { datanet, contributor: addressOfKey(privateKey), commitment }
  const contribution = digest(network, 'Commitment', committed)
  return {
    commitment: signStatement(network, 'Commitment', committed, privateKey),
    reveal: signStatement(network, 'Reveal', { contribution, cid, rows, bytes, salt }, privateKey),
    ...(sealed === undefined ? {} : { sealed })
  }
}
