import { signStatement } from '../protocol/crypto/index.ts'
import type { Network } from '../protocol/crypto/index.ts'
import { sealToSeats, writersKey } from '../protocol/data/index.ts'
import type { SaidSeats, SignedBatch } from '../protocol/data/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'

/**
 * Seals and signs held-out questions by a key that no daemon has. Those that are named as members read them: whoever
 * brings them does not, unless it alone said who they are.
 * @throws as sealToSeats
 */
export function signQuestions(
  network: Network,
  datanet: Hex,
  file: Uint8Array,
  said: SaidSeats,
  members: readonly Address[],
  { address: writer, privateKey }: { readonly address: Address; readonly privateKey: Uint8Array }
): SignedBatch {
  const nonce = crypto.getRandomValues(new Uint8Array(24))
  const key = writersKey(privateKey, datanet, nonce)
  const now = BigInt(Math.floor(Date.now() / 1000))
  const { message, ...sealed } = sealToSeats({ datanet, writer }, file, said, members, { key, nonce, now })
  return { statement: signStatement(network, 'Questions', message, privateKey), ...sealed }
}
