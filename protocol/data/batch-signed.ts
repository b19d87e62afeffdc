import { z } from 'zod'
import { requireSigner, signedSchema } from '../crypto/index.ts'
import type { Message, Network } from '../crypto/index.ts'
import { keccak } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { mostBatchBytes, sealBatch, sealedKeyBytes } from './batch.ts'
import type { SealedBatch } from './batch.ts'
import { readersFrom } from './private.ts'
import type { SaidReader } from './private.ts'

// A batch of held-out questions that somebody else brings on chain, whose writer has no gas: it was sealed where it was
// written, and its writer has signed for every byte (HeldOutBatches.putBatchFor). Whoever brings it reads nothing,
// unless its writer knows from that one alone who sits: then it may have been sealed to accounts of the bringer's own.

/** Longest that a signed one may be brought, in seconds: a relayer that is away for a day, and no more. */
export const longestToBring = 86_400n
/** Seats of a roster; the contract's own bound. */
const mostSeats = 100

const hexOf = (most: number) =>
  z
    .string()
    .max(2 + 2 * most)
    .regex(/^0x(?:[0-9a-f]{2})+$/)
    .transform(text => text as Hex)

export const signedBatch = z.strictObject({
  statement: signedSchema('Questions'),
  questions: hexOf(mostBatchBytes),
  keys: hexOf(mostSeats * sealedKeyBytes)
})
export type SignedBatch = z.output<typeof signedBatch>

/** What a writer signs for a batch that was sealed to a roster, until so many seconds of the chain. */
export const toBring = (
  { datanet, writer, keyHash, questions, keys }: SealedBatch,
  roster: number,
  deadline: bigint
): Message<'Questions'> => ({
  datanet,
  writer,
  roster,
  keyHash,
  questions: keccak(fromHex(questions)),
  keys: keccak(fromHex(keys)),
  deadline
})

/** Whom a node says that a Datanet's questions are sealed to: it need not be believed about their keys. */
export interface SaidSeats {
  readonly roster: number
  readonly seats: readonly SaidReader[]
  /** Until when what is signed may be brought, in chain seconds. */
  readonly deadline: bigint
}

/**
 * Seals questions where they are written, for their writer to sign.
 * @param members accounts that sit, as its writer has read them, in their order
 * @param with `key` 32 random bytes, never used again; `nonce` 24; `now` in seconds
 * @throws InvalidError `keys.account`, `keys.readers`, `batch.roster`, `batch.late`, and as sealBatch
 */
export function sealToSeats(
  of: Pick<SealedBatch, 'datanet' | 'writer'>,
  file: Uint8Array,
  { roster, seats, deadline }: SaidSeats,
  members: readonly Address[],
  { key, nonce, now }: { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly now: bigint }
): { readonly message: Message<'Questions'>; readonly questions: Hex; readonly keys: Hex } {
  // [reject] They are sealed to those that sit, all of them, and to nobody else.
  if (seats.length !== members.length || seats.some(({ account }, i) => account !== members[i]))
    throw new InvalidError('batch.roster', 'the daemon names others than the validators that sit', {
      help: 'Nothing was sealed. Try again, or by another daemon.'
    })
  // [reject] Nobody can bring them whenever it suits.
  if (deadline > now + longestToBring)
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
  const validators = readers.map(({ account, key: sealingKey }) => ({ address: account, sealingKey }))
  const made = sealBatch(of, file, { key, nonce, validators })
  return { message: toBring({ ...of, ...made }, roster, deadline), questions: made.questions, keys: made.keys }
}

/** What the chain has of the Datanet that a batch is for. */
export interface BringContext {
  readonly network: Network
  readonly datanet: Hex
  /** Number of the roster that sits, and its seats. */
  readonly roster: number
  readonly seats: number
  /** Chain seconds. */
  readonly now: bigint
}

/**
 * Whether what somebody asks to be brought would be taken by the contract: what would fail there costs whoever brings
 * it gas.
 * @throws InvalidError `batch.signed`, `batch.roster`, `batch.late`, `signature.mismatch`
 */
export function checkSignedBatch({ statement, questions, keys }: SignedBatch, context: BringContext): void {
  const { message } = statement
  const wrong = (what: string): InvalidError => new InvalidError('batch.signed', what, { help: 'Nothing was sent.' })
  // [reject] It is of this Datanet.
  if (message.datanet !== context.datanet) throw wrong('it was signed for another Datanet')
  // [reject] It is signed by its writer, for these very bytes.
  if (message.questions !== keccak(fromHex(questions)) || message.keys !== keccak(fromHex(keys)))
    throw wrong('other questions or keys were signed for')
  requireSigner(context.network, statement, message.writer)
  // [reject] It is sealed to each seat of the roster that sits.
  if (message.roster !== context.roster || fromHex(keys).length !== context.seats * sealedKeyBytes)
    throw new InvalidError('batch.roster', `it is sealed to other validators than roster ${context.roster}`, {
      help: 'Seal it anew to those that sit now.'
    })
  // [reject] It may be brought still, and not for ever: a relayer keeps nobody's questions until it suits it.
  if (message.deadline < context.now || message.deadline > context.now + longestToBring)
    throw new InvalidError('batch.late', 'it may not be brought by now, or for longer than a day', {
      help: 'Sign it anew.'
    })
}
