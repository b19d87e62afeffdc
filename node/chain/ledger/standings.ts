import { z } from 'zod'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'

const small = z.int().min(0)

/** Words against a worker that are kept of one standing: of more the latest. */
export const mostAccusations = 64

/** A scorer's word that answers were not by the weights that were offered. */
export const accusationRecord = z.strictObject({
  scorer: address,
  model: bytes32,
  epoch: small,
  round: small,
  receipts: bytes32,
  transaction: bytes32
})

const foundOutRecord = z.strictObject({
  model: bytes32,
  epoch: small,
  round: small,
  receipts: bytes32,
  taken: amount,
  /** Chain seconds. */
  time: uint(64),
  transaction: bytes32
})
export type FoundOutRecord = z.infer<typeof foundOutRecord>

/** A worker that stands for its answers in a pool, stood there last, or never did and was found out. */
export const standingRecord = z.strictObject({
  pool: bytes32,
  worker: address,
  /** Chain seconds; 0 where it never stood. */
  since: uint(64),
  /** null while it stands; 0 where it never stood. */
  until: uint(64).nullable(),
  accusations: z.array(accusationRecord).max(mostAccusations),
  /** By which answers scorers found it out, and what they took of it; null since it stands there again. */
  foundOut: foundOutRecord.nullable(),
  /** The same, the last time before it stood there again. */
  lostBefore: foundOutRecord.nullable().default(null)
})
export type StandingRecord = z.infer<typeof standingRecord>
