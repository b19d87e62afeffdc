import { z } from 'zod'
import { requireSigner, signedSchema } from '../crypto/index.ts'
import type { Message, Network } from '../crypto/index.ts'
import { keccak } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'
import { mostBatchBytes, sealedKeyBytes } from './batch.ts'
import type { SealedBatch } from './batch.ts'

// A batch of held-out questions that somebody else brings on chain, whose writer has no gas: it was sealed where it was
// written, so whoever brings it reads nothing, and its writer has signed for every byte (HeldOutBatches.putBatchFor).

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
