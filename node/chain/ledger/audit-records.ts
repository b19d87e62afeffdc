import { z } from 'zod'
import { auditorWords } from '../../../protocol/contracts/index.ts'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'

const block = uint(64)
const small = z.int().min(0)

/** One round of an audit: whom chance has drawn, and what each has said. */
const auditRound = z.strictObject({
  number: small,
  /** Block whose hash draws. */
  drawFrom: uint(64),
  /** null before the draw. */
  seed: bytes32.nullable(),
  panel: z.array(address).max(9),
  /** Chain seconds; 0 before the draw. */
  until: uint(64),
  /** Segments that are paid for, and what one run of one is paid with. */
  segments: small,
  fee: amount,
  words: z
    .array(
      z.strictObject({
        auditor: address,
        word: z.enum(auditorWords),
        subject: bytes32,
        runs: small,
        missing: small,
        at: uint(64)
      })
    )
    .max(9),
  /** Whose words the roster has struck, whole or in what they say was not given; each may come before its word. */
  strikes: z.array(z.strictObject({ auditor: address, whole: z.boolean(), at: uint(64) })).max(18),
  /** What its auditors were paid when it was closed. */
  paid: z.array(z.strictObject({ auditor: address, amount })).max(9),
  /** Who said nothing in time, and has paid for it. */
  absent: z.array(address).max(9),
  /** A validator holds somebody's word for false, so that others look. */
  doubted: z.boolean(),
  closed: z.boolean()
})
export type AuditRound = z.infer<typeof auditRound>

/** The audit of a job's trainings: opened by the first registration that names the job. */
export const auditRecord = z.strictObject({
  id: bytes32,
  model: bytes32,
  pool: bytes32,
  bond: amount,
  /** A third of the words were against it: it is opened no more. */
  refused: z.boolean(),
  /** As many as the contract allows. */
  rounds: z.array(auditRound).max(8),
  block,
  place: z.string()
})
export type AuditRecord = z.infer<typeof auditRecord>
