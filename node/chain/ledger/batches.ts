import { z } from 'zod'
import { address, bytes32, uint } from '../../../protocol/primitives/index.ts'

const block = uint(64)
const small = z.int().min(0)

/** Held-out questions that were put sealed, and what became of them. */
export const batchRecord = z.strictObject({
  id: bytes32,
  datanet: bytes32,
  writer: address,
  /** Number of the roster that they are sealed to, and that is asked. */
  roster: small,
  keyHash: bytes32,
  /** Encrypted, and their key as it is sealed to each of the roster, one after another. */
  questions: z.string(),
  keys: z.string(),
  consent: uint(128),
  against: uint(128),
  spoke: z.array(address).max(100),
  /** The version that they judge, and the block in which they were accepted. */
  accepted: z.strictObject({ version: small, block }).nullable(),
  key: bytes32.nullable(),
  block,
  place: z.string()
})
export type BatchRecord = z.infer<typeof batchRecord>

/** A version that batches judge: how many, and until when they can be opened, in chain seconds; `block` anchored it. */
export const dueRecord = z.strictObject({ batches: small, until: uint(64), block })
export type DueRecord = z.infer<typeof dueRecord>
