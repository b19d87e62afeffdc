import { signStatement } from '../protocol/crypto/index.ts'
import type { Network } from '../protocol/crypto/index.ts'
import { longestToBring, readersFrom, sealBatch, toBring, writersKey } from '../protocol/data/index.ts'
import type { SaidReader, SignedBatch } from '../protocol/data/index.ts'
import { InvalidError } from '../protocol/primitives/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'

/** Whom a daemon says that a Datanet's questions are sealed to: it need not be believed about their keys. */
export interface SaidSeats {
  readonly roster: number
  readonly seats: readonly SaidReader[]
  readonly deadline: bigint
}

/**
 * Seals and signs held-out questions by a key that no daemon has: whoever brings them reads nothing.
 * @param members accounts that sit, as the Datanet's page has them, in their order
 * @throws InvalidError `keys.account`, `keys.readers`, `batch.roster`, `batch.late`, and as sealBatch
 */
export function signQuestions(
  network: Network,
  datanet: Hex,
  file: Uint8Array,
  { roster, seats, deadline }: SaidSeats,
  members: readonly Address[],
  { address: writer, privateKey }: { readonly address: Address; readonly privateKey: Uint8Array }
): SignedBatch {
  // [reject] They are sealed to those that sit, all of them, and to nobody else.
  if (seats.length !== members.length || seats.some(({ account }, i) => account !== members[i]))
    throw new InvalidError('batch.roster', 'the daemon names others than the validators that sit', {
      help: 'Nothing was sealed. Try again, or by another daemon.'
    })
  // [reject] Nobody can bring them whenever it suits.
  if (deadline > BigInt(Math.floor(Date.now() / 1000)) + longestToBring)
    throw new InvalidError('batch.late', 'the daemon wants to bring them later than in a day', {
      help: 'Nothing was signed.'
    })
  const readers = readersFrom(
    seats,
    members.map(address => ({ address, weight: 1 }))
  )
  if (readers.length !== members.length)
    throw new InvalidError('keys.readers', 'the keys of some validators are not known there', {
      consequence: 'retry',
      help: 'Their nodes have to be reachable once: try again when they are.'
    })
  const validators = readers.map(({ account, key }) => ({ address: account, sealingKey: key }))
  const nonce = crypto.getRandomValues(new Uint8Array(24))
  const key = writersKey(privateKey, datanet, nonce)
  const made = sealBatch({ datanet, writer }, file, { key, nonce, validators })
  const message = toBring({ datanet, writer, ...made }, roster, deadline)
  const statement = signStatement(network, 'Questions', message, privateKey)
  return { statement, questions: made.questions, keys: made.keys }
}
