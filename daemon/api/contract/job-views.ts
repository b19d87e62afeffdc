import { z } from 'zod'
import { trainingCurve } from '../../../protocol/jobs/curve.ts'
import { addressView, decimal, hash } from './views.ts'

// What ModelFactory shows besides jobs: bases, curves, tests, and what each part adds.

/** What of a cancelled job was paid for, came back, and comes back when its worker agrees or the deadline is over. */
export const cancelledView = z.object({
  id: hash,
  state: z.string(),
  paid: decimal,
  refunded: decimal,
  waiting: decimal,
  deadline: z.int()
})
export type CancelledView = z.infer<typeof cancelledView>

/** Bytes of memory, estimated, and whether this machine has them. */
const need = z.object({ bytes: z.int(), fits: z.boolean() })

/** What a model folder holds and takes, read from its headers. */
export const inspectionView = z.object({
  architecture: z.string(),
  parameters: z.int(),
  layers: z.int(),
  hidden: z.int(),
  vocabulary: z.int(),
  context: z.int(),
  storedAs: z.string(),
  needs: z.object({ serve: need, serveInt4: need, tuneLora: need, tuneQlora: need, tuneFull: need })
})
export type InspectionView = z.infer<typeof inspectionView>

export const baseView = z.object({
  cid: z.string(),
  /** What it was registered as, or comes with; null where nobody has named it. */
  name: z.string().nullable(),
  /** Comes with Tilth, and is published by the first job on it. */
  bundled: z.boolean(),
  /** On this machine's disk. */
  here: z.boolean(),
  bytes: z.int().nullable(),
  /** null where it is not here, or cannot be read. */
  inspection: inspectionView.nullable(),
  /** Models known here that were tuned from it. */
  tuned: z.int()
})
export type BaseView = z.infer<typeof baseView>

export const curvesView = z.object({
  awards: z.array(z.object({ award: hash, worker: addressView, curve: trainingCurve })).readonly()
})
export type CurvesView = z.infer<typeof curvesView>

/** A row that a job's base could not learn, and why, as a code and in words. */
export const untrainedView = z.object({ contribution: hash, row: z.int(), code: z.string(), reason: z.string() })
export type UntrainedView = z.infer<typeof untrainedView>

export const testRequest = z.strictObject({
  /** Own questions. */
  prompts: z.array(z.string().min(1).max(8000)).max(20).default([]),
  /** So many of the Datanet's held-out questions, the first. */
  heldOut: z.int().min(0).max(100).default(0),
  maxTokens: z.int().min(1).max(512).default(64)
})
const testAnswer = z.object({
  text: z.string(),
  /** Equal to what the question's author answered but for case, blanks and a final full stop; of own questions null. */
  exact: z.boolean().nullable(),
  /** Mean loss per token of the author's answer; null where there is none. */
  loss: z.number().nullable()
})
/** A question with both answers, then the totals; `error` ends a test that cannot go on. */
export const testEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begin'), questions: z.int() }),
  z.object({
    kind: z.literal('answered'),
    question: z.int(),
    prompt: z.string(),
    expected: z.string().nullable(),
    base: testAnswer,
    tuned: testAnswer
  }),
  z.object({ kind: z.literal('done'), questions: z.int() }),
  z.object({ kind: z.literal('error'), code: z.string(), message: z.string(), help: z.string().optional() })
])
export type TestEvent = z.infer<typeof testEvent>

/** What a contributor's rows add, mean over the held-out questions in 1e-6 of an answer's logarithmic probability. */
export const contributorPartView = z.object({
  account: addressView,
  value: decimal,
  /** Of what everybody adds together, in thousandths; 0 for who adds nothing or takes away. */
  share: z.int(),
  questions: z.int()
})
export type ContributorPartView = z.infer<typeof contributorPartView>
