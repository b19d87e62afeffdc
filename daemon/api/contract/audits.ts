import { z } from 'zod'
import { splitParts } from '../../../protocol/primitives/split.ts'
import { hash } from './hash.ts'

/**
 * unaudited: nobody asks for one · passed: its model is admitted · struck: it was, by words that were false · refused,
 * other: it never is · else it waits.
 */
const auditState = z.enum([
  'unaudited',
  'unopened',
  'undrawn',
  'running',
  'nobody',
  'lapsed',
  'passed',
  'struck',
  'refused',
  'other'
])

/** How the audit of a model's trainings stands: what was drawn of them, and what its auditors have said on chain. */
const auditView = z.object({
  /** Segments that its Datanet's rules ask for; 0 for none. */
  asked: z.int(),
  state: auditState,
  /** The same in words: what it waits for, or why it is never admitted. */
  why: z.string(),
  /** Its id on chain; null where none was opened. */
  audit: hash.nullable(),
  rounds: z.int(),
  /** Of the round that passed, or the last one. */
  round: z.int().optional(),
  seed: hash.optional(),
  panel: z.array(z.string()),
  /** Seconds since 1970. */
  until: z.int().optional(),
  /** What its builder has put in for auditors of that round, and who has what of it. */
  pay: z
    .object({
      /** Segments that are paid for, three runs of each. */
      segments: z.int(),
      /** For one run of one segment, in the token's smallest unit. */
      fee: z.string(),
      /** It is over and paid; else this is what would be paid as the words stand. */
      closed: z.boolean(),
      paid: z.array(z.object({ auditor: z.string(), amount: z.string() })),
      /** Who said nothing in time, and has lost a tenth of the least stake and its seat. */
      absent: z.array(z.string())
    })
    .optional(),
  segments: z.array(
    z.object({
      /** Place of its adapter among the coalitions; the last one is deployed. */
      coalition: z.int(),
      segment: z.int(),
      worker: z.string(),
      auditors: z.array(z.string()),
      agreed: z.array(z.string()),
      disagreed: z.array(z.string())
    })
  )
})

export const modelAudit = {
  /** How the audit of its trainings stands; of one model alone, where its papers are at hand. */
  audit: auditView.optional()
}

/** A node's own models whose answers do not count, where there are any. */
export const ownModels = {
  /** Their data have less of their fees than their Datanets ask for. */
  unweighed: z.array(z.object({ id: hash, name: z.string(), split: splitParts, leastDataShare: z.int() })).optional(),
  /** Their trainings were not seen to agree yet, or never: what each waits for. */
  unaudited: z.array(z.object({ id: hash, name: z.string(), state: auditState, why: z.string() })).optional(),
  /** Its own answers that drawn scorers found to be by other weights than it offered, and what stake they took. */
  foundOut: z
    .array(z.object({ datanet: hash, model: hash, epoch: z.int(), taken: z.string(), transaction: hash }))
    .optional()
}
