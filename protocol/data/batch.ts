import { decrypt, encrypt, encryptedBytes, openSealed, sealTo, sealedBytes } from '../crypto/envelope.ts'
import { joinBytes } from '../primitives/bytes.ts'
import { keccak } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex, toHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { parseHeldOut } from './held-out.ts'
import type { HeldOut } from './held-out.ts'
import { printRow } from './row-index.ts'
import { rowRuleBroken } from './row-rules.ts'
import type { RowRuleCode } from './row-rules.ts'
import type { DatanetRules, Row } from './types.ts'

// Held-out questions in a sealed batch (HeldOutBatches.sol): encrypted under a key of their own, which is sealed to
// each sitting validator. What they were encrypted for names Datanet and writer, so bytes that are put again under
// another name do not open. The chain has the key's hash: a ciphertext that opened under two keys would be two files.

/** Bytes of a batch's encrypted questions; the contract's `MAX_QUESTIONS`. */
export const mostBatchBytes = 16_384
/** Questions of one batch, so that no writer's set is larger than what a model is measured on. */
export const mostBatchQuestions = 256
/** The fewest of one batch: what validators look at, pay gas for and have a bounded number of is worth it. */
export const leastBatchQuestions = 8
/** Bytes of a key as it is sealed to one validator; the contract's `SEALED_KEY`. */
export const sealedKeyBytes = sealedBytes + 32

/** Bytes that encrypted questions begin with. */
const nonceBytes = 24

/** Whom a batch is sealed to: an account and the key that seals for it. */
export interface SealTarget {
  readonly address: Address
  readonly sealingKey: Uint8Array
}

/** What the chain has of a batch. */
export interface SealedBatch {
  readonly datanet: Hex
  readonly writer: Address
  readonly keyHash: Hex
  readonly questions: Hex
  readonly keys: Hex
}

const contextOf = ({ datanet, writer }: Pick<SealedBatch, 'datanet' | 'writer'>): string =>
  `tilth held-out 1 ${datanet} ${writer}`

/**
 * The key that seals to a validator follows from the batch's own: so whoever can open a batch can see whether it was
 * sealed to all the others, too, and nobody is left out in silence.
 */
const onceOf = (key: Uint8Array, address: Address): Uint8Array =>
  fromHex(keccak(joinBytes([new TextEncoder().encode('tilth held-out once '), key, fromHex(address)])))

/**
 * The key of a batch that the holder of an account's key writes under a nonce: it can be had again from the chain, so
 * its writer can open it, too, and keeps nothing for it.
 */
export const writersKey = (privateKey: Uint8Array, datanet: Hex, nonce: Uint8Array): Uint8Array =>
  fromHex(keccak(joinBytes([new TextEncoder().encode('tilth held-out key '), privateKey, fromHex(datanet), nonce])))

/** The same of a batch on chain; undefined where it is of another writer. */
export function ownKeyOf({ datanet, keyHash, questions }: SealedBatch, privateKey: Uint8Array): Hex | undefined {
  const key = writersKey(privateKey, datanet, fromHex(questions).subarray(0, nonceBytes))
  return keccak(key) === keyHash ? toHex(key) : undefined
}

/**
 * Seals questions.
 * @param key 32 random bytes, never used again; `nonce` 24 @throws InvalidError `held-out.invalid`, `batch.size`
 */
export function sealBatch(
  of: Pick<SealedBatch, 'datanet' | 'writer'>,
  file: Uint8Array,
  { key, nonce, validators }: { key: Uint8Array; nonce: Uint8Array; validators: readonly SealTarget[] }
): Pick<SealedBatch, 'keyHash' | 'questions' | 'keys'> {
  const questions = parseHeldOut(file).length
  requireSize(questions, file.length + encryptedBytes)
  if (questions < leastBatchQuestions)
    throw new InvalidError('batch.size', `${questions} questions are too few for one batch`, {
      help: `Its validators agree to no batch of fewer than ${leastBatchQuestions} by themselves: write some more.`
    })
  const context = contextOf(of)
  const keys = validators.map(({ address, sealingKey }) => sealTo(sealingKey, onceOf(key, address), key, context))
  return {
    keyHash: keccak(key),
    questions: toHex(encrypt(key, nonce, file, context)),
    keys: toHex(keys.length === 0 ? new Uint8Array() : joinBytes(keys))
  }
}

function requireSize(questions: number, bytes: number): void {
  if (questions <= mostBatchQuestions && bytes <= mostBatchBytes) return
  throw new InvalidError('batch.size', `${questions} questions of ${bytes} bytes are too many for one batch`, {
    help: `A batch has up to ${mostBatchQuestions} questions and ${mostBatchBytes - encryptedBytes} bytes: put several.`
  })
}

/**
 * The key of a batch, by the validator in one seat of its roster.
 * @throws InvalidError `envelope.invalid`, `batch.opens` where what is sealed to it is not the key that the chain has
 */
export function keyOfBatch(batch: SealedBatch, seat: number, privateKey: Uint8Array): Hex {
  const sealed = fromHex(batch.keys).subarray(seat * sealedKeyBytes, (seat + 1) * sealedKeyBytes)
  const key = openSealed(privateKey, sealed, contextOf(batch))
  if (key.length !== 32 || keccak(key) !== batch.keyHash)
    throw new InvalidError('batch.opens', 'what is sealed to this validator is another key than the one on chain')
  return toHex(key)
}

/**
 * The questions of a batch by its key.
 * @throws InvalidError `batch.opens`, `envelope.invalid`, `held-out.invalid`, `batch.size`
 */
export function openBatch(batch: SealedBatch, key: Hex): Row[] {
  if (keccak(fromHex(key)) !== batch.keyHash) throw new InvalidError('batch.opens', 'that key is of another batch')
  const file = decrypt(fromHex(key), fromHex(batch.questions), contextOf(batch))
  const rows = parseHeldOut(file)
  requireSize(rows.length, file.length)
  return rows
}

/** Whether a batch's key was sealed to each of these, in their seats; those whose sealing key is not known pass. */
export function isSealedToAll(batch: SealedBatch, key: Hex, seats: readonly (SealTarget | undefined)[]): boolean {
  const [bytes, context, all] = [fromHex(key), contextOf(batch), fromHex(batch.keys)]
  return seats.every((seat, i) => {
    if (seat === undefined) return true
    const own = sealTo(seat.sealingKey, onceOf(bytes, seat.address), bytes, context)
    return toHex(own) === toHex(all.subarray(i * sealedKeyBytes, (i + 1) * sealedKeyBytes))
  })
}

/** What keeps a batch from being accepted. */
export type BatchFault = 'unsealed' | 'too-few' | 'repeats-itself' | 'repeats-others' | 'answered' | RowRuleCode

/** The same as a person reads it. */
export const batchFaultInWords: Readonly<Record<BatchFault | 'unreadable', string>> = {
  unreadable: 'what it holds is no file of questions',
  unsealed: 'not every validator can open it',
  'too-few': `it has fewer than ${leastBatchQuestions} questions`,
  'repeats-itself': 'it asks something twice',
  'repeats-others': 'most of it is asked by other questions already',
  answered: 'an accepted row asks it',
  'has-system': "it has a system's instructions, which the Datanet does not take",
  'several-turns': 'it has more turns than the Datanet takes',
  'row-too-long': 'it is longer than the Datanet takes'
}

/** What a validator knows of a batch that it has opened. */
export interface BatchCheck {
  readonly rows: readonly Row[]
  readonly rules: Pick<DatanetRules, 'kind' | 'rows'>
  /** Whether each sitting validator can open it. */
  readonly sealedToAll: boolean
  /** The founder's questions, and those of other batches that are not spent. */
  readonly others: HeldOut
  /** Questions of it that accepted rows ask, by their places. */
  readonly answered: ReadonlySet<number>
}

/**
 * What a validator's checks say of a batch: the first fault, with the question (from 1) that has it, or nothing. What
 * they cannot see is whether its answers are true: that is for people.
 */
export function batchFault(check: BatchCheck): { readonly fault: BatchFault; readonly question?: number } | undefined {
  const { rows, rules, sealedToAll, others, answered } = check
  // [reject] Every validator can open it: else some would let rows through that leak it.
  if (!sealedToAll) return { fault: 'unsealed' }
  // [reject] It is worth a place among those that judge one version, of which the chain takes a bounded number.
  if (rows.length < leastBatchQuestions) return { fault: 'too-few' }
  const seen = new Set<string>()
  let repeats = 0
  for (const [i, row] of rows.entries()) {
    const print = printRow(row)
    // [reject] Each question is a row as the Datanet takes it.
    const broken = rowRuleBroken(row, rules)
    if (broken !== undefined) return { fault: broken, question: i + 1 }
    // [reject] No question stands in it twice.
    if (seen.has(print.asked)) return { fault: 'repeats-itself', question: i + 1 }
    seen.add(print.asked)
    // [reject] No accepted row asks it: nobody could say any more whether a model has learnt or remembers it.
    if (answered.has(i)) return { fault: 'answered', question: i + 1 }
    if (others.leaks(print) !== undefined) repeats++
  }
  // [reject] Most of it is new. Two who write without seeing each other may well ask the same now and then: where a
  // set is made, the earlier one counts.
  return repeats * 2 > rows.length ? { fault: 'repeats-others' } : undefined
}
