import { z } from 'zod'
import { signedBatch } from '../../../protocol/data/batch-signed.ts'
import { named, route } from './route.ts'
import { addressView, decimal, hash } from './views.ts'

/** How a batch of held-out questions stands; see node/data/questions. */
export const batchState = z.enum(['asked', 'refused', 'void', 'sealed', 'due', 'open', 'spent', 'lost'])

/** Held-out questions that were put for a Datanet, sealed. */
export const batchView = z.object({
  batch: hash,
  datanet: hash,
  writer: addressView,
  state: batchState,
  /** The version that they judge; null before they are accepted. */
  version: z.int().nullable(),
  /** Weights of the roster that they were sealed to. */
  consent: z.number(),
  against: z.number(),
  total: z.number(),
  spoke: z.array(addressView),
  /** How many, where this daemon can read them. */
  questions: z.int().nullable(),
  /** What this daemon's checks find in one that is asked; null where they find nothing, or cannot read it. */
  fault: z.object({ fault: z.string(), words: z.string(), question: z.int().optional() }).nullable(),
  /** Until when it can be opened (milliseconds since 1970), once its version is anchored. */
  until: z.number().nullable()
})
export type BatchView = z.infer<typeof batchView>

export const questionsView = z.object({
  datanet: hash,
  /** The newest, the last one first. */
  batches: z.array(batchView),
  /** What judges the newest version: how many batches were accepted for it, and how many of them are open. */
  judging: z
    .object({
      version: z.int(),
      batches: z.int(),
      open: z.int(),
      /** Questions by writer, the founder's as null; null while some may still be opened. */
      writers: z.array(z.object({ writer: addressView.nullable(), questions: z.int() })).nullable()
    })
    .nullable()
})
export type QuestionsView = z.infer<typeof questionsView>

const ofBatch = z.strictObject({ batch: hash })

/** Held-out questions in sealed batches. */
export const questionsRoutes = {
  questions: route({
    method: 'GET',
    path: '/api/datanets/:id/questions',
    stage: 'datanet',
    summary: 'Its sealed held-out questions, batch by batch, and who wrote those that judge its newest version',
    params: named,
    reply: questionsView
  }),
  putQuestions: route({
    method: 'POST',
    path: '/api/datanets/:id/questions',
    stage: 'datanet',
    summary: 'Put held-out questions on chain, sealed to the validators that sit; this daemon has written them',
    params: named,
    body: z.strictObject({ questions: z.string().min(1).max(65_536) }),
    reply: z.object({ batch: hash, questions: z.int(), transaction: hash })
  }),
  questionSeats: route({
    method: 'GET',
    path: '/api/datanets/:id/questions/seats',
    stage: 'datanet',
    summary: 'Whom a writer without a node seals held-out questions to, and until when what it signs may be brought',
    params: named,
    reply: z.object({
      roster: z.int(),
      /** In the roster's order; `key` 33 bytes, null where this daemon has not learnt it yet. */
      seats: z.array(
        z.object({
          account: addressView,
          key: z
            .string()
            .regex(/^0x[0-9a-f]{66}$/)
            .nullable()
        })
      ),
      /** Chain seconds. */
      deadline: decimal
    })
  }),
  bringQuestions: route({
    method: 'POST',
    path: '/api/datanets/:id/questions/signed',
    stage: 'datanet',
    summary: 'Bring on chain held-out questions that their writer has sealed and signed; this daemon pays the gas',
    params: named,
    body: signedBatch,
    reply: z.object({ batch: hash, transaction: hash })
  }),
  batchQuestions: route({
    method: 'GET',
    path: '/api/datanets/:id/questions/:batch',
    stage: 'datanet',
    summary: 'The questions of a batch: once it is open, or where it was sealed to this validator',
    params: named.extend({ batch: hash }),
    reply: z.object({
      questions: z.array(z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) }))
    })
  }),
  speakOnQuestions: route({
    method: 'POST',
    path: '/api/datanets/:id/questions/word',
    stage: 'datanet',
    summary: "This validator's word on sealed questions: over two thirds of the weight accept them",
    params: named,
    body: ofBatch.extend({ consents: z.boolean() }),
    reply: z.object({ transaction: hash, version: z.int().nullable() })
  }),
  openQuestions: route({
    method: 'POST',
    path: '/api/datanets/:id/questions/open',
    stage: 'datanet',
    summary: 'Show the key of a batch that was sealed to this validator, once its version is anchored',
    params: named,
    body: ofBatch,
    reply: z.object({ transaction: hash })
  })
}
